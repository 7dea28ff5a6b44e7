"""The client of a running board: its requests, its telemetry, its text between frames."""

import contextlib
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import cast

from host_tools.errors import (
    AtPrompt,
    BadReply,
    NoReply,
    NotRunning,
    ProtocolMismatch,
    RivuletError,
)
from host_tools.link.actions import PlantAction, decode_action
from host_tools.link.documents import Description, Model, Status
from host_tools.link.event_batches import EventBatch, decode_events
from host_tools.link.push import push_model
from host_tools.link.records import Record, decode_record
from host_tools.link.requester import ONCE, PROMPT, QUICK, SLOW, STARTING, Requester
from host_tools.link.stream import Stream, open_stream
from rivulet import protocol

_SAMPLE_HZ = 20.0
_FASTEST_HZ = 1e6
# Telemetry and events stop by themselves when the host has not renewed them for so long.
_LEASE_MS = 3000
# For how long a board that was sending telemetry may be silent: a stall of the host, a reset.
_STALL_S = 60.0
_FIRST_WITH_KEYS = 2  # protocol


class Board(Requester):
    """A board that runs Rivulet. Raises RivuletError, of the kinds in host_tools.errors.

    port: a serial port, socket://HOST:PORT, or an open stream.
    timeout_scale stretches every time-out, for boards that run slower than real time.
    key: the board's, 32 bytes; every command to a keyed board is authorised with it.
    keyed: refuse a board that says it has no key.
    any_protocol: also talk to a board of another version, which is sure to understand `release`.
    """

    def __init__(
        self,
        port: str | Stream,
        timeout_scale: float = 1.0,
        key: bytes | None = None,
        any_protocol: bool = False,
        keyed: bool = False,
    ) -> None:
        if isinstance(port, str):
            port = open_stream(port, SLOW.repeat_s * timeout_scale)
        super().__init__(port, timeout_scale, key, keyed)
        self.frames_lost = 0
        # The byte from which the last push went on; 0: it began anew.
        self.resumed_at = 0
        # Telemetry that another program asked for may arrive before the description does.
        self.description = cast(Description, {})
        self._records: deque[Record] = deque()
        self._batches: deque[EventBatch] = deque()
        # Of a simulated plant, as they came.
        self.actions: deque[PlantAction] = deque()
        self._last_sequence: int | None = None
        self._rate_hz = 0.0
        self._blocks = 0
        self._renew_at = 0.0
        self._is_collecting = False
        self._stale = False
        self._heard_at = self._now()
        try:
            version = self._hello()
            if version < _FIRST_WITH_KEYS:
                self._key = None
            if not any_protocol:
                self._check_version(version)
                self.describe()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Requests

    def describe(self) -> Description:
        """Read names, units and shapes afresh, and keep them in `description`."""
        self.description = self.document(protocol.DESCRIBE)
        return self.description

    def model(self) -> Model:
        """Return the description of the model that runs. Raises BadReply if there is none."""
        model = self.description["model"]
        if model is None:
            raise BadReply(f"{self.port}: the board says that it runs no model")
        return model

    def status(self) -> Status:
        """Read the status document: hashes, counters, heap."""
        status: Status = self.document(protocol.STATUS)
        return status

    def reset(self) -> None:
        """Set the model's state to zero."""
        self.request(protocol.RESET)

    def release(self) -> None:
        self.request(protocol.RELEASE)

    def push(
        self, data: bytes, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> str:
        """Send a model file; the board verifies it and swaps. Returns what became of the state.

        What an interrupted push of the same file brought is not sent again; `resumed_at` says how
        much that was. Raises Refused if the board refuses; then its old model keeps running.
        """
        self.resumed_at, text = push_model(self, data, progress)
        self._describe_model()
        return text

    def label(self, how: int, body: bytes, known: int) -> int:
        """Label this moment. Returns how many labels were learnt with this one.

        how: protocol.LABEL_KNOWN, LABEL_NEW or LABEL_VALUES; known: how many there were before.
        Raises Refused.
        """
        try:
            return self.request(protocol.LABEL, bytes((how,)) + body, ONCE)[0]
        except NoReply:
            # Sent twice it would be refused.
            labels = self.labels()
            if labels <= known:
                raise
            return labels

    def labels(self) -> int:
        """Return how many labels the outputs of the model rest on."""
        return self.status().get("labels", 0)

    def learnt(self) -> bytes:
        """Return what the model has learnt, as the board keeps it (rivulet/store/learnt.py)."""
        image: bytes = self.document(protocol.ADAPTED)
        return image

    def confirm(self) -> str:
        """Keep the model that is on trial. Returns the board's reply."""
        return self.request(protocol.CONFIRM, b"", SLOW)[1]

    def rollback(self) -> str:
        """Go back to the model before the running one. Returns what became of the state."""
        before = self.status()["model_hash"]
        try:
            _, text = self.request(protocol.ROLLBACK, b"", ONCE)
        except NoReply:
            # Asked twice it would be refused, or go further than it should.
            if self.status()["model_hash"] == before:
                raise
            text = "the reply was lost, the model before is active"
        self._describe_model()
        return text

    # Telemetry

    def subscribe(self, rate_hz: float, blocks: tuple[str, ...] = protocol.BLOCKS) -> None:
        """Ask for telemetry at `rate_hz`; `records` keeps it up. 0 stops it."""
        if not 0.0 <= rate_hz <= _FASTEST_HZ:  # NaN is not either
            raise RivuletError(
                f"telemetry comes 0 to {_FASTEST_HZ:g} times a second: not {rate_hz}"
            )
        mask = 0
        for name in blocks:
            if name not in protocol.BLOCKS:
                known = ", ".join(protocol.BLOCKS)
                raise RivuletError(f"no telemetry block '{name}': there are {known}")
            mask |= 1 << protocol.BLOCKS.index(name)
        self._rate_hz, self._blocks = rate_hz, mask
        self._configure()
        self._renew_at = self._now() + _LEASE_MS / 3000

    def records(self, seconds: float) -> Iterator[Record]:
        """Yield telemetry for so many seconds of host time; renew the subscription meanwhile.

        A board that falls silent is waited for, for a minute. Then raises NoReply.
        """
        for _ in self._listen(seconds):
            while self._records:
                yield self._records.popleft()

    def arrived(self) -> list[Record]:
        """Return the telemetry that has arrived while something else was awaited.

        Keeps the subscription up. Raises NoReply.
        """
        if self._rate_hz and self._now() > self._renew_at:
            self._renew()
        found = list(self._records)
        self._records.clear()
        return found

    def collect(self) -> None:
        """Ask for every event's values; `batches` keeps it up until `end_collection`."""
        self._is_collecting = True
        self._renew()

    def batches(self, seconds: float) -> Iterator[EventBatch]:
        """Yield batches of events as `records` yields telemetry."""
        for _ in self._listen(seconds):
            while self._batches:
                yield self._batches.popleft()

    def end_collection(self) -> int:
        """Ask for no more events. Returns how many the board took down since it began."""
        self._is_collecting = False
        return self.request(protocol.COLLECT, struct.pack(protocol.COLLECT_BODY, 0))[0]

    @property
    def silent_s(self) -> float:
        """Seconds since the board sent its last frame."""
        return self._now() - self._heard_at

    def sample(self, blocks: tuple[str, ...]) -> Record | None:
        """Return one telemetry record that has these blocks, or None if none comes.

        A running subscription ends; records of it, with other blocks, are passed over.
        """
        self.subscribe(_SAMPLE_HZ, blocks)
        try:
            records = self.records(QUICK.total_s * self._scale)
            return next((each for each in records if set(blocks) <= set(each.blocks)), None)
        finally:
            self.subscribe(0.0)

    # Inside

    def _hello(self) -> int:
        """Return the version of the protocol that the board speaks. Raises NotRunning."""
        # Ends whatever the board has read so far, and makes a REPL show its prompt.
        self._stream.write(b"\r")
        start = self._now()
        for patience in (PROMPT, QUICK, STARTING):
            with contextlib.suppress(NoReply):
                return self.request(protocol.HELLO, b"", patience)[0]
            seen = "".join(self.lines)
            # A program that failed may start again; a prompt stays.
            failed = patience is not PROMPT and ("MicroPython" in seen or "Traceback" in seen)
            if ">>>" in seen or failed:
                raise AtPrompt(
                    f"{self.port}: MicroPython answers, but Rivulet is not running: "
                    "run 'rivulet flash', or reset the board"
                )
            # Makes a raw REPL, where a flash that was killed leaves a board, show its prompt.
            # Between frames a running Rivulet passes it over.
            self._stream.write(b"\r\x02")
        raise NotRunning(
            f"{self.port}: no reply within {self._now() - start:.0f} s: check that this is the "
            "board's port, and reset the board; if it does not run Rivulet yet, run 'rivulet "
            "flash'"
        )

    def _check_version(self, version: int) -> None:
        if version != protocol.PROTOCOL:
            raise ProtocolMismatch(
                f"{self.port}: the board speaks protocol {version}, this host "
                f"{protocol.PROTOCOL}: run 'rivulet flash' to update it"
            )

    def _describe_model(self) -> None:
        self.describe()
        self.model()

    def _listen(self, seconds: float) -> Iterator[None]:
        """Read for so many seconds, and keep up what was asked for; yield after each read."""
        end = self._now() + seconds
        while self._now() < end:
            try:
                if self._now() > self._renew_at:
                    self._renew()
                self._read()
                if self._stale:
                    self.describe()
                    self._stale = False
            except NoReply:
                if self.silent_s > _STALL_S * self._scale:
                    raise NoReply(
                        f"{self.port}: nothing came from the board for {self.silent_s:.0f} s: "
                        "check the cable or reset the board"
                    ) from None
            yield

    def _renew(self) -> None:
        # Before, or a board that does not reply would be asked without a pause.
        self._renew_at = self._now() + _LEASE_MS / 3000
        if self._rate_hz:
            self._configure()
        if self._is_collecting:
            self.request(protocol.COLLECT, struct.pack(protocol.COLLECT_BODY, _LEASE_MS))
        self._renew_at = self._now() + _LEASE_MS / 3000

    def _configure(self) -> None:
        body = struct.pack(protocol.CONFIGURE_BODY, self._blocks, self._rate_hz, _LEASE_MS)
        self.request(protocol.CONFIGURE, body)

    def _heard(self, body: bytes) -> None:
        self._heard_at = self._now()
        if self._last_sequence is not None:
            self.frames_lost += (body[1] - self._last_sequence - 1) & 0xFF
        self._last_sequence = body[1]
        if body[0] == protocol.TELEMETRY:
            self._take(body)
        elif body[0] == protocol.EVENTS:
            self._take_events(body)
        elif body[0] == protocol.ACTION:
            action = decode_action(body)
            if action is not None:
                self.actions.append(action)

    def _take(self, body: bytes) -> None:
        record = decode_record(body, self.description)
        if record is None:
            # Another program pushed another model: `records` asks for its shapes.
            self._stale = True
        else:
            self._records.append(record)

    def _take_events(self, body: bytes) -> None:
        batch = decode_events(body, self.description)
        if batch is None:
            # A sensor has started since, whose scales `batches` asks for.
            self._stale = True
        else:
            self._batches.append(batch)

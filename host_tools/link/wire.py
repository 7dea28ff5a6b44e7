"""The host's end of the wire: requests, telemetry, and the board's own text between frames."""

import contextlib
import hashlib
import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import serial

from host_tools.errors import RivuletError
from host_tools.link import documents, sealing
from host_tools.link.ports import unusable_port
from host_tools.link.records import Record, decode_record
from rivulet import protocol

_REPLY_TIMEOUT_S = 1.0
# A push loads the model, a status walks the heap: an emulated or busy board takes its time.
_SLOW_REPLY_TIMEOUT_S = 10.0
_ATTEMPTS = 4
_SAMPLE_HZ = 20.0
# Telemetry stops by itself when the host has not renewed it for so long.
_LEASE_MS = 3000
_LARGEST_BODY = 16384
_FIRST_WITH_KEYS = 2  # protocol
# The board takes these from anybody: a push's pieces are bound by its authorised beginning.
_NEVER_SEALED = (protocol.HELLO, protocol.CHALLENGE, protocol.PUSH_DATA, protocol.PUSH_END)


class Board:
    """A board that runs Rivulet, at a serial port. Raises RivuletError for what a user can mend.

    timeout_scale stretches every time-out, for boards that run slower than real time.
    key: the board's, 32 bytes; every command to a keyed board is authorised with it.
    keyed: refuse a board that says it has no key.
    any_protocol: also talk to a board of another version, which is sure to understand `release`.
    """

    def __init__(
        self,
        port: str,
        timeout_scale: float = 1.0,
        key: bytes | None = None,
        any_protocol: bool = False,
        keyed: bool = False,
    ) -> None:
        self.port = port
        self._key = key
        self._keyed = keyed
        self.lines: deque[str] = deque(maxlen=200)
        self.frames = 0
        self._scale = timeout_scale
        self._sequence = 0
        self._deframer = protocol.Deframer(_LARGEST_BODY)
        self._records: deque[Record] = deque()
        self._telemetry_sequence: int | None = None
        self.frames_lost = 0
        self._rate_hz = 0.0
        self._blocks = 0
        self._renew_at = 0.0
        self._stale = False
        # The byte from which the last push went on; 0: it began anew.
        self.resumed_at = 0
        # Telemetry that another program asked for may arrive before the answer does.
        self.description: dict[str, Any] = {}
        self._serial = self._open()
        try:
            version = self._hello()
            if version < _FIRST_WITH_KEYS:
                self._key = None
            if not any_protocol:
                self._check_version(version)
                self.description = self._document(protocol.DESCRIBE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Board":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the port; telemetry that still runs ends with its lease."""
        # A cable that is out already makes closing fail as well.
        with contextlib.suppress(OSError, serial.SerialException):
            self._serial.close()

    @property
    def frames_corrupt(self) -> int:
        return int(self._deframer.corrupt + self._deframer.oversized)

    # Requests

    def describe(self) -> dict[str, Any]:
        """Names, units and shapes, read afresh and kept in `description`."""
        self.description = self._document(protocol.DESCRIBE)
        return self.description

    def status(self) -> dict[str, Any]:
        return self._document(protocol.STATUS)

    def reset(self) -> None:
        """Set the model's state to zero."""
        self._request(protocol.RESET)

    def release(self) -> None:
        """Make the board leave Rivulet for its REPL."""
        self._request(protocol.RELEASE)

    def subscribe(self, rate_hz: float, blocks: tuple[str, ...] = protocol.BLOCKS) -> None:
        """Ask for telemetry at `rate_hz`, kept up while `records` is being read; 0 stops it."""
        mask = 0
        for name in blocks:
            if name not in protocol.BLOCKS:
                known = ", ".join(protocol.BLOCKS)
                raise RivuletError(f"no telemetry block '{name}': there are {known}")
            mask |= 1 << protocol.BLOCKS.index(name)
        self._rate_hz, self._blocks = rate_hz, mask
        self._configure()

    def push(
        self, data: bytes, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> str:
        """Send a model file; the board verifies it and swaps. Returns what became of the state.

        What an interrupted push of the same file brought is not sent again; `resumed_at` says how
        much that was. Raises RivuletError if the board refuses; then its old model keeps running.
        """
        digest = hashlib.sha256(data).digest()
        self.resumed_at = self._send(data, digest, progress)
        try:
            text = self._end_push(digest)
        except Refused:
            if not self.resumed_at:
                raise
            # What was kept of the earlier attempt may have gone bad: the board has let go of it,
            # and takes the whole file.
            self.resumed_at = self._send(data, digest, progress)
            text = self._end_push(digest)
        self._describe_model()
        return text

    def confirm(self) -> str:
        """Keep the model that is on trial. Returns what the board says to that."""
        return self._request(protocol.CONFIRM, b"", _SLOW_REPLY_TIMEOUT_S)[1]

    def rollback(self) -> str:
        """Go back to the model before the running one. Returns what became of the state."""
        before = self.status()["model_hash"]
        try:
            _, text = self._request(protocol.ROLLBACK, b"", _SLOW_REPLY_TIMEOUT_S, attempts=1)
        except _NoReply:
            # Asked twice it would be refused, or go further than it should.
            if self.status()["model_hash"] == before:
                raise
            text = "the reply was lost, the model before is active"
        self._describe_model()
        return text

    def _send(self, data: bytes, digest: bytes, progress: Callable[[int, int], None]) -> int:
        """Bring a model file's bytes to the board; the byte from which it wanted them."""
        begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(data), digest)
        first, _ = self._request(protocol.PUSH_BEGIN, begin, _SLOW_REPLY_TIMEOUT_S)
        done = first
        progress(done, len(data))
        while done < len(data):
            piece = data[done : done + protocol.PUSH_CHUNK]
            head = struct.pack(protocol.PUSH_DATA_HEAD, done)
            before = done
            done, _ = self._request(protocol.PUSH_DATA, head + piece)
            if done <= before:
                # A board that takes a piece has it. Without this the host would send it for ever.
                raise RivuletError(
                    f"{self.port}: the board took byte {before} and then said that it had {done}"
                )
            progress(done, len(data))
        return first

    def _end_push(self, digest: bytes) -> str:
        attempts = _ATTEMPTS
        while True:
            try:
                return self._request(protocol.PUSH_END, b"", _SLOW_REPLY_TIMEOUT_S, attempts=1)[1]
            except _NoReply:
                # The answer may be lost, not the model: the board's own word decides.
                if self.status()["model_hash"] == digest.hex():
                    return "the reply was lost, the model is active"
                attempts -= 1
                if not attempts:
                    raise

    # What the board sends by itself

    def records(self, seconds: float) -> Iterator[Record]:
        """Telemetry for so many seconds of host time; renews the subscription meanwhile."""
        end = self._now() + seconds
        while self._now() < end:
            if self._rate_hz and self._now() > self._renew_at:
                self._configure()
            self._read()
            if self._stale:
                self._stale = False
                self.describe()
            while self._records:
                yield self._records.popleft()

    def sample(self, blocks: tuple[str, ...]) -> Record | None:
        """One telemetry record that has these blocks, or None if none comes.

        A running subscription ends; records of it, with other blocks, are passed over.
        """
        self.subscribe(_SAMPLE_HZ, blocks)
        try:
            records = self.records(_REPLY_TIMEOUT_S * self._scale)
            return next((each for each in records if set(blocks) <= set(each.blocks)), None)
        finally:
            self.subscribe(0.0)

    # Inside

    def _open(self) -> serial.Serial:
        patience_s = _SLOW_REPLY_TIMEOUT_S * self._scale
        try:
            # Without a limit a write to what does not read would wait for ever.
            return serial.Serial(
                self.port, 115200, timeout=0.05, write_timeout=patience_s, exclusive=True
            )
        except serial.SerialException as error:
            raise unusable_port(self.port, error) from None

    def _now(self) -> float:
        return time.monotonic()

    def _describe_model(self) -> None:
        if self.describe()["model"] is None:
            raise RivuletError(f"{self.port}: the board says that it runs no model")

    def _configure(self) -> None:
        body = struct.pack(protocol.CONFIGURE_BODY, self._blocks, self._rate_hz, _LEASE_MS)
        self._request(protocol.CONFIGURE, body)
        self._renew_at = self._now() + _LEASE_MS / 3000

    def _hello(self) -> int:
        # Ends whatever the board has read so far, and makes a REPL show its prompt.
        self._write(b"\r")
        try:
            version, _ = self._request(protocol.HELLO)
        except _NoReply:
            seen = "".join(self.lines)
            if ">>>" in seen or "MicroPython" in seen or "Traceback" in seen:
                raise NotRunning(
                    f"{self.port}: MicroPython answers, but Rivulet is not running: "
                    "run 'rivulet flash', or reset the board"
                ) from None
            raise NotRunning(
                f"{self.port}: no answer: is Rivulet on this board? 'rivulet flash' installs it"
            ) from None
        return version

    def _check_version(self, version: int) -> None:
        if version != protocol.PROTOCOL:
            raise RivuletError(
                f"{self.port}: the board speaks protocol {version}, this host "
                f"{protocol.PROTOCOL}: run 'rivulet flash' to update it"
            )

    def _document(self, kind: int) -> dict[str, Any]:
        for _ in range(_ATTEMPTS):
            sent, payload = self._seal(kind, b"")
            self._sequence = (self._sequence + 1) & 0xFF
            self._write(protocol.frame(sent, self._sequence, payload))
            text = self._collect(sent, self._sequence)
            if text is not None:
                try:
                    return documents.read(kind, text)
                except ValueError as error:
                    raise RivuletError(
                        f"{self.port}: what the board says of itself makes no sense to this "
                        f"host ({error}): if its firmware is older, run 'rivulet flash'"
                    ) from None
        raise _NoReply(f"{self.port}: the board stopped answering")

    def _collect(self, kind: int, sequence: int) -> bytes | None:
        content = bytearray()
        end = self._deadline(_SLOW_REPLY_TIMEOUT_S)
        while self._now() < end:
            for body in self._read():
                if body[0] == protocol.REPLY:
                    self._check(body, kind, sequence)
                head = struct.calcsize(protocol.DOCUMENT_HEAD)
                if body[0] != protocol.DOCUMENT or len(body) < 2 + head:
                    continue
                asked, of, total, offset = struct.unpack_from(protocol.DOCUMENT_HEAD, body, 2)
                if (asked, of) != (sequence, kind):
                    continue
                if offset != len(content):
                    return None  # a piece was lost: ask again
                content += body[2 + head :]
                if len(content) == total:
                    return bytes(content)
        return None

    def _request(
        self,
        kind: int,
        payload: bytes = b"",
        timeout_s: float = _REPLY_TIMEOUT_S,
        attempts: int = _ATTEMPTS,
    ) -> tuple[int, str]:
        """(value, text) of the board's reply. Every request may be repeated without harm."""
        sequence = self._sequence = (self._sequence + 1) & 0xFF
        for _ in range(attempts):
            sent, body = self._seal(kind, payload)
            self._write(protocol.frame(sent, sequence, body))
            end = self._deadline(timeout_s)
            while self._now() < end:
                for answer in self._read():
                    if answer[0] == protocol.REPLY:
                        reply = self._check(answer, sent, sequence)
                        if reply is not None:
                            return reply
        raise _NoReply(f"{self.port}: the board stopped answering")

    def _seal(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        """(kind, payload) as it is sent: authorised anew each time, where there is a key."""
        if self._key is None or kind in _NEVER_SEALED:
            return kind, payload
        _, text = self._request(protocol.CHALLENGE)
        if not text and not self._keyed:
            return kind, payload
        if not text:
            raise RivuletError(
                f"{self.port}: this board says that it has no key: leave out --key if that is "
                "right; if not, it was erased, or something in the line says so"
            )
        try:
            nonce = sealing.nonce_from(text)
        except ValueError as error:
            raise RivuletError(
                f"{self.port}: the board's challenge is {error}: something in the line changes "
                "what the board says"
            ) from None
        self._keyed = True  # a board does not lose its key while it runs
        return protocol.AUTHORISED, sealing.sealed(self._key, nonce, kind, payload)

    def _check(self, body: bytes, kind: int, sequence: int) -> tuple[int, str] | None:
        head = struct.calcsize(protocol.REPLY_HEAD)
        if len(body) < 2 + head:
            return None
        asked, of, status, value = struct.unpack_from(protocol.REPLY_HEAD, body, 2)
        if (asked, of) != (sequence, kind):
            return None
        text = documents.printable(body[2 + head :].decode(errors="replace"))
        if status == protocol.LOCKED:
            raise self._locked(kind)
        if status != protocol.OK:
            raise Refused(f"the board refused: {text}")
        return value, text

    def _locked(self, kind: int) -> RivuletError:
        if self._key is None:
            return RivuletError(
                f"{self.port}: this board is keyed: name its key file with --key or in RIVULET_KEY"
            )
        if kind in (protocol.PUSH_DATA, protocol.PUSH_END):
            return Refused("the board refused: no push is under way there, as after a restart")
        return RivuletError(
            f"{self.port}: the board said that it has no key, and now asks for one: something "
            "in the line changes what it says"
        )

    def _deadline(self, seconds: float) -> float:
        return self._now() + seconds * self._scale

    def _write(self, data: bytes) -> None:
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            raise RivuletError(f"{self.port}: the board takes no more bytes") from None
        except (OSError, serial.SerialException):
            raise self._gone() from None

    def _read(self) -> list[bytes]:
        """Frames that arrived, telemetry and text put where they belong."""
        try:
            data = self._serial.read(max(1, self._serial.in_waiting))
        except (OSError, TypeError, serial.SerialException):
            raise self._gone() from None
        frames = []
        deframer = self._deframer
        for byte in data:
            found = deframer.feed(byte)
            if found == protocol.FRAME:
                body = bytes(deframer.body[: deframer.length])
                self.frames += 1
                if body[0] == protocol.TELEMETRY:
                    self._take(body)
                else:
                    self._count_lost(body[1])
                    frames.append(body)
            elif found == protocol.TEXT:
                line = bytes(deframer.body[: deframer.length]).decode(errors="replace")
                self.lines.append(documents.printable(line))
        return frames

    def _count_lost(self, sequence: int) -> None:
        if self._telemetry_sequence is not None:
            self.frames_lost += (sequence - self._telemetry_sequence - 1) & 0xFF
        self._telemetry_sequence = sequence

    def _take(self, body: bytes) -> None:
        self._count_lost(body[1])
        record = decode_record(body, self.description)
        if record is None:
            # Someone else pushed another model: its shapes are asked for at the next turn.
            self._stale = True
        else:
            self._records.append(record)

    def _gone(self) -> RivuletError:
        return RivuletError(f"{self.port}: the board went away (cable pulled, or switched off)")


class NotRunning(RivuletError):
    """Nothing at the port answers as Rivulet."""


class Refused(RivuletError):
    """The board's answer is no, and says why."""


class _NoReply(RivuletError):
    """Nothing came back in time."""

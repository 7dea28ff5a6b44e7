"""Requests over the wire: repeated until the board replies, authorised where it has a key."""

import struct
from collections import deque
from dataclasses import dataclass
from typing import Any

from host_tools.errors import BadReply, Locked, NoReply, Refused, RivuletError
from host_tools.link import documents, sealing
from host_tools.link.stream import Stream
from host_tools.text import visible
from rivulet import protocol


@dataclass(frozen=True)
class Patience:
    """How long a reply is awaited, in seconds: before the request is repeated, and in all."""

    repeat_s: float
    total_s: float


# On a bad cable the longest requests need some repeats: one in five may be hit.
QUICK = Patience(0.5, 4.0)
# A prompt shows at once.
PROMPT = Patience(0.5, 1.0)
# A push loads the model, a status walks the heap: an emulated or busy board takes its time.
SLOW = Patience(10.0, 40.0)
ONCE = Patience(10.0, 10.0)
# What a board that is just starting takes longer than QUICK to reply.
STARTING = Patience(0.5, 5.0)

# The pieces of a document follow one another.
_NEXT_PIECE_S = 1.0
# A document is given up when so many requests in a row brought nothing of it, so many in all
# brought no whole one, or so much time has passed.
_SILENT_ANSWERS = 4
_BROKEN_ANSWERS = 40
_DOCUMENT_S = 60.0

_LARGEST_BODY = 16384
# The board sends these unasked.
_STREAMED = (protocol.TELEMETRY, protocol.EVENTS, protocol.ACTION)
# The board takes these from anybody: a push's pieces are bound by its authorised beginning.
_NEVER_SEALED = (protocol.HELLO, protocol.CHALLENGE, protocol.PUSH_DATA, protocol.PUSH_END)
# What is waited for, in words.
_AWAITED = {
    protocol.HELLO: "the greeting",
    protocol.DESCRIBE: "the request for its description",
    protocol.STATUS: "the request for its status",
    protocol.CONFIGURE: "the request for telemetry",
    protocol.PUSH_BEGIN: "the announcement of a push",
    protocol.PUSH_DATA: "a piece of the push",
    protocol.PUSH_END: "the end of the push",
    protocol.RESET: "the reset of the state",
    protocol.RELEASE: "the release",
    protocol.CONFIRM: "the confirmation of the model",
    protocol.ROLLBACK: "the rollback",
    protocol.CHALLENGE: "the request for a challenge",
    protocol.COLLECT: "the request for events",
    protocol.PLANT: "the offer to simulate its plant",
    protocol.LABEL: "a label",
    protocol.ADAPTED: "the request for what was learnt",
}


class Requester:
    """Sends requests over a stream, and matches replies to them.

    timeout_scale stretches every time-out. key: the board's, 32 bytes, or None. keyed: refuse a
    board that says it has no key. `lines` holds the text between frames, `frames` counts frames.
    """

    def __init__(
        self, stream: Stream, timeout_scale: float, key: bytes | None, keyed: bool
    ) -> None:
        self.port = stream.name
        self.lines: deque[str] = deque(maxlen=200)
        self.frames = 0
        self._stream = stream
        self._scale = timeout_scale
        self._key = key
        self._keyed = keyed
        self._sequence = 0
        self._deframer = protocol.Deframer(_LARGEST_BODY)

    @property
    def now_s(self) -> float:
        """The clock of all waits at this board, in seconds."""
        return self._stream.now_s

    @property
    def timeout_scale(self) -> float:
        """By how much every time-out at this board is stretched."""
        return self._scale

    def close(self) -> None:
        """Close the port. Telemetry that still runs ends with its lease."""
        self._stream.close()

    @property
    def frames_corrupt(self) -> int:
        return int(self._deframer.corrupt + self._deframer.oversized)

    def request(
        self, kind: int, payload: bytes = b"", patience: Patience = QUICK
    ) -> tuple[int, str]:
        """Return (value, text) of the board's reply. Every request may be repeated without harm.

        Raises NoReply, Refused, Locked.
        """
        sequence = self._sequence = (self._sequence + 1) & 0xFF
        start = self._now()
        end = start + patience.total_s * self._scale
        while self._now() < end:
            sent, body = self._seal(kind, payload)
            self._stream.write(protocol.frame(sent, sequence, body))
            again = min(end, self._now() + patience.repeat_s * self._scale)
            while self._now() < again:
                for answer in self._read():
                    if answer[0] == protocol.REPLY:
                        reply = self._check(answer, sent, sequence)
                        if reply is not None:
                            return reply
        raise self._no_reply(kind, start)

    def wait_at_most(self, seconds: float) -> None:
        """Let no look at the port wait longer than this."""
        self._stream.wait_at_most(seconds)

    def send(self, kind: int, payload: bytes, sequence: int | None = None) -> int:
        """Send a request without its authorisation, and await nothing. Returns its sequence.

        sequence: of the request that is sent again; None: it is a new one.
        """
        if sequence is None:
            sequence = self._sequence = (self._sequence + 1) & 0xFF
        self._stream.write(protocol.frame(kind, sequence, payload))
        return sequence

    def check_refusal(self, kind: int, sequence: int) -> None:
        """Read what has arrived. Raises Refused, Locked if this request was refused."""
        for answer in self._read():
            if answer[0] == protocol.REPLY:
                self._check(answer, kind, sequence)

    def document(self, kind: int, tries: int = _SILENT_ANSWERS) -> Any:
        """Return the document that the board answers to a request of this kind.

        tries: after how many requests in a row that brought nothing it is given up.
        Raises NoReply, BadReply, Locked.
        """
        start = self._now()
        end = start + _DOCUMENT_S * self._scale
        silent = broken = 0
        while broken < _BROKEN_ANSWERS and self._now() < end:
            broken += 1
            sent, payload = self._seal(kind, b"")
            self._sequence = (self._sequence + 1) & 0xFF
            self._stream.write(protocol.frame(sent, self._sequence, payload))
            text, is_heard = self._collect(sent, self._sequence, end)
            if text is not None:
                try:
                    return documents.read(kind, text)
                except ValueError as error:
                    raise BadReply(
                        f"{self.port}: what the board says of itself makes no sense to this "
                        f"host ({error}): if its firmware is older, run 'rivulet flash'"
                    ) from None
            silent = 0 if is_heard else silent + 1
            if silent == tries:
                raise self._no_reply(kind, start)
        raise NoReply(
            f"{self.port}: {broken} replies of the board arrived damaged within "
            f"{self._now() - start:.0f} s, none whole: check the cable"
        )

    def _collect(self, kind: int, sequence: int, latest: float) -> tuple[bytes | None, bool]:
        """Return a document, None if a piece was lost, and whether anything came of it.

        A board composes a document anew for each request, so pieces of two do not fit together.
        It is awaited until the time `latest`, if pieces of it come.
        """
        content = bytearray()
        end = min(latest, self._now() + SLOW.repeat_s * self._scale)
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
                    return None, True
                content += body[2 + head :]
                if len(content) == total:
                    return bytes(content), True
                if len(body) > 2 + head:  # a piece of nothing is no progress
                    end = min(latest, self._now() + _NEXT_PIECE_S * self._scale)
        return None, bool(content)

    def _seal(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        """Return (kind, payload) as they are sent. With a key they are authorised anew each time.

        Raises BadReply.
        """
        if self._key is None or kind in _NEVER_SEALED:
            return kind, payload
        _, text = self.request(protocol.CHALLENGE)
        if not text and not self._keyed:
            return kind, payload
        if not text:
            raise BadReply(
                f"{self.port}: this board says that it has no key: leave out --key if that is "
                "right; if not, it was erased, or something in the line says so"
            )
        try:
            nonce = sealing.nonce_from(text)
        except ValueError as error:
            raise BadReply(
                f"{self.port}: the board's challenge is {error}: something in the line changes "
                "what the board says"
            ) from None
        self._keyed = True  # a board does not lose its key while it runs
        return protocol.AUTHORISED, sealing.sealed(self._key, nonce, kind, payload)

    def _check(self, body: bytes, kind: int, sequence: int) -> tuple[int, str] | None:
        """Return (value, text) of a reply, None if it is to another request."""
        head = struct.calcsize(protocol.REPLY_HEAD)
        if len(body) < 2 + head:
            return None
        asked, of, status, value = struct.unpack_from(protocol.REPLY_HEAD, body, 2)
        if (asked, of) != (sequence, kind):
            return None
        text = visible(body[2 + head :].decode(errors="replace"))
        if status == protocol.LOCKED:
            raise self._locked(kind)
        if status != protocol.OK:
            raise Refused(f"the board refused: {text}")
        return value, text

    def _locked(self, kind: int) -> RivuletError:
        if self._key is None:
            return Locked(
                f"{self.port}: this board is keyed: name its key file with --key or in RIVULET_KEY"
            )
        if kind in (protocol.PUSH_DATA, protocol.PUSH_END):
            return Refused("the board refused: no push is under way there, as after a restart")
        return BadReply(
            f"{self.port}: the board said that it has no key, and now asks for one: something "
            "in the line changes what it says"
        )

    def _no_reply(self, kind: int, start: float) -> NoReply:
        awaited = _AWAITED.get(kind, "a request")
        return NoReply(
            f"{self.port}: no reply within {self._now() - start:.0f} s: check the cable or reset "
            f"the board, then run the same command again; awaited was the reply to {awaited}"
        )

    def _now(self) -> float:
        return self._stream.now_s

    def _read(self) -> list[bytes]:
        """Return the frames that arrived, without telemetry and events."""
        frames = []
        deframer = self._deframer
        for byte in self._stream.read():
            found = deframer.feed(byte)
            if found == protocol.FRAME:
                body = bytes(deframer.body[: deframer.length])
                self.frames += 1
                self._heard(body)
                if body[0] not in _STREAMED:
                    frames.append(body)
            elif found == protocol.TEXT:
                line = bytes(deframer.body[: deframer.length]).decode(errors="replace")
                self.lines.append(visible(line))
        return frames

    def _heard(self, body: bytes) -> None:
        """Called with every frame, streamed ones too, in the order they came."""

"""A device in the line between host and board: it knows the protocol, and not the key."""

import copy
import hashlib
import json
import random
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterator
from typing import Any

from rivulet import protocol

_KEPT = 400  # frames in each direction
_TAG = 32
_REPLY_HEAD = struct.calcsize(protocol.REPLY_HEAD)
_DOCUMENT_HEAD = struct.calcsize(protocol.DOCUMENT_HEAD)
_COMMANDS = (protocol.RELEASE, protocol.RESET, protocol.CONFIRM, protocol.ROLLBACK)
_WITH_DOCUMENTS = (protocol.DESCRIBE, protocol.STATUS, protocol.AUTHORISED)
# What a number, a text or a list of a document is replaced by.
_JUNK: tuple[Any, ...] = (
    *(None, -1, 0, 1.5, 1e300, 2**70, True),
    *("", "[/x]\x1b[2J\n", "9" * 40, [], [[]], {}, [1, "x"]),
)
_TEXTS = (b"", b"confirmed", b"state kept", b"two\nlines \x1b[31m[/x]", b"\xff\xfe", b"7" * 64)

# kind, sequence, payload
Frame = tuple[int, int, bytes]


class ManInTheMiddle:
    """Changes what passes between host and board: `to_board` and `to_host` return what arrives.

    forged: its own models, some with a hash that ends in the kind of a request without payload.
    moves: counts what it did, by the names in MOVES, "nonce" (it replaced a nonce) and "border"
    (it moved bytes from a nonce into the command).
    """

    def __init__(self, seed: int, forged: list[bytes]) -> None:
        self._draw = random.Random(seed)
        self._forged = forged
        self._up = protocol.Deframer(1 << 14)
        self._down = protocol.Deframer(1 << 14)
        self._said: deque[Frame] = deque(maxlen=_KEPT)
        self._heard: deque[Frame] = deque(maxlen=_KEPT)
        self._held: list[Frame] = []
        self._nonces: deque[str] = deque(maxlen=_KEPT)
        self._text = b""
        self._documents: deque[Any] = deque(maxlen=4)
        self._asked: Frame = (0, 0, b"")
        # What it put behind the last nonce, and what it sends after a command begun with that.
        self._border = b""
        self._then: list[Frame] = []
        self.moves: Counter[str] = Counter()
        self.only_listen()

    def only_listen(self) -> None:
        """Only listen from now on, and drop held frames."""
        self._share, self._chosen, self._nonce_share = 0.0, ["drop"], 0.0
        self._held.clear()
        self._border = b""

    def draw_behaviour(self) -> None:
        """Draw what it does from now on, and how often."""
        draw = self._draw
        self._share = draw.choice((0.0, 0.01, 0.05, 0.2, 0.5))
        self._nonce_share = draw.choice((0.0, 0.0, 0.1, 0.5))
        self._chosen = draw.sample(sorted(_MOVES), draw.randint(1, len(_MOVES)))
        self._chosen += draw.randrange(6) * ["forge"]

    def to_board(self, data: bytes) -> bytes:
        out = b""
        for frame in _frames(self._up, data):
            self._said.append(frame)
            self._asked = frame
            out += self._sent(self._to_board(frame), self._said, self._heard)
        return out

    def to_host(self, data: bytes) -> bytes:
        out = b""
        for frame in _frames(self._down, data):
            self._heard.append(frame)
            self._note(frame)
            out += self._sent([self._challenged(frame)], self._heard, self._said)
        return out

    def _sent(self, frames: list[Frame], same: deque[Frame], other: deque[Frame]) -> bytes:
        """Return the bytes that go on for these frames."""
        out = b""
        for frame in frames:
            if self._draw.random() < self._share:
                name = self._draw.choice(self._chosen)
                self.moves[name] += 1
                out += _MOVES[name](self, frame, same, other)
            else:
                out += _framed(*frame)
        if self._held and self._draw.random() < 0.2:
            out += _framed(*self._held.pop(self._draw.randrange(len(self._held))))
        return out

    # Between nonce and command

    def _note(self, frame: Frame) -> None:
        """Keep documents, to forge others from."""
        kind, _, payload = frame
        if kind == protocol.DOCUMENT and len(payload) >= _DOCUMENT_HEAD:
            _, _, total, offset = struct.unpack_from(protocol.DOCUMENT_HEAD, payload, 0)
            self._text = payload[_DOCUMENT_HEAD:] if not offset else self._text + payload[6:]
            if len(self._text) == total:
                self._documents.append(json.loads(self._text))

    def _challenged(self, frame: Frame) -> Frame:
        """Replace the nonce in a reply to CHALLENGE, sometimes."""
        kind, sequence, payload = frame
        nonce = payload[_REPLY_HEAD:].decode(errors="replace")
        if kind != protocol.REPLY or len(nonce) != 64 or payload[1] != protocol.CHALLENGE:
            return frame
        self._nonces.append(nonce)
        self._border = b""
        if self._draw.random() >= self._nonce_share:
            return frame
        draw = self._draw
        how = draw.randrange(8)
        self.moves["nonce"] += 1
        if how < 4:  # the owner's own command becomes the end of another one
            self._border, self._then = self._another_command()
            nonce += self._border.hex()
        elif how == 4:
            nonce = nonce[: 2 * draw.randrange(32)]
        elif how == 5:
            nonce = draw.choice(self._nonces)
        elif how == 6:
            at = draw.randrange(65)
            nonce = (
                nonce[:at] + draw.choice((" ", "\n", "g", "\N{FULLWIDTH DIGIT ONE}")) + nonce[at:]
            )
        else:
            nonce = draw.randbytes(32).hex()
        return kind, sequence, payload[:_REPLY_HEAD] + nonce.encode()

    def _another_command(self) -> tuple[bytes, list[Frame]]:
        """Draw the first bytes of a command that nobody gave, and the frames to send after it."""
        draw = self._draw
        if draw.random() < 0.5:
            return bytes((draw.choice(_COMMANDS),)) + draw.randbytes(draw.choice((0, 0, 1, 5))), []
        # The last byte of this payload is the kind of what the owner asked for.
        begin, *rest = _push(draw.choice(self._forged))
        return bytes((begin[0],)) + begin[2][:-1], rest

    def _to_board(self, frame: Frame) -> list[Frame]:
        kind, sequence, payload = frame
        if kind != protocol.AUTHORISED or not self._border:
            return [frame]
        self.moves["border"] += 1
        moved = payload[:_TAG] + self._border + payload[_TAG:]
        self._border = b""
        return [(kind, sequence, moved), *self._then]

    # What it does to a frame; each returns the bytes that go on

    def _drop(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        return b""

    def _double(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        return 2 * _framed(*frame)

    def _hold(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        # It comes later, or goes back to where it came from.
        self._held.append(frame)
        return b""

    def _flip(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        data = bytearray(_framed(*frame))
        data[self._draw.randrange(len(data))] ^= 1 << self._draw.randrange(8)
        return bytes(data)

    def _change(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        body = bytearray((frame[0], frame[1])) + frame[2]
        for _ in range(self._draw.randint(1, 3)):
            body[self._draw.randrange(len(body))] = self._draw.choice(
                (self._draw.randrange(256), self._draw.randrange(16), 0xFF)
            )
        return _framed(body[0], body[1], bytes(body[2:]))

    def _shorten(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        kind, sequence, payload = frame
        return _framed(kind, sequence, payload[: self._draw.randrange(len(payload) + 1)])

    def _lengthen(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        kind, sequence, payload = frame
        more = self._draw.choice((b"\0", payload, self._draw.randbytes(self._draw.randint(1, 40))))
        return _framed(kind, sequence, (payload + more)[:240])

    def _replay(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        old = _framed(*self._draw.choice(same))
        return self._draw.choice((old, old + _framed(*frame), _framed(*frame) + old))

    def _renumber(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        """Replay an old frame under the sequence number of the last request."""
        kind, sequence, payload = self._draw.choice(same)
        if kind in (protocol.REPLY, protocol.DOCUMENT) and len(payload) >= 2:
            payload = bytes((self._asked[1], self._asked[0])) + payload[2:]
        return _framed(kind, self._asked[1], payload)

    def _reflect(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        back = _framed(*self._draw.choice(other)) if other else b""
        return back + _framed(*frame)

    def _forge(self, frame: Frame, same: deque[Frame], other: deque[Frame]) -> bytes:
        made = self._request() if same is self._said else self._answer()
        own = b"".join(_framed(*each) for each in made)
        return own if self._draw.random() < 0.5 else own + _framed(*frame)

    def _request(self) -> list[Frame]:
        draw = self._draw
        sequence = draw.randrange(256)
        how = draw.randrange(5)
        if how == 0:
            return _push(draw.choice(self._forged))
        if how == 1:
            kind = draw.choice(sorted(protocol.PAYLOAD_BYTES))
            count = draw.choice((*protocol.PAYLOAD_BYTES[kind], draw.randrange(60)))
            return [(kind, sequence, draw.randbytes(count))]
        kind = draw.choice((*_COMMANDS, protocol.STATUS))
        if how == 2:
            return [(kind, sequence, b"")]
        tags = [each[2][:_TAG] for each in self._said if each[0] == protocol.AUTHORISED]
        tag = draw.choice(tags) if tags and how == 3 else draw.randbytes(_TAG)
        command = bytes((kind,)) + draw.randbytes(draw.choice((0, 0, 1)))
        return [(protocol.AUTHORISED, sequence, tag + command)]

    def _answer(self) -> list[Frame]:
        draw = self._draw
        asked = bytes((self._asked[1], self._asked[0]))
        how = draw.randrange(4)
        if self._documents and (how == 0 or self._asked[0] in _WITH_DOCUMENTS):
            text = json.dumps(self._replaced(draw.choice(self._documents))).encode()
            if draw.random() < 0.2:
                text = draw.choice((b"", b"{}", b"[" * 60000, b"7" * 5000, b"null", b'{"a": NaN}'))
            return list(_document(asked, text))
        if how == 1:
            length = draw.choice((5, 49, 54, 60, 118))
            return [(protocol.TELEMETRY, draw.randrange(256), draw.randbytes(length))]
        status = draw.choice((protocol.OK, protocol.OK, protocol.REFUSED, protocol.LOCKED, 200))
        value = draw.choice((0, 1, 2, 100, 10_000, 0xFFFFFFFF, draw.randrange(2000)))
        text = draw.choice((*_TEXTS, *(nonce.encode() for nonce in list(self._nonces)[-2:])))
        return [(protocol.REPLY, 0, asked + struct.pack("<BI", status, value) + text)]

    def _replaced(self, document: Any) -> Any:
        """Return the document with one entry replaced or removed."""
        document = at = copy.deepcopy(document)
        while True:
            key = self._draw.choice(list(at) if isinstance(at, dict) else range(len(at)))
            if isinstance(at[key], dict | list) and at[key] and self._draw.random() < 0.7:
                at = at[key]
                continue
            if isinstance(at, dict) and self._draw.random() < 0.2:
                del at[key]
            else:
                at[key] = self._draw.choice(_JUNK)
            return document


_Move = Callable[[ManInTheMiddle, Frame, deque[Frame], deque[Frame]], bytes]
MOVES = (
    *("drop", "double", "hold", "flip", "change", "shorten"),
    *("lengthen", "replay", "renumber", "reflect", "forge"),
)
_MOVES: dict[str, _Move] = {name: getattr(ManInTheMiddle, f"_{name}") for name in MOVES}


def _framed(kind: int, sequence: int, payload: bytes) -> bytes:
    made: bytes = protocol.frame(kind, sequence, payload)
    return made


def _frames(deframer: protocol.Deframer, data: bytes) -> Iterator[Frame]:
    for byte in data:
        if deframer.feed(byte) == protocol.FRAME:
            body = bytes(deframer.body[: deframer.length])
            yield body[0], body[1], body[2:]


def _push(model: bytes) -> list[Frame]:
    digest = hashlib.sha256(model).digest()
    begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(model), digest)
    frames: list[Frame] = [(protocol.PUSH_BEGIN, 1, begin)]
    for at in range(0, len(model), protocol.PUSH_CHUNK):
        piece = struct.pack(protocol.PUSH_DATA_HEAD, at) + model[at : at + protocol.PUSH_CHUNK]
        frames.append((protocol.PUSH_DATA, 1, piece))
    return [*frames, (protocol.PUSH_END, 1, b"")]


def _document(asked: bytes, text: bytes) -> Iterator[Frame]:
    for offset in range(0, len(text) or 1, protocol.DOCUMENT_CHUNK):
        piece = text[offset : offset + protocol.DOCUMENT_CHUNK]
        yield protocol.DOCUMENT, 0, asked + struct.pack("<HH", len(text), offset) + piece

"""A board that lies: what it says instead of the truth, and a stream to it in simulated time."""

import copy
import json
import random
import struct
from collections.abc import Iterator
from typing import Any

from rivulet import protocol

# What a terminal must never be sent: it would set the window's title.
MARK = "\x1b]0;taken over\x07"
TEXTS = (
    *(
        "",
        "x",
        MARK,
        f"a{MARK}b",
        "\x1b[2J\x1b[31mred",
        "one\ntwo\r\nthree",
        "\x9b31m",
        "\u202e\u2066",
    ),
    *("acc_x [m/s^2]", "a[/b]", "[bold red]", ":smile:", "[link=x]y[/link]", "\\[x]", "{0} %s %n"),
    *("\ud7ff\ue000", "\U000e0001", "τ" * 3000, "long " * 1000, "t_us", ">>> ", "NaN"),
)
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 2**64, 10**400, 0.5, -0.0, 1e301, -1e308),
    *([], {}, [[]], [None], [1, 2, 3, 4, 5], {"x": []}, [[160, 1]], [[1, -1]], [1e300] * 3),
    *("\x00", *TEXTS),
)
# No command waits longer for a board of normal speed, in seconds.
LONGEST_S = 400.0
_MOST_READS = 100_000
_READ_S = 0.05


class Endless(BaseException):
    """The host still reads although no command takes so long. The host has no handler for it."""


def warped(draw: random.Random, document: Any, times: int) -> Any:
    """Return a copy of a document in which some values, names or entries are other ones."""
    made = copy.deepcopy(document)
    for _ in range(times):
        places = list(_places(made))
        if not places:
            break
        at, key = draw.choice(places)
        change = draw.random()
        if change < 0.7:
            at[key] = copy.deepcopy(draw.choice(JUNK))
        elif change < 0.8:
            del at[key]
        elif isinstance(at, dict):
            at[draw.choice(TEXTS)] = at.pop(key)
        else:
            at[key:key] = [copy.deepcopy(at[key])] * draw.choice((1, 50))
    return made


def garbled(draw: random.Random, text: bytes) -> bytes:
    """Return other bytes than a document's: cut, changed, nested, doubled or none of its own."""
    at = draw.randrange(len(text) + 1)
    return draw.choice(
        (
            text[:at],
            text[:at] + draw.randbytes(draw.choice((1, 5))) + text[at:],
            text + text,
            b"[" * 30_000,
            b'{"a":' * 8000,
            b"1" * 5000,
            text.replace(b":0", b":NaN"),
            text.replace(b'":', b'":1e999,"x":', 1),
            text.replace(b'"board"', b'"board":1,"board"'),
            draw.randbytes(300),
            b"\xef\xbb\xbf" + text,
            b"",
        )
    )


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


class Liar:
    """A stream to a board that knows the truth and says other things. `draw` decides on all of it.

    truth: the documents of a real board, by the kind of their request.
    """

    name = "/dev/liar"

    def __init__(self, draw: random.Random, truth: dict[int, Any]) -> None:
        self._draw = draw
        self._truth = truth
        self._deframer = protocol.Deframer(4096)
        self._waiting = b""
        self._reads = 0
        self._received = 0
        self.now_s = 0.0
        # How far this board goes. Most tell the truth at first, or little would be reached.
        self._honesty = draw.choice((0.3, 0.8, 0.95, 0.99))
        self._talk = draw.choice((0.0, 0.0, 0.2, 1.0))
        # Bytes that one read brings; few are a slow drip.
        self._rate = draw.choice((1, 40, 4096, 4096, 4096))
        self._telemetry = False

    def close(self) -> None:
        pass

    def wait_at_most(self, seconds: float) -> None:
        pass

    def write(self, data: bytes) -> None:
        for byte in data:
            if self._deframer.feed(byte) == protocol.FRAME:
                body = bytes(self._deframer.body[: self._deframer.length])
                self._waiting += self._answer(body[0], body[1], body[2:])

    def read(self) -> bytes:
        self.now_s += _READ_S
        self._reads += 1
        if self.now_s > LONGEST_S or self._reads > _MOST_READS:
            raise Endless
        if self._draw.random() < self._talk:
            self._waiting += self._draw.choice(TEXTS).encode("utf-8", "replace") + b"\r\n"
        if self._telemetry and self._draw.random() < 0.5:
            self._waiting += self._record()
        data, self._waiting = self._waiting[: self._rate], self._waiting[self._rate :]
        return data

    def _answer(self, kind: int, sequence: int, payload: bytes) -> bytes:
        draw = self._draw
        honest = draw.random() < self._honesty
        if not honest and draw.random() < 0.2:
            return b""
        if kind == protocol.AUTHORISED and len(payload) > 32:
            return self._answer_to(payload[32], kind, sequence, payload[33:], honest)
        return self._answer_to(kind, kind, sequence, payload, honest)

    def _answer_to(
        self, kind: int, sent: int, sequence: int, payload: bytes, honest: bool
    ) -> bytes:
        draw = self._draw
        if kind in self._truth:
            return self._document(kind, sent, sequence, honest)
        status, value, text = protocol.OK, 0, ""
        if kind == protocol.HELLO:
            value = protocol.PROTOCOL
        elif kind == protocol.CONFIGURE:
            self._telemetry = len(payload) == 7 and struct.unpack("<f", payload[1:5])[0] > 0
        elif kind == protocol.PUSH_BEGIN:
            self._received = 0
        elif kind == protocol.PUSH_DATA:
            self._received += len(payload) - 4
            value = self._received
        if not honest:
            status = draw.choice((0, 0, 1, 2, 3, 255))
            value = draw.choice((value, 0, 1, value + 1, 2**31, 2**32 - 1))
            text = draw.choice(TEXTS)
            sent = draw.choice((sent, sent, draw.randrange(256)))
            sequence = draw.choice((sequence, sequence, draw.randrange(256)))
        head = struct.pack(protocol.REPLY_HEAD, sequence, sent, status, value)
        body = head + text.encode("utf-8", "replace")
        if not honest and draw.random() < 0.2:
            body = body[: draw.randrange(len(body))]
        return bytes(protocol.frame(protocol.REPLY, draw.randrange(256), body))

    def _document(self, kind: int, sent: int, sequence: int, honest: bool) -> bytes:
        draw = self._draw
        truth = self._truth[kind]
        if honest:
            text = json.dumps(truth).encode()
        else:
            made = warped(draw, truth, draw.choice((0, 1, 1, 2, 8)))
            text = json.dumps(made, ensure_ascii=draw.random() < 0.5).encode("utf-8", "replace")
            if draw.random() < 0.3:
                text = garbled(draw, text)
        text = text[:60_000]
        pieces, total, step = b"", len(text), protocol.DOCUMENT_CHUNK
        if not honest:
            step = draw.choice((1, 7, step, step, 5000))
            total = draw.choice((total, total, total, 0, total + 1, 65535)) & 0xFFFF
        for at in range(0, max(1, len(text)), step):
            where = at if honest or draw.random() < 0.97 else draw.randrange(65536)
            repeats = 1 if honest or draw.random() < 0.97 else 200
            head = struct.pack(protocol.DOCUMENT_HEAD, sequence, sent, total, where)
            piece = protocol.frame(protocol.DOCUMENT, 0, head + text[at : at + step])
            pieces += piece * repeats
            if len(pieces) > 300_000:
                break
        return pieces

    def _record(self) -> bytes:
        draw = self._draw
        model = self._truth[protocol.DESCRIBE]["model"]
        sensors = len(self._truth[protocol.DESCRIBE]["sensors"])
        mask = draw.choice((15, 15, 15, 1, 0x8F, draw.randrange(256)))
        counters = [draw.choice((0, 1, 2**31, 2**32 - 1)) for _ in range(12)]
        head = struct.pack(
            protocol.TELEMETRY_HEAD,
            mask,
            draw.randrange(-128, 128),
            *counters,
            draw.randrange(256),
        )
        head += draw.randbytes(sensors * protocol.SENSOR_BYTES)
        sizes = (model["hidden"], model["hidden"], model["outputs"], len(model["channels"]))
        count = sum(size for bit, size in enumerate(sizes) if mask >> bit & 1)
        values = [
            draw.choice((0.5, 2.0, 0.0, -1.0, float("inf"), float("nan"), 1e-45, 3e38, -0.0))
            for _ in range(count + draw.choice((0, 0, 0, 0, 1)))
        ]
        form = "i" if mask & protocol.INTEGERS else "f"
        if form == "i":
            values = [draw.randrange(-(2**31), 2**31) for _ in values]
        return bytes(
            protocol.frame(
                protocol.TELEMETRY,
                draw.randrange(256),
                head + struct.pack(f"<{len(values)}{form}", *values),
            )
        )

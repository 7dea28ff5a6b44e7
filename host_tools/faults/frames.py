"""Frames that are random or mutated: the parser takes what is whole and refuses the rest.

Two stages. On CPython, inputs that take the parser through branches in a new way are kept and
mutated on, until every line of it has been reached. On MicroPython, where the parser is the one
that boards run, viper included, millions of mutations of what was kept follow.
"""

import random
import re
import sys
import zlib
from collections.abc import Iterable
from types import FrameType
from typing import Any

from host_tools.faults import Given, Row
from rivulet import protocol

_LIMIT = 32  # of a frame: small, so that frames on both sides of it are common
_LONGEST = 80  # of an input
_SHORT = 40  # of an input that is mutated millions of times
_STEADY = 256  # bytes: what the collector takes for references on its own stack
_BODIES = (b"", b"\x7e", b"\x7d\x5e\x03", b"~~}}", bytes(range(30)), b"plain text\xff", b"x" * 26)
# A line of text ends with \n or \r; a frame may follow on anything.
_SPECIAL = b"~}\x00\x03\n\r\x1f ]^\xff\xc3\x28"

Way = frozenset[tuple[int, int, int]]


class Guide:
    """Runs the parser and tells by which branches an input went through it."""

    def __init__(self) -> None:
        parts = protocol.Deframer
        self._codes = {
            code: number
            for number, code in enumerate(
                function.__code__
                for function in (
                    *(parts.feed, parts._flag, parts._text, parts._printable),
                    protocol._unstuff,
                )
            )
        }
        self.reached: set[tuple[int, int]] = set()
        self._hits: dict[tuple[int, int], int] = {}
        self._last = (0, 0)

    @property
    def lines(self) -> set[tuple[int, int]]:
        """Every line of the parser that holds code, as (function, line)."""
        found = set()
        for code, number in self._codes.items():
            found |= {(number, line) for _, _, line in code.co_lines() if line}
            found.discard((number, code.co_firstlineno))  # the definition itself
        return found

    def follow(self, data: bytes, deframer: protocol.Deframer) -> tuple[list[Any], Way]:
        """(what was found, the path it took): branches, and how often, roughly."""
        self._hits = {}
        found = []
        sys.settrace(self._enter)
        try:
            for at, byte in enumerate(data):
                if deframer.feed(byte) == protocol.FRAME:
                    found.append((at, bytes(deframer.body[: deframer.length])))
        finally:
            sys.settrace(None)
        path = frozenset((*arc, count.bit_length()) for arc, count in self._hits.items())
        return found, path

    def _enter(self, frame: FrameType, event: str, _: object) -> Any:
        if frame.f_code not in self._codes:
            return None
        self._last = (self._codes[frame.f_code], 0)
        return self._line

    def _line(self, frame: FrameType, event: str, _: object) -> Any:
        code = self._codes[frame.f_code]
        if event == "line":
            self.reached.add((code, frame.f_lineno))
            before = self._last[1] if self._last[0] == code else 0
            arc = (before << 10 | code, frame.f_lineno)
            self._hits[arc] = self._hits.get(arc, 0) + 1
            self._last = (code, frame.f_lineno)
        return self._line


def decode(segment: bytes) -> bytes | None:
    """The body of the frame that stands between two flags, None if none does."""
    if len(segment) > _LIMIT or not re.fullmatch(rb"(?s:[^}]|}[\x20-\x3f\]^])*", segment):
        return None
    plain = re.sub(rb"(?s)}(.)", lambda found: bytes((found[1][0] ^ 0x20,)), segment)
    body, crc = plain[:-4], plain[-4:]
    good = len(body) >= 2 and zlib.crc32(body) == int.from_bytes(crc, "little")
    return body if good else None


def judge(data: bytes, found: list[Any]) -> str:
    """What is wrong with the frames that the parser found in `data`; empty if nothing is."""
    taken = dict(found)
    opened = False
    begin = 0
    for end in (match.start() for match in re.finditer(rb"[\x00-\x1f~]", data)):
        segment, flag = data[begin:end], data[end] == 0x7E
        begin = end + 1
        body = decode(segment) if flag else None
        mine = taken.pop(end, None)
        if mine is not None and mine != body:
            return "accepted wrongly"
        # Without an opening flag of its own it may pass for text.
        if mine is None and body is not None and opened:
            return "refused wrongly"
        opened = flag and mine is None
    return "accepted wrongly" if taken else ""


def _mutated(draw: random.Random, corpus: list[bytes]) -> bytes:
    data = bytearray(draw.choice(corpus))
    for _ in range(draw.randrange(5)):
        at = draw.randrange(len(data) + 1)
        how = draw.randrange(7)
        if how == 0 and at < len(data):
            data[at] ^= 1 << draw.randrange(8)
        elif how == 1:
            data[at : at + 1] = bytes((draw.randrange(256),))
        elif how == 2:
            data[at:at] = bytes((draw.choice(_SPECIAL),)) * draw.choice((1, 1, 2, 30))
        elif how == 3:
            del data[at : at + draw.choice((1, 1, 4))]
        elif how == 4 and at < len(data):  # escaped, whether it has to be or not
            data[at : at + 1] = bytes((0x7D, data[at] ^ 0x20))
        elif how == 5:
            other = draw.choice(corpus)
            data[at:at] = other[draw.randrange(len(other)) :]
        else:
            data[at:at] = protocol.frame(0x41, draw.randrange(256), draw.choice(_BODIES))
    return bytes(data[:_LONGEST])


def _guided(given: Given, inputs: int) -> tuple[list[bytes], Guide, list[str]]:
    """(inputs that each took a path of their own, the guide, what broke)."""
    draw = random.Random(given.seed)
    guide = Guide()
    seen: set[Any] = set()
    corpus = [protocol.frame(0x03, 1, body) for body in _BODIES] + [b"text\n", b"~"]
    broken = []
    for number in range(inputs):
        data = corpus[number] if number < len(corpus) else _mutated(draw, corpus)
        try:
            found, path = guide.follow(data, protocol.Deframer(_LIMIT))
            said = judge(data, found)
        except Exception as error:
            said = f"raised {error!r}"
        if said:
            broken.append(f"{said}: {data.hex()}")
            continue
        if not path <= seen:
            seen |= path
            corpus.append(data)
    return [data for data in corpus if data], guide, broken


def _lines(lines: Iterable[tuple[int, int]]) -> str:
    return ", ".join(str(line) for _, line in sorted(lines))


def run(given: Given) -> list[Row]:
    inputs = given.times(full=100_000, short=2_000)
    corpus, guide, broken = _guided(given, inputs)
    missed = guide.lines - guide.reached
    if missed:
        broken.append(f"lines of protocol.py that no input reached: {_lines(missed)}")
    promise = "no frame accepted wrongly or refused wrongly, no exception"
    guided = Row(
        "frames, text and noise, guided by coverage, on CPython",
        inputs,
        f"{promise}, every line reached",
        f"{len(corpus)} inputs with different paths; {len(guide.reached)} of "
        f"{len(guide.lines)} lines of the parser reached",
        broken,
    )
    short = [data.hex() for data in corpus if len(data) <= _SHORT]
    (given.folder / "corpus").write_text("\n".join(short))
    frames = given.times(full=10_000_000, short=10_000)
    report = given.on_device("frames", frames=frames, seed=given.seed, corpus="corpus")
    broken = list(report["broken"])
    heaps = report["heaps"]
    if max(heaps) - min(heaps) > _STEADY:
        broken.append(f"the heap went from {heaps[0]} to {heaps[-1]} bytes")
    for what in ("accepted", "text", "corrupt", "oversized"):
        if not report[what]:
            broken.append(f"no input was {what}: this tests nothing")
    mass = Row(
        "random and mutated frames, on MicroPython",
        report["frames"],
        f"{promise}, constant heap use",
        f"{report['accepted']:,} accepted, {report['corrupt']:,} corrupt, "
        f"{report['oversized']:,} too long; {report['frames'] / report['seconds']:,.0f} frames "
        f"and {report['bytes'] / report['seconds'] / 1e6:.1f} MB per CPU second; heap use within "
        f"{max(heaps) - min(heaps)} bytes",
        broken,
    )
    return [guided, mass]

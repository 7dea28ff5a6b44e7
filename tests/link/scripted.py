"""A board that says what a test wants, as a stream of this process."""

import json
import struct
from collections.abc import Callable
from typing import Any

from rivulet import protocol

NONCE = "5a" * 32
DESCRIPTION: dict[str, Any] = {
    "board": "b",
    "machine": "m",
    "micropython": "1.25.0",
    "sensors": [],
    "model": None,
}


def reply(asked: tuple[int, int], status: int = 0, value: int = 0, text: str = "") -> bytes:
    """asked: kind and sequence of the request."""
    kind, sequence = asked
    head = struct.pack(protocol.REPLY_HEAD, sequence, kind, status, value)
    return bytes(protocol.frame(protocol.REPLY, 0, head + text.encode()))


def document(asked: tuple[int, int], content: object) -> bytes:
    kind, sequence = asked
    text = json.dumps(content).encode()
    pieces = b""
    for at in range(0, len(text), 40):
        head = struct.pack(protocol.DOCUMENT_HEAD, sequence, kind, len(text), at)
        pieces += protocol.frame(protocol.DOCUMENT, 0, head + text[at : at + 40])
    return pieces


class Script:
    """A stream. answers: what a board sends for a request of a kind, given (kind, sequence)."""

    def __init__(self, **answers: Callable[[tuple[int, int]], bytes]) -> None:
        self._answers = {getattr(protocol, name): made for name, made in answers.items()}
        self._deframer = protocol.Deframer(4096)
        self._waiting = b""
        self.name = "port"
        self.now_s = 0.0
        self.asked: list[tuple[int, bytes]] = []

    def answer(self, kind: int, sequence: int) -> bytes:
        asked = kind, sequence
        if kind in self._answers:
            return self._answers[kind](asked)
        if kind == protocol.HELLO:
            return reply(asked, value=protocol.PROTOCOL)
        if kind == protocol.CHALLENGE:
            return reply(asked, value=9000, text=NONCE)
        if kind == protocol.AUTHORISED and self.asked[-1][1][32] != protocol.DESCRIBE:
            return reply(asked)
        documents = (protocol.DESCRIBE, protocol.AUTHORISED)
        return document(asked, DESCRIPTION) if kind in documents else reply(asked)

    def write(self, data: bytes) -> None:
        for byte in data:
            if self._deframer.feed(byte) == protocol.FRAME:
                body = bytes(self._deframer.body[: self._deframer.length])
                self.asked.append((body[0], body[2:]))
                self._waiting += self.answer(body[0], body[1])

    def read(self) -> bytes:
        self.now_s += 0.05
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        pass

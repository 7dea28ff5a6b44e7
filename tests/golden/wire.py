"""Conversations between a host and a board, byte for byte, and who can take part in one."""

import ast
import contextlib
import os
import re
import select
import threading
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rivulet import protocol
from tests.golden.held import HERE, UPDATE

HOST, BOARD = ">", "<"
# A whole frame, or what stands between two.
_PIECE = re.compile(rb"~[^~]+~|[^~]+")


@dataclass(frozen=True)
class Line:
    """A frame, or bytes between two frames. sender: HOST or BOARD."""

    sender: str
    data: bytes

    @property
    def body(self) -> bytes:
        """Kind, sequence and payload; empty for what is no frame."""
        deframer = protocol.Deframer(1024)
        for byte in self.data:
            if deframer.feed(byte) == protocol.FRAME:
                return bytes(deframer.body[: deframer.length])
        return b""


def kept(name: str) -> list[Line]:
    """A conversation that is held: a line for each frame, its bytes as Python writes them."""
    lines = (HERE / "held" / name).read_text(encoding="ascii").splitlines()
    return [Line(line[0], ast.literal_eval(line[2:])) for line in lines]


def kept_or(name: str, lines: list[Line], meaning: Callable[[list[Line]], Any]) -> list[Line]:
    """As `kept`. Where UPDATE_GOLDEN is set and `lines` mean something else, they are held now."""
    path = HERE / "held" / name
    if UPDATE and not (path.exists() and meaning(kept(name)) == meaning(lines)):
        text = "".join(f"{line.sender} {line.data!r}\n" for line in lines)
        path.write_text(text, encoding="ascii")
    return kept(name)


@dataclass
class Listener:
    """Sits in the line between a host and the board at `device`; keeps what both say."""

    device: Path
    lines: list[Line] = field(default_factory=list)

    @contextlib.contextmanager
    def port(self) -> Iterator[str]:
        """Carry bytes to and fro; the name of the port for the host."""
        board = os.open(self.device, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(board)
        unfinished = {HOST: b"", BOARD: b""}

        def heard(sender: str, data: bytes) -> None:
            data = unfinished[sender] + data
            # A frame without its end waits for the rest.
            whole = data.rindex(b"~") if data.count(b"~") % 2 else len(data)
            unfinished[sender] = data[whole:]
            self.lines += [Line(sender, piece) for piece in _PIECE.findall(data[:whole])]

        def carry(host: int, wake: int) -> None:
            ways = {host: (HOST, board), board: (BOARD, host)}
            while wake not in (ready := select.select([host, board, wake], [], [])[0]):
                for end in ready:
                    sender, other = ways[end]
                    data = os.read(end, 4096)
                    os.write(other, data)
                    heard(sender, data)

        with _port_served_by(carry) as name:
            yield name
        os.close(board)


@dataclass
class Player:
    """Plays the board's part of a conversation for as long as the host keeps to its own part."""

    lines: list[Line]
    heard: list[Line] = field(default_factory=list)

    @property
    def expected(self) -> list[Line]:
        return [line for line in self.lines if line.sender == HOST]

    @contextlib.contextmanager
    def port(self) -> Iterator[str]:
        """Play; the name of the port for the host."""

        def play(host: int, wake: int) -> None:
            for line in self.lines:
                if line.sender == BOARD:
                    os.write(host, line.data)
                    continue
                data = b""
                while line.data.startswith(data) and data != line.data:
                    if wake in select.select([host, wake], [], [])[0]:
                        break
                    data += os.read(host, len(line.data) - len(data))
                self.heard.append(Line(HOST, data))
                if data != line.data:
                    return  # the cable is pulled: the host need not wait
            select.select([wake], [], [])

        with _port_served_by(play) as name:
            yield name


@contextlib.contextmanager
def _port_served_by(serve: Callable[[int, int], None]) -> Iterator[str]:
    """A serial port with a thread at its other end: serve(that end, what is readable when it is to
    stop). When it returns the cable is pulled."""

    def run() -> None:
        serve(ours, wake)
        os.close(ours)

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    wake, stop = os.pipe()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(stop)
        thread.join()
        os.close(theirs)
        os.close(wake)

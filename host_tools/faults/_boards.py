"""Virtual boards with the firmware on them, and what a cable does between them and a host."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from host_tools.boards import load_board
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.errors import RivuletError
from host_tools.faults import Given
from host_tools.faults._models import IMU, hash_of
from host_tools.link.wire import Board
from host_tools.simulate.stimulus import from_events
from host_tools.simulate.virtual import VirtualBoard
from host_tools.simulate.virtual.relay import Wire

_PATIENCE_S = 20.0
_Done = TypeVar("_Done")


def virtual_board(
    given: Given, *, wire: Wire | None = None, heap_kb: int | None = None, moving: bool = False
) -> VirtualBoard:
    """A virtual board that is switched off. moving: its sensor plays waves, for ever."""
    stimulus = _waves(given.folder / "waves.csv") if moving else None
    board = VirtualBoard(
        given.folder / "board",
        stimulus,
        given.interpreter,
        repeat=True,
        heap_kb=heap_kb,
        wire=wire,
    )
    files = on_a_board(build_payload(load_board("virtual"), None))
    board.install((file.path, file.data) for file in files)
    return board


def _waves(path: Path) -> Path:
    """Twenty seconds of ten samples a second, each different from the one before."""
    with path.open("w") as file:
        print("t_us", *IMU, sep=",", file=file)
        for number in range(200):
            row = [round(5.0 * ((number * step) % 17 - 8) / 8, 3) for step in (3, 5, 7, 1, 2, 4)]
            print(100_000 * number, *row, sep=",", file=file)
    made = path.with_suffix(".bin")
    from_events(path).write(made)
    return made


def _patiently(action: Callable[[], _Done]) -> _Done:
    """Return what `action` returns; it is tried again while it fails."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return action()
        except RivuletError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


@contextlib.contextmanager
def connected(board: VirtualBoard, kind: type[Board] = Board) -> Iterator[Board]:
    """The running board's wire, tried again while a board that has just been started starts."""
    with _patiently(lambda: kind(str(board.port))) as wire:
        yield wire


def attempt(action: Callable[[], object], broken: list[str]) -> bool:
    """Tell whether the action was done. A failure must be one line, else it goes to `broken`."""
    try:
        action()
    except RivuletError as error:
        if "\n" in str(error):
            broken.append(f"more than a line: {error}")
        return False
    return True


def push_again(wire: Board, old: bytes, new: bytes, told: bool, where: str) -> Iterator[str]:
    """Push `new` once more; yield what is wrong before, with the model active, and after.

    told: the host was told that `new` is active.
    """
    active = wire.status()["model_hash"]
    if active not in (hash_of(old), hash_of(new)) or (told and active != hash_of(new)):
        yield f"{where}: {active[:8]} is active, told {told}"
    wire.push(new)
    if wire.status()["model_hash"] != hash_of(new):
        yield f"{where}: the next push is not active"


class Cable:
    """A wire that counts, and does something once so many bytes have gone through.

    then: called, from the relay's own thread, when byte `after` of `direction` ("to_board" or
    "to_host") comes; that byte and all behind it do not arrive.
    """

    def __init__(self) -> None:
        self.passed = {"to_board": 0, "to_host": 0}
        self.struck = threading.Event()
        self._direction = ""
        self._left = 0
        self._then: Callable[[], None] = lambda: None

    def strike(self, direction: str, after: int, then: Callable[[], None]) -> None:
        self.struck.clear()
        self._then, self._left = then, after
        self._direction = direction

    def _count(self, direction: str, data: bytes) -> bytes:
        if self.struck.is_set():
            return b""
        self.passed[direction] += len(data)
        if direction != self._direction:
            return data
        self._left -= len(data)
        if self._left > 0:
            return data
        self._direction = ""
        self.struck.set()
        self._then()
        return data[: len(data) + self._left]

    def measured(self, direction: str, action: Callable[[], object]) -> int:
        """How many bytes an undisturbed action sends."""
        before = self.passed[direction]
        action()
        return self.passed[direction] - before

    def mend(self) -> None:
        self._direction = ""
        self.struck.clear()

    def to_board(self, data: bytes) -> bytes:
        return self._count("to_board", data)

    def to_host(self, data: bytes) -> bytes:
        return self._count("to_host", data)

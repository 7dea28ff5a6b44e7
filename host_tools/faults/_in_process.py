"""The host's client and the firmware's loop in one process, with something in the line between.

Nothing waits: time is simulated, and passes while the host waits for an answer.
"""

import importlib
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from host_tools.link.wire import Board
from host_tools.paths import DEVICE_TESTS
from host_tools.simulate.virtual.relay import Wire
from rivulet import protocol
from rivulet.link.access import Access
from rivulet.sensing.clock import PERIOD
from rivulet.store.access_files import AccessFiles

_TURNS_PER_READ = 6
_TURN_US = 1000
_WAIT_US = 50_000
# Nothing that the host does reads so often; more is a host that does not end.
_MOST_READS = 20_000

# A kind and its payload.
Command = tuple[int, bytes]


def fake(name: str) -> ModuleType:
    """Import a module of tests/device; its board, models and RSA keys run on CPython as well."""
    if str(DEVICE_TESTS) not in sys.path:
        sys.path.append(str(DEVICE_TESTS))
    return importlib.import_module(name)


class InProcessBoard:
    """A board with its files in `folder`, and the host's end of the `wire` to it.

    randbytes: the board's source of random bytes. Nothing depends on the real time.
    performed: counts the commands that the board performed in this start; models: the hashes of
    all models that were active.
    """

    def __init__(
        self, folder: Path, wire: Wire, randbytes: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._folder = str(folder)
        self._wire = wire
        self._randbytes = randbytes
        self._waiting = b""
        self._reads = 0
        self._now_us = 0
        self.models: set[str] = set()
        self.start()

    def start(self) -> None:
        """Switch the board on, or off and on: its memory is new, its files stay."""
        access = Access(AccessFiles(self._folder), self._randbytes)
        self.bench: Any = fake("fake_board").Bench(
            self._folder, access=access, now=self._now_us % PERIOD
        )
        self.bench.port.room = 1 << 40
        # Both go by this computer's clock.
        telemetry = self.bench.loop.telemetry
        due = telemetry.due
        telemetry.due = lambda _: due(_TURN_US)
        self.bench.loop.gc_worst_us = 1 << 29
        self._commands = self.bench.loop._commands
        self._perform = self._commands._perform
        self._commands._perform = self._noted
        self.performed: Counter[Command] = Counter()
        self._waiting = b""
        self.models.add(self.bench.loop.model_hash)

    @property
    def released(self) -> bool:
        return bool(self._commands.released)

    def wait(self, seconds: float) -> None:
        """Let time pass without a turn of the board's loop."""
        self._now_us += int(seconds * 1e6)

    def _noted(self, kind: int, body: memoryview) -> Any:
        self.performed[kind, bytes(body[2:])] += 1
        return self._perform(kind, body)

    # As a stream

    name = "the line"

    @property
    def now_s(self) -> float:
        return self._now_us * 1e-6

    def open(self) -> None:
        self._reads = 0
        self._waiting = b""

    def close(self) -> None:
        pass

    def wait_at_most(self, seconds: float) -> None:
        pass

    def write(self, data: bytes) -> None:
        self.bench.port.incoming += self._wire.to_board(data)

    def read(self) -> bytes:
        """Return what arrived; if there is nothing, the board has some turns before."""
        self._reads += 1
        assert self._reads < _MOST_READS, "the host does not end"
        if not self._waiting:
            self._turn()
        data, self._waiting = self._waiting, b""
        return data

    def _turn(self) -> None:
        bench = self.bench
        for _ in range(_TURNS_PER_READ):
            self._now_us += _TURN_US
            bench.board.now = self._now_us
            # At its prompt, and restarting, it is no board of Rivulet's any more.
            if not self.released:
                bench.turns()
        bench.link.drain()
        self.models.add(bench.loop.model_hash)
        data, bench.port.outgoing = bench.port.outgoing, b""
        self._waiting = self._wire.to_host(data)
        if not self._waiting:
            self._now_us += _WAIT_US


class Client(Board):
    """The host's client at a board of this process; counts in `sealed` what it authorises."""

    def __init__(
        self,
        board: InProcessBoard,
        sealed: Counter[Command],
        key: bytes | None = None,
        keyed: bool = False,
    ) -> None:
        self._sealed = sealed
        board.open()
        super().__init__(board, key=key, keyed=keyed)

    def _seal(self, kind: int, payload: bytes) -> tuple[int, bytes]:
        sent, body = super()._seal(kind, payload)
        if sent == protocol.AUTHORISED:
            self._sealed[kind, payload] += 1
        return sent, body

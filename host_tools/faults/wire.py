"""Bytes that are lost, doubled or inserted between the real host client and a running board."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.faults import Given, Row
from host_tools.faults._boards import attempt, connected, push_again, virtual_board
from host_tools.faults._models import fresh_models
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from rivulet import protocol

_CTRL_C = 0x03  # on a line without other noise it is a person's, and ends the program
_RATE_HZ = 50.0

Harm = Callable[[random.Random, int], bytes]


def _inserted(draw: random.Random, byte: int) -> bytes:
    return bytes((byte, draw.choice([value for value in range(256) if value != _CTRL_C])))


_HARMS: dict[str, Harm] = {
    "lost": lambda draw, byte: b"",
    "doubled": lambda draw, byte: bytes((byte, byte)),
    "inserted": _inserted,
}


class Lossy:
    """Harms a share of the bytes, in both directions; keeps what the board really sent."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(seed)
        self.harm: Harm = _HARMS["lost"]
        self.share = 0.0
        self.hits = 0
        self.sent = bytearray()

    def _harmed(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            if self._draw.random() < self.share:
                self.hits += 1
                out += self.harm(self._draw, byte)
            else:
                out.append(byte)
        return bytes(out)

    def to_board(self, data: bytes) -> bytes:
        return self._harmed(data)

    def to_host(self, data: bytes) -> bytes:
        self.sent += data
        return self._harmed(data)


class Noting(Board):
    """The host's client, which also keeps the telemetry that it believed."""

    def __init__(self, port: str) -> None:
        self.believed: list[bytes] = []
        # Most of this fault's time is waiting for what is lost.
        super().__init__(port, timeout_scale=0.3)

    def _take(self, body: bytes) -> None:
        self.believed.append(body)
        super()._take(body)


@dataclass
class _Seen:
    hits: int = 0
    connected: int = 0
    pushed: int = 0
    refused: int = 0
    records: int = 0
    broken: list[str] = field(default_factory=list)


def _session(board: VirtualBoard, data: bytes, watch_s: float, seen: _Seen) -> None:
    """Connect, watch, push. Raises RivuletError unless the host is told that `data` is active."""
    wire = Noting(str(board.port))
    with wire:
        seen.connected += 1
        try:
            wire.subscribe(_RATE_HZ)
            for _ in wire.records(watch_s):
                pass
            wire.push(data)
        finally:
            seen.records += len(wire.believed)
            seen.broken += _false(board, wire.believed)


def _false(board: VirtualBoard, believed: list[bytes]) -> list[str]:
    """Telemetry that the host believed and the board never sent."""
    wire = board.wire
    assert isinstance(wire, Lossy)
    deframer = protocol.Deframer(4096)
    true = set()
    for byte in bytes(wire.sent):
        if deframer.feed(byte) == protocol.FRAME:
            true.add(bytes(deframer.body[: deframer.length]))
    return [f"a record that was never sent: {body.hex()}" for body in set(believed) - true]


def _try(
    board: VirtualBoard,
    cable: Lossy,
    harm: Harm,
    share: float,
    models: tuple[bytes, bytes],
    watch_s: float,
    seen: _Seen,
) -> None:
    """Push the new model of (old, new) over a line that does harm, and then over one that does
    not, so that it is active for sure."""
    before = cable.hits
    cable.sent.clear()
    cable.harm, cable.share = harm, share
    told = attempt(lambda: _session(board, models[1], watch_s, seen), seen.broken)
    cable.share = 0.0
    seen.pushed += told
    seen.refused += not told
    seen.hits += cable.hits - before
    with connected(board) as wire:
        seen.broken += push_again(wire, *models, told, f"{share:.2%} of the bytes harmed")


def run(given: Given) -> list[Row]:
    models = fresh_models(given.folder, given.seed)
    cable = Lossy(given.seed)
    rows = []
    shares = (0.0005,) if given.short else (0.0001, 0.001, 0.01, 0.1)
    watch_s = 0.6 if given.short else 1.5
    with virtual_board(given, wire=cable, moving=True) as board:
        with connected(board) as wire:
            old = next(models)
            wire.push(old)
        for share in shares:
            seen = _Seen()
            # Where hardly anything comes through, a session lasts until all patience is gone.
            for _ in range(given.times(full=6 if share < 0.01 else 2, short=1)):
                for harm in _HARMS.values():
                    new = next(models)
                    _try(board, cable, harm, share, (old, new), watch_s, seen)
                    old = new
            # A description of some hundred bytes does not come through where a hundredth is lost.
            if not seen.hits or (share < 0.01 and not seen.records):
                seen.broken.append("nothing was hit, or no record came: this tests nothing")
            rows.append(
                Row(
                    f"{share:.2%} of all bytes lost, doubled or inserted, in both directions",
                    seen.hits,
                    "a push succeeds or fails in one line; the active model is complete; no "
                    "record is wrong; the next host is answered",
                    f"{seen.pushed} pushes done, {seen.refused} given up; {seen.records} records, "
                    "all as sent",
                    seen.broken,
                )
            )
    return rows

"""What a model costs on a kind of board: time of an event, RAM and flash."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.boards import list_boards
from host_tools.cost.table import Table, read_table
from host_tools.cost.work import Work, count_work
from host_tools.errors import RivuletError

# Beyond this many times the largest model that was measured, a figure is an estimate.
_BEYOND = 1.5
# Fewer sizes say little about others.
_CERTAIN = 3
# Of the free heap: weights need it in one piece, and an event and a decision leave garbage.
_USABLE = 0.9
# A model is on trial in one slot while the other keeps the one before.
_SLOTS = 2


@dataclass(frozen=True)
class Estimate:
    """The cost of a model on one kind of board."""

    board: str
    description: str
    estimated: bool  # False: from measurements on this board
    basis: str  # what the figures come from
    event_us: float  # inputs applied to outputs ready
    events_per_s: float  # of the whole loop, without the sensor's bus
    ram_bytes: int
    ram_free_bytes: int  # beside the running program
    flash_bytes: int  # two slots
    flash_free_bytes: int
    problems: tuple[str, ...]  # why it does not fit, one line each

    @property
    def fits(self) -> bool:
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return dataclasses.asdict(self) | {"problems": list(self.problems), "fits": self.fits}


def estimate(model: Path, board: str) -> Estimate | None:
    """Return a model's cost on the board called `board`; None for a board without figures.

    Raises RivuletError.
    """
    table = read_table(board)
    return None if table is None else _estimate(count_work(model), table)


def estimates(model: Path) -> list[Estimate]:
    """Return a model's cost on every known board with figures. Raises RivuletError."""
    work = count_work(model)
    tables = (read_table(name) for name in list_boards())
    return [_estimate(work, table) for table in tables if table is not None]


def _estimate(work: Work, table: Table) -> Estimate:
    event_us, certain, basis = _time(work, table)
    event_us *= table.scale(work)
    # One fit for all cells of an arithmetic: what a model keeps are its tensors and its state.
    ram = table.heap_bytes_of(work)
    flash = _SLOTS * work.file_bytes
    problems = []
    if ram > _USABLE * table.heap_bytes:
        problems.append(
            f"RAM: the model needs about {kilobytes(ram)}, and of the "
            f"{kilobytes(table.heap_bytes)} that the program leaves, a model can use "
            f"{kilobytes(_USABLE * table.heap_bytes)}"
        )
    if flash > table.flash_free_bytes:
        problems.append(
            f"flash: two slots of {kilobytes(work.file_bytes)} need {kilobytes(flash)}, and "
            f"{kilobytes(table.flash_free_bytes)} are free"
        )
    if not table.measured:
        basis = f"estimate: {table.source}"
    return Estimate(
        board=table.board.name,
        description=table.board.description,
        estimated=not (table.measured and certain),
        basis=basis,
        event_us=round(event_us, 1),
        events_per_s=round(1e6 / (event_us + table.loop_us / table.faster), 1),
        ram_bytes=ram,
        ram_free_bytes=table.heap_bytes,
        flash_bytes=flash,
        flash_free_bytes=table.flash_free_bytes,
        problems=tuple(problems),
    )


def _time(work: Work, table: Table) -> tuple[float, bool, str]:
    """Return (µs on the measured board, whether that size was covered, what it comes from)."""
    fit = table.time(work.cell, work.arithmetic)
    if fit is None:
        fit = table.time("decay", work.arithmetic)
        if fit is None:
            raise RivuletError(f"boards/{table.on} has no measured models to estimate from")
        return (
            fit.at(work.evaluations, work.multiply_adds),
            False,
            f"estimate: no {work.cell} cell was measured in {work.arithmetic}; by the "
            "multiply-adds of the decay cell",
        )
    us = fit.at(work.evaluations, work.multiply_adds)
    count = f"{fit.points} model{'s' if fit.points > 1 else ''}"
    kind = f"{count} of {work.cell} in {work.arithmetic}, on {table.source}"
    if fit.points < _CERTAIN:
        return us, False, f"estimate: by the multiply-adds of {kind}"
    if work.multiply_adds > _BEYOND * fit.largest:
        return us, False, f"estimate: larger than all measured; extrapolated from {kind}"
    return us, True, f"measured: {kind}; the fit is within {fit.error:.0%} of each"


def kilobytes(count: float) -> str:
    """Return bytes as text."""
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.0f} bytes"

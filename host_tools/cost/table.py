"""The measured costs of a kind of board: boards/<name>/cost.json.

bench/costs.py writes the rows under "models". Those under "documented" are measurements that
docs/integers.md, docs/bench and models/activity show; those under "heaps" are from a build of
MicroPython for a 32-bit computer, whose objects have the same size as a board's.

A board that nobody measured names one `like` it; its figures are scaled from that one's.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.boards import BoardDefinition, load_board
from host_tools.cost.work import Work
from host_tools.errors import RivuletError

FILE = "cost.json"
# Terms of a fit, (constant, first size, second size): which may be there, the likelier first.
_TERMS = ([0, 1, 2], [1, 2], [0, 2], [0, 1], [2], [1], [0])


@dataclass(frozen=True)
class Fit:
    """Non-negative terms of a cost: constant, per unit evaluated or byte, per multiply-add."""

    terms: NDArray[np.float64]
    error: float  # largest relative deviation from a measured point
    largest: float  # the largest size that was measured
    points: int

    def at(self, *sizes: float) -> float:
        return float(self.terms @ np.array([1.0, *sizes]))


@dataclass(frozen=True)
class Table:
    """What is known of a kind of board's speed and room."""

    board: BoardDefinition
    measured: bool
    source: str
    heap_bytes: int  # free beside the running program
    flash_free_bytes: int  # for models, beside two firmwares
    loop_us: float  # of the whole loop around the model, an event
    kernel: str
    viper_times: dict[str, float]  # cell -> time of viper in those of the assembler
    models: list[dict[str, Any]]
    heaps: list[dict[str, Any]]
    faster: float  # clock rate in that of the board that `models` were measured on
    on: str  # that board

    def time(self, cell: str, arithmetic: str) -> Fit | None:
        """Return the fit of an event's time, None if no size was measured."""
        rows = [
            row
            for row in self.models
            if row["event_us"] and (row["cell"], row["arithmetic"]) == (cell, arithmetic)
        ]
        if not rows:
            return None
        return _fit([(r["evaluations"], r["multiply_adds"], r["event_us"]) for r in rows])

    def heap_bytes_of(self, work: Work) -> int:
        """Return what a model and an event take of the heap.

        Fitted by units and bytes of tensors to the 32-bit build, and scaled to the models that
        were loaded on the board itself.
        """
        fit = _fit([_heap_row(row) for row in self.heaps if row["arithmetic"] == work.arithmetic])
        ratios = [
            taken / fit.at(units, size)
            for units, size, taken in (_heap_row(r) for r in self.models if _loaded(r, work))
        ]
        return round(fit.at(work.units, work.tensor_bytes) * float(np.median(ratios or [1.0])))

    def scale(self, work: Work) -> float:
        """Return the time here in that of the board that was measured."""
        slower = 1.0
        if work.arithmetic == "int8" and self.kernel == "viper":
            slower = self.viper_times.get(work.cell, max(self.viper_times.values()))
        return slower / self.faster


def read_table(name: str) -> Table | None:
    """Return what is known of the board called `name`; None without figures. Raises RivuletError.

    The board made of software has none: its speed and room are this computer's.
    """
    board = load_board(name)
    path = board.folder / FILE
    if not path.is_file():
        return None
    try:
        own = json.loads(path.read_text(encoding="utf-8"))
        base = own
        if "like" in own:
            base = json.loads((load_board(own["like"]).folder / FILE).read_text(encoding="utf-8"))
        return Table(
            board=board,
            measured=base is own,
            source=own["source"],
            heap_bytes=own["heap_bytes"],
            flash_free_bytes=own["flash_free_bytes"],
            loop_us=base["loop_us"],
            kernel=own.get("kernel", ""),
            viper_times=base["viper_times"],
            models=base["models"] + base["documented"],
            heaps=base["heaps"],
            faster=own["clock_mhz"] / base["clock_mhz"],
            on=own.get("like", name),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RivuletError(f"{path} is no table of costs: {error}") from None


def _loaded(row: dict[str, Any], work: Work) -> bool:
    return "heap_bytes" in row and row["arithmetic"] == work.arithmetic


def _heap_row(row: dict[str, Any]) -> tuple[float, float, float]:
    return row["units"], row["tensor_bytes"], row["heap_bytes"] + row["garbage_bytes"]


def _fit(rows: list[tuple[float, float, float]]) -> Fit:
    """Fit value = a + b x + c y with a, b, c from 0, by the smallest sum of relative errors²."""
    points = np.array(rows, dtype=np.float64)
    design = np.column_stack([np.ones(len(points)), points[:, :2]]) / points[:, 2:]
    # As many terms as points would fit anything.
    most = max(1, len(points) - 1)
    best: tuple[float, NDArray[np.float64]] | None = None
    for chosen in (each for each in _TERMS if len(each) <= most):
        part = np.linalg.lstsq(design[:, chosen], np.ones(len(points)), rcond=None)[0]
        if (part < 0).any():
            continue
        terms = np.zeros(3)
        terms[chosen] = part
        residual = float(np.square(design @ terms - 1).sum())
        if best is None or residual < best[0] - 1e-12:
            best = residual, terms
    assert best is not None  # one term alone is never below 0
    terms = best[1]
    error = float(np.abs(design @ terms - 1).max())
    return Fit(terms, error, float(points[:, 1].max()), len(points))

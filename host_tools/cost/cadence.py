"""Whether a board holds the cadence of a model's policy."""

from pathlib import Path

from host_tools.boards import list_boards
from host_tools.cost.estimate import estimate
from host_tools.cost.table import read_table
from host_tools.model_header import read_settings
from rivulet.model import fed

# What a decision takes beside moving the model, on an emulated Pico: docs/guards.md.
_BESIDE_US = {True: 1400.0, False: 2400.0}


def decision_us(model: Path, board: str) -> float | None:
    """Return what a decision of a model takes on a board; None for a board without figures.

    Raises RivuletError.
    """
    if board not in list_boards():
        return None
    cost, table = estimate(model, board), read_table(board)
    if cost is None or table is None:
        return None
    settings, _ = read_settings(model)
    # The outputs are peeked at, which moves a copy; a tick moves the model before.
    ticks = bool(fed.names(settings))
    moves = ticks + (not ticks or settings["policy"].get("horizon_ms", 0) > 0)
    return moves * cost.event_us + _BESIDE_US["arithmetic" in settings] / table.faster


def cadence_fault(model: Path, board: str) -> str:
    """Return what is wrong with a model's cadence on a board, "" if nothing is known to be.

    Raises RivuletError.
    """
    us = decision_us(model, board)
    cadence_us = read_settings(model)[0]["policy"]["cadence_us"]
    if us is None or us < cadence_us:
        return ""
    return (
        f"the policy decides every {cadence_us / 1000:g} ms, and a decision takes about "
        f"{us / 1000:.2g} ms on {board}: a longer cadence_us, a smaller model, or one in integers"
    )

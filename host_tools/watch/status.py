"""A board's status document, with figures derived from it."""

from typing import Any

from host_tools import tau
from host_tools.errors import RivuletError
from host_tools.link import documents
from host_tools.link.wire import Board
from host_tools.project import feeding
from rivulet.latency import percentile
from rivulet.sensing.clock import PERIOD


def status_of(board: Board) -> dict[str, Any]:
    """Return the board's status document with uptime_s and percentiles of what it counts.

    Raises RivuletError.
    """
    status = board.status()
    missing = documents.missing(status)
    if missing:
        raise RivuletError(
            f"{board.port}: the board's firmware is older than this host and does not report "
            f"{missing[0]}: run 'rivulet flash'"
        )
    facts: dict[str, Any] = dict(status)
    facts["port"] = board.port
    facts["micropython"] = board.description["micropython"]
    facts["machine"] = board.description["machine"]
    epoch, ticks = facts.pop("uptime_epoch"), facts.pop("uptime_ticks")
    facts["uptime_s"] = (epoch * PERIOD + ticks) / 1e6
    latency = facts.pop("event_cost_us")
    facts["event_cost_p50_us"] = percentile(latency, 0.50)
    facts["event_cost_p99_us"] = percentile(latency, 0.99)
    if "decision_late_us" in facts:
        late = facts.pop("decision_late_us")
        facts["decision_late_p50_us"] = percentile(late, 0.50)
        facts["decision_late_p99_us"] = percentile(late, 0.99)
    facts["unfed"], facts["unit_differences"] = _feeding(board.description)
    return facts


def _feeding(description: documents.Description) -> tuple[list[str], list[str]]:
    """Return the model's channels that no sensor feeds, and those whose units differ, in words."""
    model = description["model"]
    if model is None:
        return [], []
    fed = feeding.fed_by(description)
    differences = feeding.unit_differences(model["channels"], model["units"], fed)
    return model["unfed"], [str(each) for each in differences]


def tau_outside(board: Board) -> list[int] | None:
    """Return the units whose tau is outside its range in training, None if that is not known.

    Takes one telemetry record: a running subscription ends.
    """
    model = board.description["model"]
    if model is None:
        return None
    validated = tau.from_provenance(model, model["hidden"])
    record = board.sample(("alpha",)) if validated else None
    return tau.outside(validated, record.tau) if record is not None else None

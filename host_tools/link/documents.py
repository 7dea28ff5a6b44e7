"""Checks a board's documents (JSON) before the host works with them.

A document is not authenticated: a device in the line can forge it. A document of another shape
than the host relies on is refused with one line, so it causes no traceback and no endless loop.
"""

import json
from typing import Any

from rivulet import protocol

# A shape is a type, a range of integers, a value, [shape of each entry], [shape, shape, ...] of an
# entry each, {name: shape}, {"*": shape of every entry}, or a tuple of values and, last, a shape.
# A name that ends in "?" may be missing. float: any finite number.
Shape = Any

_COUNT = range(1 << 53)
_UNITS = range(1 << 16)
_BUCKETS = range(160)  # as many as latency.py has
_HUGE = 1e300
_TEXTS = [str]

_MODEL: Shape = {
    "hash": str,
    "cell": str,
    "hidden": _UNITS,
    "channels": _TEXTS,
    "units": _TEXTS,
    "outputs": _UNITS,
    "classes": (None, _TEXTS),
    "unfed": _TEXTS,
    "tau_s?": object,  # free text of a model file; its reader takes anything
    "fraction_bits?": [range(64)] * len(protocol.BLOCKS),
    "normalisation?": {"offset": [float], "scale": [float]},
}
_DESCRIPTION: Shape = {
    "board": str,
    "machine": str,
    "micropython": str,
    "sensors": [{"name": str, "channels": _TEXTS, "units": _TEXTS}],
    "model": (None, _MODEL),
}
# Shown by `rivulet status` only. Firmware that is older than this host may lack some of it.
_SHOWN: Shape = {
    "board": str,
    "firmware": str,
    "backend": str,
    "kernel": (None, str),
    "cell": (None, str),
    "hidden": _UNITS,
    "channels": _UNITS,
    "outputs": _UNITS,
    "uptime_epoch": _COUNT,
    "uptime_ticks": _COUNT,
    "events": _COUNT,
    "late": _COUNT,
    "coalesced": [_COUNT],
    "dropped": [_COUNT],
    "bus_errors": [_COUNT],
    "bad_values": [_COUNT],
    "actuator_errors": _COUNT,
    "state_resets": _COUNT,
    "guard_trips": _COUNT,
    "guard": str,
    "outputs_stale": bool,
    "sensors": [
        {
            "name": str,
            "age_ms": _COUNT,
            "trouble": _TEXTS,
            "channels?": _TEXTS,
            "units?": _TEXTS,
            "error?": str,
        }
    ],
    "actuators?": [{"name": str, "value": (None, float), "error": str}],
    "faults?": _COUNT,
    "fault?": str,
    "swaps": _COUNT,
    "started": str,
    "snapshots": _COUNT,
    "snapshot_trouble": str,
    "boot_error": str,
    "event_cost_us": [[_BUCKETS, _COUNT]],
    "event_cost_worst_us": _COUNT,
    "gc_worst_us": _COUNT,
    "telemetry_sent": _COUNT,
    "telemetry_dropped": _COUNT,
    "frames_corrupt": _COUNT,
    "frames_oversized": _COUNT,
    "heap_free": _COUNT,
    "heap_low": _COUNT,
    "probes": _COUNT,
    "firmware_trouble": str,
    "access": ("open", "keyed", "closed"),
    "access_unauthorised?": _COUNT,
    "access_forged?": _COUNT,
    "access_delayed?": _COUNT,
    "access_error?": str,
    "signed_by?": str,
    "version_at_least?": _COUNT,
    "slot": ("", "a", "b"),
    "slot_hashes": [str, str],
    "trial_starts": _COUNT,
    "boots": _COUNT,
    "resets": {"*": _COUNT},
    "reverts": _COUNT,
    "reverted": [str, str],
    "failures": _COUNT,
    "failure": str,
    "safe_mode": str,
    "store_trouble": str,
    "incoming": (None, [_COUNT, str]),
    "received": _COUNT,
}
_STATUS: Shape = {
    "model_hash": str,
    "trial": bool,
    "trial_left_s": _COUNT,
    **{name.rstrip("?") + "?": shape for name, shape in _SHOWN.items()},
}
_SHAPES = {protocol.DESCRIBE: _DESCRIPTION, protocol.STATUS: _STATUS}


def read(kind: int, text: bytes) -> dict[str, Any]:
    """Parse and check the document that answers a request of this kind. Raises ValueError.

    Its texts are made printable. Entries that this host does not know are kept.
    """
    try:
        document: dict[str, Any] = _cleaned(json.loads(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    _check(document, _SHAPES[kind], "it")
    model = document.get("model")
    if model is not None and "fraction_bits" in model:
        scales = model.get("normalisation")
        count = len(model["channels"])
        if scales is None or not len(scales["offset"]) == len(scales["scale"]) == count:
            raise ValueError("model.normalisation does not have an entry a channel")
    return document


def missing(status: dict[str, Any]) -> list[str]:
    """Return the names that `rivulet status` shows and this document lacks."""
    return [name for name in _SHOWN if not name.endswith("?") and name not in status]


def printable(text: str) -> str:
    """Return the text with every character replaced that is not printable within a line."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {printable(name): _cleaned(each) for name, each in value.items()}
    return value


def _check(value: Any, shape: Shape, name: str) -> None:
    """Raise ValueError, with the name of the first value that does not have its shape."""
    if isinstance(shape, tuple):
        if value not in shape[:-1]:
            _check(value, shape[-1], name)
    elif isinstance(shape, dict):
        _check_object(value, shape, name)
    elif isinstance(shape, list):
        if not isinstance(value, list) or (len(shape) > 1 and len(value) != len(shape)):
            raise ValueError(f"{name} is not a list of its length")
        shapes = shape if len(shape) > 1 else shape * len(value)
        for number, (entry, its) in enumerate(zip(value, shapes, strict=True)):
            _check(entry, its, f"{name}[{number}]")
    elif not _is(value, shape):
        raise ValueError(f"{name} is not what it should be")


def _check_object(value: Any, shape: dict[str, Shape], name: str) -> None:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not an object")
    for key, its in shape.items():
        if key == "*":
            for each in value:
                _check(value[each], its, f"{name}.*")
        elif key.rstrip("?") in value:
            _check(value[key.rstrip("?")], its, key.rstrip("?"))
        elif not key.endswith("?"):
            raise ValueError(f"{key} is missing")


def _is(value: Any, shape: Shape) -> bool:
    if isinstance(shape, range):
        return type(value) is int and value in shape
    if shape is float:
        return type(value) in (int, float) and abs(value) < _HUGE
    if isinstance(shape, type):
        return isinstance(value, shape)
    return bool(value == shape)

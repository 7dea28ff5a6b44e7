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


def _each(shape: Shape, names: str) -> Shape:
    return dict.fromkeys(names.split(), shape)


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
    **_each(str, "board firmware backend started guard failure safe_mode boot_error"),
    **_each(str, "firmware_trouble snapshot_trouble store_trouble"),
    **_each((None, str), "kernel cell"),
    **_each(_UNITS, "hidden channels outputs"),
    **_each(_COUNT, "uptime_epoch uptime_ticks boots reverts failures trial_starts swaps"),
    **_each(_COUNT, "events late actuator_errors state_resets guard_trips snapshots probes"),
    **_each(_COUNT, "telemetry_sent telemetry_dropped frames_corrupt frames_oversized received"),
    **_each(_COUNT, "event_cost_worst_us gc_worst_us heap_free heap_low"),
    **_each([_COUNT], "coalesced dropped bus_errors bad_values"),
    "event_cost_us": [[_BUCKETS, _COUNT]],
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
    **_each(str, "fault? resting?"),
    "access": ("open", "keyed", "closed"),
    **_each(_COUNT, "access_unauthorised? access_forged? access_delayed? version_at_least?"),
    **_each(str, "access_error? signed_by?"),
    "slot": ("", "a", "b"),
    "slot_hashes": [str, str],
    "resets": {"*": _COUNT},
    "reverted": [str, str],
    "incoming": (None, [_COUNT, str]),
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

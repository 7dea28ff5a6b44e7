"""Model files that contradict themselves, and what is to be true of one that is taken."""

import io
import json
import random
from array import array
from pathlib import Path
from typing import Any

from host_tools.faults._models import write_model
from rivulet import model as device_model
from rivulet.control.policy import policy_of
from rivulet.model.self_test import try_out

# As JSON: some are of the right kind somewhere, most are not.
_VALUES = (
    *("null", "true", "0", "1", "-1", "3", "1.5", "1e999", "1e39", "-1e-40", "1073741824"),
    *(
        '""',
        '"a"',
        '"abc"',
        '"mean"',
        '"int8"',
        '"t_us"',
        '"y0"',
        '"a,b"',
        '"\\n"',
        '"\\u001b[2J"',
    ),
    *('"\\n"', '"\\ud800"', "[]", "{}", "[[]]"),
    *("[0]", "[1, 2, 3]", '["a", "b", "c"]', '["a", "a", "b"]'),
    *('{"a": 1}', '{"a": 1, "a": 2}', '{"min": 2, "max": 1}', "[1e999, 0, 0]", "[NaN, 0, 0]"),
    *("not JSON", "NaN", "Infinity", "[1, 2", "{}{}"),
    *("1" + "0" * 400, "[" * 200 + "]" * 200),
)


_POLICY: dict[str, Any] = {
    "cadence_us": 20000,
    "horizon_ms": 40,
    "classes": {"hysteresis": 0.1, "dwell_ms": 300, "confidence": 0.6},
    "states": [
        {"name": "idle", "to": [["y0", ">", 0.5, 200, "go"], ["class", "==", "none", 0, "go"]]},
        {"name": "go", "to": [["time", ">=", 2, 0, "idle"]]},
    ],
    "controllers": [
        {"name": "one", "kind": "pid", "input": "y0", "kp": 1, "ki": 0.5, "limits": [-1, 1]},
        {
            "name": "two",
            "kind": "state_feedback",
            "inputs": ["y0", "calm"],
            "schedule": {"by": "y1", "at": [0, 1], "gains": [[1, 2], [3, 4]]},
        },
    ],
}


def bases(folder: Path) -> list[bytes]:
    """Return good files, floats and integers: a decay cell, a cascade, and one with a policy."""
    guards = {"state": {"min": -2, "max": 2, "action": "clamp"}}
    path = folder / "base.safetensors"
    found = []
    for units, own in ((4, {"hidden": 4}), (6, {"hidden": 3, "cell": "cascade"})):
        extra: dict[str, Any] = {"guards": guards, "warm_start": {"prior": [0.0] * units}} | own
        found += [write_model(path, 1, integers=whole, **extra) for whole in (False, True)]
    found += [
        write_model(path, 1, hidden=4, policy=_POLICY, integers=whole) for whole in (False, True)
    ]
    return found


def _packed(text: bytes, tensors: bytes) -> bytes:
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + tensors


def _anywhere(draw: random.Random, value: Any, changed: Any) -> Any:
    """Return a JSON value with one element of it replaced or left out."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        key = draw.choice(sorted(value))
        if draw.random() < 0.2:
            return {name: each for name, each in value.items() if name != key}
        return value | {key: _anywhere(draw, value[key], changed)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        at = draw.randrange(len(value))
        if draw.random() < 0.2:
            return value[:at] + value[at + 1 :]
        return [*value[:at], _anywhere(draw, value[at], changed), *value[at + 1 :]]
    return changed


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def mutant(draw: random.Random, base: bytes) -> bytes:
    """Return a model file changed at one place."""
    length = int.from_bytes(base[:8], "little")
    header, tensors = json.loads(base[8 : 8 + length]), base[8 + length :]
    metadata = header["__metadata__"]
    names = sorted(name for name in header if name != "__metadata__")
    name = draw.choice(names)
    how = draw.randrange(8)
    if how < 2:
        metadata[draw.choice(sorted(metadata))] = draw.choice(_VALUES)
    elif how < 4:
        key = draw.choice(sorted(metadata))
        changed = _anywhere(draw, _parsed(metadata[key]), _parsed(draw.choice(_VALUES)))
        metadata[key] = changed if isinstance(changed, str) else json.dumps(changed)
    elif how == 4:
        header[name] = _anywhere(draw, header[name], _parsed(draw.choice(_VALUES)))
    elif how == 5:
        begin, end = header[name]["data_offsets"]
        moved = draw.choice((-8, -4, 4, 8, end - begin))
        header[name]["data_offsets"] = [begin + moved, end + moved]
        tensors += bytes(draw.choice((0, abs(moved))))
    elif how == 6:
        text = json.dumps(header)
        piece = f'"{name}": {json.dumps(header[draw.choice(names)])}, '
        return _packed((text[0] + piece + text[1:]).encode(), tensors)
    else:
        data = bytearray(base)
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(min(len(data), 8 + length))
            data[at] = draw.randrange(256)
        return bytes(data[: draw.randrange(len(data))] if draw.random() < 0.2 else data)
    return _packed(json.dumps(header).encode("utf-8", "surrogatepass"), tensors)


def verdict(data: bytes) -> tuple[bool, str]:
    """Return whether this host takes a file, and what is wrong with that; "" if nothing is."""
    try:
        settings, tensors = device_model.read_header(io.BytesIO(data), len(data))
        device_model.check(settings, tensors)
        model = device_model.load(io.BytesIO(data), len(data))
        try_out(model)
        channels = tuple(range(len(model.channels)))
        for dt_us in (0, 1000, 10_000_000):
            model.event(dt_us, channels, [0.5] * len(channels))
            list(model.physical(2))
        outputs = array("f", model.physical(2))
        policy = policy_of(model.settings, len(outputs))
        policy.decide(outputs, 20000)
        if policy.controllers:
            driven = array("f", bytes(4 * (len(outputs) + len(policy.controllers))))
            policy.drive(outputs, driven, 20000)
    except device_model.ModelError as error:
        said = str(error)
        plain = said.isprintable() and 0 < len(said) <= 200
        return False, "" if plain else f"not a plain line: {said!r}"
    except Exception as error:
        return False, f"raised {error!r}: {data[8:400]!r}"
    return True, _misread(settings, tensors, data)


def _misread(settings: dict[str, Any], tensors: dict[str, Any], data: bytes) -> str:
    """Return what no board may take; written without the validator."""
    channels, normalisation = settings["channels"], settings["normalisation"]
    if not isinstance(channels, list) or len({str(name) for name in channels}) != len(channels):
        return f"took channels {channels!r}"
    for values in (normalisation["offset"], normalisation["scale"]):
        if [type(value) in (int, float) and abs(value) < 3.5e38 for value in values] != [
            True
        ] * len(channels):
            return f"took a normalisation {normalisation!r}"
    if type(settings["policy"]["cadence_us"]) is not int:
        return f"took a policy {settings['policy']!r}"
    spans = sorted((begin, end) for _, begin, end in tensors.values())
    whole = len(data) - 8 - int.from_bytes(data[:8], "little")
    covered = [begin for begin, _ in spans] + [whole] == [0] + [end for _, end in spans]
    return "" if covered else f"took tensors at {spans} of {whole} bytes"

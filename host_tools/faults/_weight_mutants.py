"""Weights and metadata of which one element is something else, for the converter."""

import io
import random
import warnings
from typing import Any

import numpy as np

from host_tools.convert import Arrays, Settings, convert
from host_tools.errors import RivuletError
from rivulet import model as device_model

_UNITS, _INPUTS = 3, 2
_ODD: tuple[Any, ...] = (
    *(None, True, 0, 1, -1, 3, 2.5, float("nan"), float("inf"), 1e300, 10**400, 1j, "", "a", "ab"),
    *("mean", "pure", "\ud800", "a\nb", [], {}, [[]], [None], [1, [2]], ["a", "b"], ["a", "a"]),
    *({"a": 1}, {1: 2}, (1, 2), {3}, b"bytes", object(), np.float32(2), np.int8(1), np.bool_(1)),
    *(np.ones(2), np.ones((2, 2)), np.ones(3), np.zeros((0, 3)), np.ones(3, complex)),
    *(np.array(["1", "2", "3"]), np.array(None), np.array([1, None, 2]), np.full(3, np.nan)),
    *(
        np.full(3, 1e39),
        np.ma.masked_array(np.ones(3), np.array([0, 1, 0])),
        np.array("x"),
        range(3),
    ),
)


def _dense(draw: np.random.Generator, name: str, rows: int, columns: int) -> Arrays:
    return {f"{name}.weight": draw.normal(size=(rows, columns)), f"{name}.bias": np.zeros(rows)}


def _decay(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    n, m = _UNITS, _INPUTS
    weights = _dense(draw, "readout", 2, n)
    for gate in ("alpha", "drive"):
        weights |= {f"{gate}.recurrent": draw.normal(size=(n, n)), f"{gate}.bias": np.zeros(n)}
        weights[f"{gate}.input"] = draw.normal(size=(n, m))
    return weights, {"alpha_min": 0.1, "alpha_max": 10.0, "drive": "relaxing"}


def _ctrnn(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    weights, _ = _decay(draw)
    kept = {name: value for name, value in weights.items() if not name.startswith("alpha")}
    return kept | {"tau_s": np.ones(_UNITS)}, {"cell": "ctrnn"}


def _node(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    weights = _dense(draw, "readout", 2, _UNITS)
    weights |= _dense(draw, "layers.0", 4, _UNITS + _INPUTS) | _dense(draw, "layers.1", _UNITS, 4)
    return weights, {"cell": "node", "step_s": 0.1, "activation": "tanh"}


def _cascade(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    weights = _dense(draw, "readout", 2, 2)
    for k, (units, below) in enumerate(((_UNITS, 0), (2, _UNITS)), start=1):
        for gate in ("alpha", "drive"):
            name = f"layer{k}.{gate}"
            weights[f"{name}.input"] = draw.normal(size=(units, _INPUTS))
            weights[f"{name}.bias"] = np.zeros(units)
            if below:
                weights[f"{name}.below"] = draw.normal(size=(units, below))
    return weights, {"cell": "cascade", "alpha_min": 0.1, "alpha_max": 10.0}


def _ltc(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    n, m = _UNITS, _INPUTS
    weights = {name: draw.uniform(0.2, 1, n) for name in ("gleak", "vleak", "cm")}
    for prefix, sources in (("", n), ("sensory_", m)):
        for name in ("w", "mu", "sigma", "erev"):
            weights[prefix + name] = draw.uniform(0.2, 1, (sources, n))
        weights[f"{prefix}sparsity_mask"] = np.ones((sources, n))
    settings = {"ode_unfolds": 6, "epsilon": 1e-8, "implicit_param_constraints": True}
    return _named(weights), _from("ltc") | settings | {"output_size": 2}


def _cfc(draw: np.random.Generator) -> tuple[Arrays, Settings]:
    weights = _dense(draw, "backbone.0", 4, _UNITS + _INPUTS)
    for head in ("ff1", "ff2", "time_a", "time_b"):
        weights |= _dense(draw, head, _UNITS, 4)
    return _named(weights), _from("cfc") | {"mode": "default", "activation": "lecun_tanh"}


def _named(weights: Arrays) -> Arrays:
    return {f"rnn_cell.{name}": value for name, value in weights.items()}


def _from(kind: str) -> Settings:
    return {"source": "ncps", "kind": kind, "time_unit_s": 1.0}


_COMMON: Settings = {
    "channels": ["a", "b"],
    "units": ["m", ""],
    "normalisation": {"offset": [0.5, 1.0], "scale": [1.0, 2.0]},
    "policy": {"cadence_us": 1000},
    "readout": "mean",
    "readout_tau_s": 1.0,
    "provenance": {"data": "none"},
    "warm_start": {"longest_s": 60},
    "guards": {"state": {"min": -1, "max": 1, "action": "clamp"}},
}


def _changed(draw: random.Random, value: Any) -> Any:
    """Return a value with one element of it odd."""
    if isinstance(value, dict) and value and draw.random() < 0.7:
        key = draw.choice(sorted(value))
        return value | {key: _changed(draw, value[key])}
    if isinstance(value, list) and value and draw.random() < 0.7:
        at = draw.randrange(len(value))
        return [*value[:at], _changed(draw, value[at]), *value[at + 1 :]]
    return draw.choice(_ODD)


def attempt(draw: random.Random) -> tuple[bool, str]:
    """Convert what is odd in one place. Returns whether it was taken, and what is wrong."""
    make = draw.choice((_decay, _cascade, _ctrnn, _node, _ltc, _cfc))
    weights: Any
    metadata: Any
    weights, metadata = make(np.random.default_rng(draw.randrange(1 << 30)))
    metadata = _COMMON | metadata
    how = draw.randrange(20)
    if how == 0:
        weights = draw.choice(_ODD)
    elif how == 1:
        metadata = draw.choice(_ODD)
    elif how < 9:
        weights = weights | {draw.choice(sorted(weights)): draw.choice(_ODD)}
    else:
        metadata = _changed(draw, metadata)
    odd = f"{make.__name__} {how} {metadata!r:.300}"
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            data = convert(weights, metadata).to_bytes()
            model = device_model.load(io.BytesIO(data), len(data))
            model.event(1000, (0, 1), [0.5, 0.5])
    except RivuletError as error:
        said = str(error)
        return False, "" if "\n" not in said and len(said) < 500 else f"no plain line: {said!r}"
    except device_model.ModelError as error:
        return True, f"made a file that no board takes: {error}: {odd}"
    except Exception as error:
        return False, f"raised {error!r}: {odd}"
    return True, f"warned: {warned[0].message}: {odd}" if warned else ""

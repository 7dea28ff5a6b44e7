"""Removes units from every layer of a cascade, before its weights are converted."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.build_model.least_squares import fit
from host_tools.convert import convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed, running

Floats = NDArray[np.floating]
Arrays = dict[str, np.ndarray]


def prune_layers(
    weights: Arrays, settings: dict[str, Any], share: float, calibration: EventTable | None = None
) -> Arrays:
    """Remove `share` of each layer's units: those whose contribution to other sums varies least.

    With a calibration, the sums are refitted to the units that are left. Raises RivuletError.
    """
    sizes = _sizes(weights)
    left = [size - round(share * size) for size in sizes]
    if not sizes or min(left) < 1:
        raise RivuletError(f"pruning {share:.0%} of layers of {sizes} units leaves one empty")
    seen = None if calibration is None else _seen(weights, settings, calibration, sizes)
    pruned = dict(weights)
    for k, (size, count) in enumerate(zip(sizes, left, strict=True), start=1):
        readers = _readers(weights, k, len(sizes))
        rows = {name: _rows(pruned, name) for name in readers}
        parts = [matrix[:, :size] for matrix in rows.values()]
        value: Floats = sum((w**2).sum(axis=0) / max(float(w.var()), 1e-30) for w in parts)
        if seen is not None:
            value = value * (np.diag(seen[k - 1])[:size] - seen[k - 1][:size, -1] ** 2)
        kept = np.sort(np.argsort(-value, kind="stable")[:count])
        pruned |= {
            name: array[kept] for name, array in pruned.items() if name.startswith(f"layer{k}.")
        }
        for name, matrix in rows.items():
            columns = np.concatenate([kept, np.arange(size, matrix.shape[1])])
            fitted = matrix[:, columns]
            if seen is not None:
                fitted = np.array([fit(seen[k - 1], columns, row) for row in matrix])
            pruned |= _arrays(name, fitted, count)
    return pruned


def _sizes(weights: Arrays) -> list[int]:
    sizes: list[int] = []
    while f"layer{len(sizes) + 1}.alpha.bias" in weights:
        sizes.append(len(weights[f"layer{len(sizes) + 1}.alpha.bias"]))
    return sizes


def _readers(weights: Arrays, k: int, depth: int) -> list[str]:
    """Return what reads layer k: gates of the next layer, or the readout."""
    if k == depth:
        return ["readout"]
    gates = [f"layer{k + 1}.{gate}" for gate in ("alpha", "drive")]
    return [gate for gate in gates if f"{gate}.below" in weights]


def _rows(weights: Arrays, name: str) -> Floats:
    """Return the rows of a reader over [the layer; inputs; 1]; a readout may have no inputs."""
    parts = ["weight"] if name == "readout" else ["below", "input"]
    bias = weights[f"{name}.bias"][:, None]
    return np.hstack([*(weights[f"{name}.{part}"] for part in parts), bias]).astype(np.float64)


def _arrays(name: str, rows: Floats, units: int) -> Arrays:
    if name == "readout":
        return {"readout.weight": rows[:, :-1], "readout.bias": rows[:, -1]}
    return {
        f"{name}.below": rows[:, :units],
        f"{name}.input": rows[:, units:-1],
        f"{name}.bias": rows[:, -1],
    }


def _seen(
    weights: Arrays, settings: dict[str, Any], calibration: EventTable, sizes: list[int]
) -> list[Floats]:
    """Return the second moments of what reads each layer: [the layer; inputs; 1]."""
    model = convert(weights, settings)
    normalisation = model.settings["normalisation"]
    offset, scale = np.array(normalisation["offset"]), np.array(normalisation["scale"])
    run = running(model)
    factors: list[list[Floats]] = [[] for _ in sizes]
    for gap_us, values in zip(calibration.gaps_us, calibration.values, strict=True):
        held = np.array(run.cell.input_floats)
        feed(run, int(gap_us), values)
        now = np.array(run.cell.input_floats)
        if model.settings["convention"] == "current":
            held = now
        layers = np.split(np.array(run.cell.state_floats), np.cumsum(sizes)[:-1])
        for seen, layer in zip(factors[:-1], layers[:-1], strict=True):
            seen.append(np.concatenate([layer, (held - offset) * scale, [1.0]]))
        features = np.array(run.readout.feature_floats)[-sizes[-1] :]
        beside = (now - offset) * scale if model.settings["readout_inputs"] else []
        factors[-1].append(np.concatenate([features, beside, [1.0]]))
    joint = [np.array(seen) for seen in factors]
    return [seen.T @ seen / len(seen) for seen in joint]

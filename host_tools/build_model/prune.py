"""Prunes connections or units of a trainer's weights, before they are converted.

The smallest weights go. With a calibration, the remaining ones are refitted by linear least
squares, without training: every sum stays as near as possible to its former value over the states
and inputs of the recording. Fine-tuning, where the weights' own recipe offers it, continues from
there.
"""

import importlib
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.build_model.least_squares import fit
from host_tools.build_model.prune_layers import prune_layers
from host_tools.convert import convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import trace
from host_tools.integers.sparse import GROUP, grouped
from host_tools.paths import ROOT, need_checkout

Floats = NDArray[np.floating]
Arrays = dict[str, np.ndarray]
Settings = dict[str, Any]

_GATES = ("alpha", "drive")


@dataclass(frozen=True)
class _Seen:
    """Second moments of the factors of every sum, over a calibration."""

    gates: Floats  # of [state, normalised inputs, 1]
    readout: Floats  # of [what the readout sees, 1]


def prune_connections(
    weights: Arrays, settings: Settings, share: float, calibration: EventTable | None = None
) -> Arrays:
    """Set `share` of the gates' weights to zero, in the blocks that `sparse` stores.

    In every eight rows the columns with the smallest sums of squares go. With a calibration, the
    weights are multiplied by the rms of their inputs first. Raises RivuletError.
    """
    _check_share(share)
    if settings.get("cell") == "cascade":
        raise RivuletError(
            "a cascade's kernels read every weight, so dropping connections saves nothing: use "
            "--prune-units"
        )
    _check_cell(weights)
    hidden = len(weights["alpha.bias"])
    gates = [np.hstack([weights[f"{g}.recurrent"], weights[f"{g}.input"]]) for g in _GATES]
    # Eight rows may belong to both gates, whose weights are of different sizes.
    relative = np.vstack([gate / max(float(gate.std()), 1e-30) for gate in gates])
    seen = None if calibration is None else _seen(weights, settings, calibration)
    if seen is not None:
        relative = relative * np.sqrt(np.diag(seen.gates)[:-1])
    order = np.argsort((grouped(relative) ** 2).sum(axis=1), axis=1, kind="stable")
    blocks = np.ones(order.shape, bool)
    np.put_along_axis(blocks, order[:, : round(share * order.shape[1])], False, axis=1)
    kept = np.repeat(blocks, GROUP, axis=0)[: 2 * hidden]
    pruned = dict(weights)
    for gate, mask in zip(_GATES, (kept[:hidden], kept[hidden:]), strict=True):
        rows = _gate(weights, gate)
        mask = np.hstack([mask, np.ones((hidden, 1), bool)])
        fitted = np.where(mask, rows, 0.0)
        if seen is not None:
            for row, columns in enumerate(mask):
                fitted[row, columns] = fit(seen.gates, np.flatnonzero(columns), rows[row])
        pruned |= _as_arrays(gate, fitted, hidden)
    return pruned


def prune_units(
    weights: Arrays, settings: Settings, share: float, calibration: EventTable | None = None
) -> Arrays:
    """Remove `share` of the units: those whose contribution to other sums varies least.

    Raises RivuletError.
    """
    _check_share(share)
    if settings.get("cell") == "cascade":
        return prune_layers(weights, settings, share, calibration)
    _check_cell(weights)
    hidden = len(weights["alpha.bias"])
    left = hidden - round(share * hidden)
    if left < 1:
        raise RivuletError(f"pruning {share:.0%} of {hidden} units leaves none")
    outward = [weights["alpha.recurrent"], weights["drive.recurrent"], weights["readout.weight"]]
    weight = sum((w**2).sum(axis=0) / max(float(w.var()), 1e-30) for w in outward)
    seen = None if calibration is None else _seen(weights, settings, calibration)
    if seen is not None:
        mean = seen.gates[:hidden, -1]
        weight = weight * (np.diag(seen.gates)[:hidden] - mean**2)
    kept = np.sort(np.argsort(-np.asarray(weight), kind="stable")[:left])
    columns = np.concatenate(
        [kept, np.arange(hidden, hidden + weights["alpha.input"].shape[1] + 1)]
    )
    pruned: Arrays = {}
    for gate in _GATES:
        rows = _gate(weights, gate)[kept]
        fitted = rows[:, columns]
        if seen is not None:
            fitted = np.array([fit(seen.gates, columns, row) for row in rows])
        pruned |= _as_arrays(gate, fitted, left)
    readout = np.hstack([weights["readout.weight"], weights["readout.bias"][:, None]])
    columns = np.append(kept, hidden)
    fitted = readout[:, columns]
    if seen is not None:
        fitted = np.array([fit(seen.readout, columns, row) for row in readout])
    return pruned | {"readout.weight": fitted[:, :-1], "readout.bias": fitted[:, -1]}


def fine_tune(weights: Arrays, settings: Settings) -> Arrays:
    """Continue training pruned weights by their own recipe; zeros stay zero. Raises RivuletError.

    The recipe is a file `fine_tune.py` with a function of this signature, in the folder of the
    script that the provenance names as `trained_by`.
    """
    need_checkout("--fine-tune")
    script = settings.get("provenance", {}).get("trained_by")
    folder = (ROOT / str(script)).parent
    if script is None or not (folder / "fine_tune.py").is_file():
        raise RivuletError(
            "these weights cannot be fine-tuned: their provenance names no recipe "
            f"(trained_by: {script}) with a fine_tune.py beside it; leave --fine-tune out"
        )
    sys.path.insert(0, str(folder))
    try:
        recipe = importlib.import_module("fine_tune")
    except ImportError as error:
        raise RivuletError(
            f"fine-tuning needs PyTorch: pip install 'rivulet[train]' ({error})"
        ) from None
    finally:
        sys.path.remove(str(folder))
    tuned: Arrays = recipe.fine_tune(weights, settings)
    return tuned


def connections(weights: Arrays) -> int:
    """Return how many of the gates' weights are not zero."""
    names = [f"{gate}.{part}" for gate in _GATES for part in ("recurrent", "input")]
    return sum(int(np.count_nonzero(weights[name])) for name in names)


def units(weights: Arrays) -> int:
    """Return the number of units, all layers of a cascade together."""
    return sum(len(value) for name, value in weights.items() if name.endswith("alpha.bias"))


def _check_share(share: float) -> None:
    if not 0.0 < share < 1.0:
        raise RivuletError(f"the share to prune must be above 0 and below 1, not {share:g}")


def _check_cell(weights: Arrays) -> None:
    if "alpha.recurrent" not in weights or "drive.recurrent" not in weights:
        raise RivuletError("only the weights of a decay cell or a cascade can be pruned")


def _gate(weights: Arrays, gate: str) -> Floats:
    parts = [weights[f"{gate}.{part}"] for part in ("recurrent", "input")]
    return np.hstack([*parts, weights[f"{gate}.bias"][:, None]]).astype(np.float64)


def _as_arrays(gate: str, rows: Floats, hidden: int) -> Arrays:
    return {
        f"{gate}.recurrent": rows[:, :hidden],
        f"{gate}.input": rows[:, hidden:-1],
        f"{gate}.bias": rows[:, -1],
    }


def _seen(weights: Arrays, settings: Settings, calibration: EventTable) -> _Seen:
    model = convert(weights, settings)
    normalisation = model.settings["normalisation"]
    offset, scale = np.array(normalisation["offset"]), np.array(normalisation["scale"])
    factors, features = [], []
    for state, held, feature in trace(model, calibration):
        factors.append(np.concatenate([state, (held - offset) * scale, [1.0]]))
        features.append(np.append(feature, 1.0))
    joint, read = np.array(factors), np.array(features)
    return _Seen(joint.T @ joint / len(joint), read.T @ read / len(read))

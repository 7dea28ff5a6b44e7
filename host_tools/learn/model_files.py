"""Makes model files of a trained network: what `rivulet convert --calibrate` does with weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from host_tools.build_model.usual_state import usual_state
from host_tools.convert import Arrays, ModelFile, convert
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.cells import integer_cell
from host_tools.integers.quantise import quantise
from host_tools.learn.dataset import Dataset
from host_tools.project import Project
from host_tools.tau import to_provenance
from host_tools.train.network import Network

# Events of the training part that calibrate a model; more would take long and change nothing.
_CALIBRATION = 20_000
# Time between decisions: the usual interval, within these bounds.
_SHORTEST_US, _LONGEST_US = 20_000, 1_000_000
# The tensors of a readout: of Rivulet's own cells, and of those of ncps.
_READOUTS = ("readout", "head")


@dataclass(frozen=True)
class ModelPair:
    """A trained model as floats, and as integers if they were asked for."""

    float32: ModelFile
    int8: ModelFile | None


def calibration(data: Dataset) -> EventTable:
    """Return events of the training part as one recording."""
    times, values, count, end = [], [], 0, 0
    for piece in data.training:
        some = piece.between(0, min(len(piece), _CALIBRATION - count))
        times.append(some.t_us - some.t_us[0] + end)
        values.append(some.values)
        count, end = count + len(some), int(times[-1][-1])
        if count == _CALIBRATION:
            break
    return EventTable(np.concatenate(times), np.concatenate(values))


def check_int8(project: Project, network: Network) -> None:
    """Raise RivuletError if the integer kernels do not run the network's cell."""
    try:
        cell = integer_cell(project.network.cell)
        cell.check(network.exported(0)[1])
    except RivuletError as error:
        raise RivuletError(f"{project.file}: train.int8: {error}; or write int8 = false") from None


def build(
    data: Dataset,
    network: Network,
    index: int,
    provenance: dict[str, Any],
    tau_s: np.ndarray,
    int8: bool,
    events: EventTable,
    policy: dict[str, Any],
) -> ModelPair:
    """Return the model files of one of the network's models. Raises RivuletError.

    tau_s: quantiles of each unit's time constant over the training part; events: calibrate;
    policy: the project's.
    """
    weights, own = network.exported(index)
    stated = _metadata(data, provenance | {"tau_s": to_provenance(tau_s)}, policy)
    model = convert(_in_units(data, weights), own | stated)
    model.settings["warm_start"] = {"prior": usual_state(model, events)}
    if not int8:
        return ModelPair(model, None)
    integers = quantise(model, events)
    said = integers.settings["provenance"] | {"converted": "quantised to int8"}
    integers.settings["provenance"] = said
    return ModelPair(model, integers)


def _in_units(data: Dataset, weights: Arrays) -> Arrays:
    """Return weights whose readout gives the targets in their units, not normalised."""
    if data.classes:
        return weights
    name = next(name for name in _READOUTS if f"{name}.weight" in weights)
    deviation = 1 / data.outputs.scale
    bias = weights[f"{name}.bias"] * deviation + data.outputs.offset
    weight = weights[f"{name}.weight"] * deviation[:, None]
    return weights | {f"{name}.weight": weight, f"{name}.bias": bias}


def _metadata(data: Dataset, provenance: dict[str, Any], policy: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that a board needs to run the weights, except the cell's own."""
    usual_us = round(data.median_gap_s() * 1e6)
    metadata = {
        "channels": data.channels,
        "units": data.units,
        "normalisation": {
            "offset": data.inputs.offset.tolist(),
            "scale": data.inputs.scale.tolist(),
        },
        "training_dt_us": usual_us,
        "policy": {"cadence_us": min(max(usual_us, _SHORTEST_US), _LONGEST_US)} | policy,
        "provenance": provenance,
    }
    if data.classes:
        return metadata | {"output": "class", "classes": data.classes}
    # A model file has no place for outputs' names; a person finds them here.
    named = {"targets": data.targets, "target_units": data.target_units}
    if data.horizon_s is not None:
        named["horizon_s"] = data.horizon_s  # type: ignore[assignment]
    metadata["provenance"] = provenance | named
    return metadata | {"output": "value"}

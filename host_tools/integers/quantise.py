"""Quantises a float model for the integer kernels: `convert --dtype int8`.

Inputs and state enter products as Q12. Nonlinearities and exponentials are tabulated on the host,
because a board's float32 would give other bits. `cells` has a file for each cell, `reference` has
the arithmetic.
"""

from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from host_tools.data.calibration import NARROWEST, ranges, uncovered
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.cells import Inputs, integer_cell
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT
from host_tools.integers.row_scales import Floats, Rows, most_bits, quantise_rows
from rivulet.integers.arithmetic import ONE
from rivulet.model import ADAPTING

_MOST_OUTPUT_BITS = 12
_RATE_BITS = 20
# What a board learns may need weights that are larger by this power of two.
_LEARNT_BITS = 3


def quantise(model: ModelFile, calibration: EventTable | None = None) -> ModelFile:
    """Return the int8 model of a float model. `calibration` sets and checks the inputs' ranges.

    Raises RivuletError for a model that the integer path does not run or cannot represent.
    """
    settings = model.settings
    cell = integer_cell(settings["cell"])
    cell.check(settings)
    channels = ranges(settings, calibration)
    warnings = list(model.warnings)
    if calibration is not None:
        warnings += uncovered(channels, calibration)
    normalisation = settings["normalisation"]
    scale = np.array(normalisation["scale"], dtype=np.float64)
    # The integers' normalisation maps each channel's range to +-8. Boards parse it, so it is
    # rounded to few digits.
    half = np.array([channel.half for channel in channels])
    integer_scale = np.array([float(f"{value:.6g}") for value in scale * NARROWEST / half])
    offset = np.array(normalisation["offset"], dtype=np.float64)
    inputs = Inputs(offset, integer_scale)
    made = cell.quantise(model, inputs, calibration)
    outputs, output_bits = _readout(model, made.state_scale, inputs)
    integer = {
        "arithmetic": "int8",
        "state_scale": made.state_scale,
        "output_bits": output_bits,
        "mean_rate": _mean_rate(settings, made.settings),
        "normalisation": {
            "offset": normalisation["offset"],
            "scale": integer_scale.tolist(),
            "folded": False,
        },
    }
    adapting = _adapting(model, made.state_scale, inputs)
    return ModelFile(
        {**made.tensors, **outputs.tensors("readout"), **adapting},
        {**settings, **integer, **made.settings},
        warnings + made.warnings,
    )


def _readout(model: ModelFile, state_scale: float, inputs: Inputs) -> tuple[Rows, int]:
    readout = model.tensors["readout.weight"].astype(np.float64)
    weights, bias = readout[:, :-1] * state_scale, readout[:, -1]
    limits = np.full(weights.shape[1], STATE_LIMIT)
    if model.settings.get("readout_inputs"):
        first = weights.shape[1] - len(inputs.scale)
        inward, folded = inputs.unfolded(readout[:, first:-1])
        weights, bias = np.hstack([weights[:, :first], inward]), bias + folded
        limits[first:] = INPUT_LIMIT
    bits = _output_bits(weights, bias)
    if "adaptation" in model.settings:
        bits = max(bits - _LEARNT_BITS, 0)
    names = [f"output {i}" for i in range(len(readout))]
    per_unit = np.full(len(bias), 2.0**bits)
    return quantise_rows(weights, bias, per_unit, limits, names), bits


def _adapting(model: ModelFile, state_scale: float, inputs: Inputs) -> dict[str, np.ndarray]:
    """Return the tensors of an adaptation for features as the integer readout reads them."""
    if "adaptation" not in model.settings:
        return {}
    prior, centre, scale = (model.tensors[name].astype(np.float64) for name in ADAPTING)
    units = np.full(len(centre), 1 / state_scale)
    zero = np.zeros(len(centre))
    if model.settings.get("readout_inputs"):
        first = len(centre) - len(inputs.scale)
        units[first:], zero[first:] = inputs.scale, inputs.offset
    centre = (centre - zero) * units
    scale = np.divide(scale, units, out=np.zeros_like(scale), where=units != 0)
    made = zip(ADAPTING, (prior, centre, scale), strict=True)
    return {name: tensor.astype(np.float32) for name, tensor in made}


def _output_bits(weights: Floats, bias: Floats) -> int:
    """Return the fractional bits of the outputs: as many as every row allows, at most 12."""
    bits = most_bits(weights, bias)
    if bits < 0:
        raise RivuletError(
            f"the readout has weights up to {np.abs(weights).max():.3g}: int8 arithmetic takes "
            f"up to {127 * STATE_LIMIT / 2:.3g}; scale the outputs down"
        )
    return min(bits, _MOST_OUTPUT_BITS)


def _mean_rate(settings: dict[str, Any], own: dict[str, Any]) -> int:
    """Return the rate of the readout's mean in the unit of the cell's rates."""
    if settings["readout"] != "mean":
        return 0
    # An LTC's interval is several steps, and its kernels know the length of one step only.
    unit: int = settings.get("unfolds", 1) << own.get("rate_bits", _RATE_BITS)
    rate = round(unit / float(settings["readout_tau_s"]))
    if not 1024 <= rate < ONE:
        raise RivuletError(
            f"readout_tau_s is {settings['readout_tau_s']:g} s; int8 arithmetic represents "
            f"{unit / ONE:.2g} to {unit / 1024:g} s"
        )
    return rate

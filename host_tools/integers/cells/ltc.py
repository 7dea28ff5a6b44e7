"""Quantises the LTC cell; firmware/rivulet/integers/ltc.py has the arithmetic.

A synapse's parameters have 16 bits each. In recordings through 32 neurons with parameters like
those of trained models, dense and sparse, 8 bits for w and w erev changed states by 0.3 to 0.6 %
of their range, 8 bits for sigma and mu by 0.1 to 0.15 %. 16 bits cost the kernels nothing and
change them by 0.001 %.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import ModelFile
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers import mixed
from host_tools.integers.cells import Inputs, Quantised
from host_tools.integers.reference import INPUT_LIMIT, STATE_LIMIT
from host_tools.integers.references.ltc import LtcReference
from host_tools.integers.row_scales import Floats, packed, power_of_two, rate_bits
from host_tools.integers.tables import decay_table, nodes, q15
from rivulet.integers.arithmetic import US_SCALE

__all__ = ["Reference", "check", "quantise"]

Reference = LtcReference

_Z_UNIT = 1024  # a synapse's argument of 1 as the table's argument z
_SIGMOID_RANGE = 16.0
_MOST_SOURCES = 256
_LARGEST = 32767
_DEEPEST_SHIFT = 30
# Of a synapse's argument before the shift; a kernel adds 2^14 to what is left of it.
_FARTHEST = 2.0**31 - 2.0**14
# Largest int32 sum; the rest is for rounding.
_ROOM = 0.98 * 2.0**31


@dataclass(frozen=True)
class _Synapses:
    """The synapses of the inputs or those of the neurons, ordered by target."""

    source: NDArray[np.int64]  # in [v; u]
    target: NDArray[np.int64]
    slope: Floats  # of the argument, in units of z, over the source's integers
    offset: Floats
    conductance: Floats
    current: Floats  # in units of the state's scale
    limit: int  # of the source's integers


def check(settings: dict[str, Any]) -> None:
    """Take every LTC."""


def quantise(model: ModelFile, inputs: Inputs, events: EventTable | None) -> Quantised:
    settings = model.settings
    tensors = {name: tensor.astype(np.float64) for name, tensor in model.tensors.items()}
    n, m = len(tensors["gleak"]), len(inputs.scale)
    # Behind the potentials stand the memories.
    width = 2 * n if settings["mixed_memory"] else n
    _check_values(tensors, n, width + m)
    least, warning = mixed.scale_of(model, inputs, events)
    scale = max(_state_scale(tensors), least)
    parts = _split(tensors, inputs, scale, settings["synapses"][0], width)
    leak = tensors["gleak"] + settings["epsilon"]
    rest = tensors["gleak"] * tensors["vleak"] / scale

    total, largest = leak.copy(), np.zeros(n)
    for part in parts:
        np.add.at(total, part.target, part.conductance)
        np.maximum.at(largest, part.target, part.conductance)
    # The unit of a neuron's sums. That of a synapse's parameters is 2^15 times as large.
    unit = np.maximum(total / _ROOM, largest / (_LARGEST * 32768.0))
    per_s = 1.0 / (tensors["cm"] * settings["time_unit_s"])
    # A multiplier, the rate of one unit of a sum, is at most a half.
    most = math.floor(math.log2(0.499 / float((unit * per_s).max())))
    bits = rate_bits(float((total * per_s).max()), most)
    scale_q28, step_shift = _step(settings["unfolds"])
    slopes, offsets, shifts = zip(*(_arguments(part) for part in parts), strict=True)
    made: dict[str, np.ndarray] = {
        "synapse.source": np.concatenate([part.source for part in parts]).astype(np.uint8),
        "synapse.sigma": np.concatenate(slopes).astype(np.int16),
        "synapse.offset": np.concatenate(offsets).astype(np.int32),
        "synapse.counts": np.concatenate(
            [np.bincount(part.target, minlength=n) for part in parts]
        ).astype(np.int16),
        "leak.bias": np.concatenate(
            [np.maximum(np.round(leak / unit), 1), np.round(rest / unit)]
        ).astype(np.int32),
        "rate.multiplier": packed(unit * per_s * 2.0**bits),
        "table.sigmoid": q15(1.0 / (1.0 + np.exp(-nodes(_SIGMOID_RANGE)))),
        "table.decay": decay_table(),
    }
    for name in ("conductance", "current"):
        values = [getattr(part, name) / (32768.0 * unit[part.target]) for part in parts]
        made[f"synapse.{name}"] = np.round(np.concatenate(values)).astype(np.int16)
    _prove(made, np.concatenate([part.target for part in parts]))
    own = {
        "rate_bits": bits,
        "step_micro": scale_q28,
        "step_shift": step_shift,
        "sensory_shift": shifts[0],
        "recurrent_shift": shifts[1],
    }
    memory, remembered = mixed.quantise(model, inputs, scale)
    warnings = [warning] if warning else []
    return Quantised({**memory, **made}, {**remembered, **own}, scale, warnings)


def _check_values(tensors: dict[str, Floats], n: int, sources: int) -> None:
    if sources > _MOST_SOURCES:
        raise RivuletError(
            f"{n} neurons, {sources - n} channels and memories: an LTC in int8 has at most "
            f"{_MOST_SOURCES} of all; convert it to float32"
        )
    for name in ("gleak", "synapse.w"):
        if (tensors[name] < 0.0).any():
            raise RivuletError(
                f"'{name.split('.')[-1]}' has negative values, so potentials are unbounded in "
                "int8: apply_weight_constraints, or convert it to float32"
            )


def _state_scale(tensors: dict[str, Floats]) -> float:
    """Return a power of two that bounds all potentials.

    A potential starts at 0 and stays between the potentials that it is drawn to.
    """
    reached = np.concatenate(
        [
            tensors["vleak"][tensors["gleak"] > 0.0],
            tensors["synapse.erev"][tensors["synapse.w"] > 0.0],
        ]
    )
    return power_of_two(max(float(np.abs(reached).max(initial=0.0)), 2.0**-6))


def _split(
    tensors: dict[str, Floats], inputs: Inputs, scale: float, sensory: int, width: int
) -> tuple[_Synapses, _Synapses]:
    """Return both kinds of synapses. width: of the state, behind which the inputs stand in v."""
    m = len(inputs.scale)
    found = []
    for first, end in ((0, sensory), (sensory, len(tensors["synapse.w"]))):
        order = first + np.argsort(tensors["synapse.target"][first:end], kind="stable")
        part = {
            name: tensors[f"synapse.{name}"][order]
            for name in ("w", "mu", "sigma", "erev", "source", "target")
        }
        source = part["source"].astype(np.int64)
        if end == sensory:
            # The mapped input over its integers: raw = q / (4096 scale) + offset.
            step = np.divide(1.0, inputs.scale, out=np.zeros(m), where=inputs.scale != 0)
            per_unit = (tensors["input.scale"] * step / 4096)[source]
            base = tensors["input.offset"] + tensors["input.scale"] * inputs.offset
            rest, limit = base[source], INPUT_LIMIT
            source = source + width
        else:
            per_unit, rest = np.full(len(order), scale / 4096), np.zeros(len(order))
            source, limit = source - m, STATE_LIMIT
        found.append(
            _Synapses(
                source,
                part["target"].astype(np.int64),
                part["sigma"] * per_unit * _Z_UNIT,
                part["sigma"] * (rest - part["mu"]) * _Z_UNIT,
                part["w"],
                part["w"] * part["erev"] / scale,
                limit,
            )
        )
    return found[0], found[1]


def _arguments(part: _Synapses) -> tuple[Floats, Floats, int]:
    """Return (sigma, offset, shift) with as many bits as the steepest synapse and int32 allow."""
    for shift in range(_DEEPEST_SHIFT, -1, -1):
        slope = np.round(part.slope * 2.0**shift)
        # Half a unit of z: the shift rounds down.
        offset = np.round(part.offset * 2.0**shift + (1 << shift >> 1))
        reach = np.abs(slope) * part.limit + np.abs(offset)
        if np.abs(slope).max(initial=0.0) <= _LARGEST and reach.max(initial=0.0) < _FARTHEST:
            return slope, offset, shift
    worst = int(np.argmax(reach))
    raise RivuletError(
        f"a synapse into neuron {part.target[worst]} takes its input times "
        f"{abs(part.slope[worst]) * part.limit / _Z_UNIT:.3g}, more than int8 arithmetic "
        f"represents ({_LARGEST * part.limit / _Z_UNIT:.3g}): convert it to float32"
    )


def _step(unfolds: int) -> tuple[int, int]:
    """Return the factor of `interval` for one of `unfolds` steps, with 15 bits, and its shift."""
    shift = max(0, math.ceil(math.log2(16384 * unfolds / US_SCALE)))
    return round(US_SCALE * 2.0**shift / unfolds), shift


def _prove(made: dict[str, np.ndarray], target: NDArray[np.int64]) -> None:
    for name, leak in zip(("conductance", "current"), np.split(made["leak.bias"], 2), strict=True):
        reach = np.abs(leak.astype(np.float64))
        np.add.at(reach, target, np.abs(made[f"synapse.{name}"].astype(np.float64)) * _LARGEST)
        worst = int(np.argmax(reach))
        if reach[worst] >= 2.0**31:
            raise RivuletError(
                f"the {name}s of neuron {worst} can reach a sum of {reach[worst]:.3g}, more than "
                "an int32 holds (2147483647): convert it to float32"
            )

"""The GRU of gru.c: its weights, its program, and the float GRU that it stands for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.bench import reference
from host_tools.bench.bare import RAM
from host_tools.paths import C_GRU

FLAGS = "-O2 -mcpu=cortex-m0plus -mthumb -ffreestanding -nostdlib"
# Nodes of a table at every 2^-5, from -8 to 8.
_NODES = 513

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Gru:
    """Weights in PyTorch's order: reset, update and new gate, one below the other."""

    input_weights: Floats
    state_weights: Floats
    input_bias: Floats
    state_bias: Floats

    @property
    def units(self) -> int:
        return int(self.state_weights.shape[1])

    @property
    def input_bits(self) -> int:
        return _bits(self.input_weights)

    @property
    def state_bits(self) -> int:
        return _bits(self.state_weights)

    def states(self, inputs: Floats) -> Floats:
        """Return the state after each row of inputs, from zero, shape (rows, units)."""
        state = np.zeros(self.units)
        made = []
        for row in inputs:
            a = np.split(self.input_weights @ row + self.input_bias, 3)
            b = np.split(self.state_weights @ state + self.state_bias, 3)
            reset, keep = _sigmoid(a[0] + b[0]), _sigmoid(a[1] + b[1])
            fresh = np.tanh(a[2] + reset * b[2])
            state = fresh + keep * (state - fresh)
            made.append(state)
        return np.array(made)

    def integers(self) -> dict[str, Ints]:
        """Return the arrays of gru_weights.h by name."""
        z = np.arange(_NODES) / 32 - 8
        made: dict[str, Floats] = {
            "input_weights": np.round(self.input_weights * 2.0**self.input_bits),
            "state_weights": np.round(self.state_weights * 2.0**self.state_bits),
            "input_bias": np.round(self.input_bias * 4096),
            "state_bias": np.round(self.state_bias * 4096),
            "sigmoid_table": np.round(_sigmoid(z) * 32767),
            "tanh_table": np.round(np.tanh(z) * 32767),
        }
        return {name: values.astype(np.int64) for name, values in made.items()}


def some(units: int, inputs: int) -> Gru:
    """Return a GRU with PyTorch's usual spread of random weights, the same at every call."""
    numbers = np.random.default_rng(1)
    spread = units**-0.5

    def drawn(*shape: int) -> Floats:
        return numbers.uniform(-spread, spread, shape)

    rows = 3 * units
    return Gru(drawn(rows, inputs), drawn(rows, units), drawn(rows), drawn(rows))


def build(gru: Gru, folder: Path) -> Path:
    """Compile the step to FOLDER/gru.elf. Raises RivuletError without the compiler."""
    types = {"weights": "int8_t", "bias": "int32_t", "table": "int16_t"}
    numbers = {
        "UNITS": gru.units,
        "INPUTS": gru.input_weights.shape[1],
        "INPUT_BITS": gru.input_bits,
        "STATE_BITS": gru.state_bits,
    }
    lines = [f"enum {{ {name} = {value} }};" for name, value in numbers.items()]
    for name, values in gru.integers().items():
        shape = "".join(f"[{size}]" for size in values.shape)
        kind = types[name.split("_")[1]]
        listed = ", ".join(map(str, values.ravel().tolist()))
        if values.ndim == 2:
            rows = (", ".join(map(str, row)) for row in values.tolist())
            listed = ", ".join(f"{{{row}}}" for row in rows)
        lines.append(f"static const {kind} {name}{shape} = {{{listed}}};")
    files.write_text(folder / "gru_weights.h", "\n".join(lines) + "\n")
    made = folder / "gru.elf"
    reference.compile_c(
        *FLAGS.split(),
        *(f"-Wl,-Ttext={RAM:#x}", "-Wl,-e,peer_step", f"-I{folder}", str(C_GRU)),
        *("-o", str(made), "-lgcc"),
    )
    return made


def _sigmoid(z: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-z)))


def _bits(weights: Floats) -> int:
    """Return the most bits behind the point with which every weight fits in int8."""
    return int(np.floor(np.log2(127 / np.abs(weights).max())))

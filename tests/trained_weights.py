"""Weights as trainers leave them, made by hand: neither PyTorch nor ncps is needed."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.convert import ModelFile
from rivulet import model as device_model

Arrays = dict[str, np.ndarray]
UNITS, INPUTS, OUTPUTS = 6, 3, 2
LTC = {"source": "ncps", "kind": "ltc", "time_unit_s": 1.0}
WIRED = {"source": "ncps", "kind": "cfc", "time_unit_s": 1.0, "mode": "default"}
CFC = WIRED | {"activation": "lecun_tanh"}


def ltc(units: int = UNITS) -> Arrays:
    random = np.random.default_rng(0)
    arrays: Arrays = {name: random.uniform(0.2, 1, units) for name in ("gleak", "vleak", "cm")}
    for prefix, sources in (("", units), ("sensory_", INPUTS)):
        for name in ("w", "mu", "sigma", "erev"):
            arrays[prefix + name] = random.uniform(0.2, 1, (sources, units))
        arrays[f"{prefix}sparsity_mask"] = (random.random((sources, units)) < 0.4).astype(float)
    arrays |= {"input_w": np.ones(INPUTS), "input_b": np.zeros(INPUTS)}
    arrays |= {"output_w": random.normal(size=OUTPUTS), "output_b": random.normal(size=OUTPUTS)}
    return {f"rnn_cell.{name}": value for name, value in arrays.items()}


def cfc(
    mode: str = "default", layers: int = 2, units: int = UNITS, layer_units: int = 5
) -> Arrays:
    random = np.random.default_rng(1)
    arrays: Arrays = {}
    width = INPUTS + units
    for i in range(layers):
        arrays |= dense(random, f"backbone.{2 * i}", layer_units, width)
        width = layer_units
    for name in ("ff1",) if mode == "pure" else ("ff1", "ff2", "time_a", "time_b"):
        arrays |= dense(random, name, units, width)
    if mode == "pure":
        arrays |= {"w_tau": random.normal(size=(1, units)), "A": np.ones((1, units))}
    return {f"rnn_cell.{name}": value for name, value in arrays.items()}


def dense(random: Any, name: str, rows: int, columns: int) -> Arrays:
    return {
        f"{name}.weight": random.normal(0, 0.5, (rows, columns)),
        f"{name}.bias": random.normal(0, 0.5, rows),
    }


def wired(layers: tuple[int, ...] = (4, 2)) -> Arrays:
    random = np.random.default_rng(2)
    arrays: Arrays = {}
    below = INPUTS
    for i, units in enumerate(layers):
        for name in ("ff1", "ff2", "time_a", "time_b"):
            arrays |= dense(random, f"rnn_cell.layer_{i}.{name}", units, below + units)
        mask = np.ones((units, below + units))
        mask[::2, : below - 1] = 0.0
        arrays[f"rnn_cell.layer_{i}.sparsity_mask"] = mask
        below = units
    return arrays


def lstm(units: int) -> Arrays:
    random = np.random.default_rng(3)
    arrays = dense(random, "lstm.input_map", 4 * units, INPUTS)
    return arrays | {"lstm.recurrent_map.weight": random.normal(size=(4 * units, units))}


def own(cell: str, units: int = UNITS, layer_units: tuple[int, ...] = (8, 7)) -> Arrays:
    """The weights of Rivulet's own ctrnn or node trainer."""
    random = np.random.default_rng(8)
    arrays = {
        "readout.weight": random.normal(size=(OUTPUTS, units)),
        "readout.bias": np.zeros(OUTPUTS),
    }
    if cell == "ctrnn":
        return arrays | {
            "tau_s": np.geomspace(0.1, 5.0, units),
            "drive.recurrent": random.normal(0, 0.4, (units, units)),
            "drive.input": random.normal(size=(units, INPUTS)),
            "drive.bias": random.normal(size=units),
        }
    width = units + INPUTS
    for i, rows in enumerate((*layer_units, units)):
        arrays |= dense(random, f"layers.{i}", rows, width)
        width = rows
    return arrays


CASCADE = {"cell": "cascade"}


def cascade(
    sizes: tuple[int, ...] = (4, 2), rates: str = "u", readout_inputs: bool = False, seed: int = 9
) -> Arrays:
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    below = 0
    for k, units in enumerate(sizes, start=1):
        for gate in ("alpha", "drive"):
            name = f"layer{k}.{gate}"
            arrays[f"{name}.input"] = random.normal(0, 0.7, (units, INPUTS))
            arrays[f"{name}.bias"] = random.normal(0, 0.7, units)
            if below and (gate == "drive" or rates == "v"):
                arrays[f"{name}.below"] = random.normal(0, 0.7, (units, below))
        below = units
    read = below + (INPUTS if readout_inputs else 0)
    arrays["readout.weight"] = random.normal(size=(OUTPUTS, read))
    return arrays | {"readout.bias": random.normal(size=OUTPUTS)}


def running(made: ModelFile, folder: Path) -> Any:
    made.save(folder / "m.safetensors")
    data = (folder / "m.safetensors").read_bytes()
    return device_model.load(BytesIO(data), len(data))

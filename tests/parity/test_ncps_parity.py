"""What ncps computes in float64 is what the device computes from the converted file.

Needs PyTorch and ncps: its own group of tests. The weights are made such that float32, which a
model file holds, has them exactly; the reference runs in float64, one step at a time, because
ncps' forward takes timespans for one sequence only.
"""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import from_ncps
from host_tools.data.event_table import read_table
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from host_tools.interpreter.find import find_micropython
from host_tools.paths import FIRMWARE, ROOT
from host_tools.simulate.replay import replay

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ncps", reason="needs ncps")

from ncps.torch import LTC, CfC  # noqa: E402
from ncps.wirings import NCP, AutoNCP, FullyConnected, Random  # noqa: E402
from torch import nn  # noqa: E402

_EVENTS = 500
_POSITIVE = ("gleak", "cm", "w", "sensory_w")


def _wiring(kind: str, units: int) -> Any:
    if kind == "AutoNCP":
        return AutoNCP(units, max(1, units // 4), sparsity_level=0.5, seed=units)
    if kind == "NCP":
        return NCP(units // 2, units // 3, units - units // 2 - units // 3, 2, 2, 3, 2, seed=1)
    if kind == "Random":
        return Random(units, max(1, units // 2), sparsity_level=0.6, random_seed=units)
    return FullyConnected(units, max(1, units // 2), self_connections=units % 2 == 0)


def _ltc(units: int, inputs: int, wiring: str | None = None, **options: Any) -> Any:
    return LTC(inputs, _wiring(wiring, units) if wiring else units, **options)


def _cfc(units: int, inputs: int, wiring: str | None = None, **options: Any) -> Any:
    return CfC(inputs, _wiring(wiring, units) if wiring else units, **options)


_CASES: dict[str, tuple[Any, int, int, dict[str, Any]]] = {
    "ltc": (_ltc, 8, 3, {}),
    "ltc-explicit-unfolds": (_ltc, 5, 1, {"implicit_param_constraints": False, "ode_unfolds": 3}),
    "ltc-linear": (_ltc, 6, 4, {"input_mapping": "linear", "output_mapping": "linear"}),
    "ltc-unmapped": (_ltc, 4, 2, {"input_mapping": None, "output_mapping": None}),
    "ltc-mixed": (_ltc, 7, 3, {"mixed_memory": True}),
    "ltc-autoncp-64": (_ltc, 64, 16, {"wiring": "AutoNCP"}),
    "ltc-ncp": (_ltc, 19, 6, {"wiring": "NCP"}),
    "ltc-random": (_ltc, 24, 5, {"wiring": "Random"}),
    "ltc-fullyconnected": (_ltc, 9, 2, {"wiring": "FullyConnected"}),
    "ltc-autoncp-mixed": (_ltc, 16, 4, {"wiring": "AutoNCP", "mixed_memory": True}),
    "cfc": (_cfc, 16, 6, {"backbone_units": 32}),
    "cfc-128": (_cfc, 32, 16, {}),
    "cfc-64": (_cfc, 64, 1, {"backbone_units": 24, "activation": "silu"}),
    "cfc-two-layers-relu": (
        _cfc,
        12,
        3,
        {"backbone_layers": 2, "backbone_units": 16, "activation": "relu"},
    ),
    "cfc-three-layers-tanh-dropout": (
        _cfc,
        4,
        2,
        {
            "backbone_layers": 3,
            "backbone_units": 9,
            "activation": "tanh",
            "backbone_dropout": 0.1,
        },
    ),
    "cfc-gelu": (_cfc, 10, 5, {"backbone_units": 20, "activation": "gelu"}),
    "cfc-no-backbone": (_cfc, 9, 4, {"backbone_layers": 0}),
    "cfc-no-gate": (_cfc, 11, 4, {"mode": "no_gate", "backbone_units": 16}),
    "cfc-pure": (_cfc, 13, 4, {"mode": "pure", "backbone_units": 16}),
    "cfc-projected": (_cfc, 8, 2, {"proj_size": 3, "backbone_units": 16}),
    "cfc-mixed": (_cfc, 8, 2, {"mixed_memory": True, "backbone_units": 16}),
    "cfc-autoncp-64": (_cfc, 64, 16, {"wiring": "AutoNCP"}),
    "cfc-ncp": (_cfc, 19, 6, {"wiring": "NCP"}),
    "cfc-ncp-no-gate": (_cfc, 17, 3, {"wiring": "NCP", "mode": "no_gate"}),
    "cfc-autoncp-pure": (_cfc, 20, 4, {"wiring": "AutoNCP", "mode": "pure"}),
    "cfc-autoncp-mixed": (_cfc, 16, 4, {"wiring": "AutoNCP", "mixed_memory": True}),
    "cfc-random": (_cfc, 10, 4, {"wiring": "Random"}),
    "cfc-fullyconnected": (_cfc, 6, 4, {"wiring": "FullyConnected"}),
}


def _module(name: str) -> Any:
    """A network of this kind whose weights float32 holds exactly, in float64."""
    make, units, inputs, options = _CASES[name]
    torch.manual_seed(sum(name.encode()))
    module = make(units, inputs, **options).eval()
    pure = options.get("mode") == "pure"
    with torch.no_grad():
        for key, weight in module.named_parameters():
            if not weight.requires_grad:
                continue
            if weight.dim() == 1 or "output" in key or key.endswith(("w_tau", "A")):
                weight += 0.2 * torch.randn_like(weight)
            elif pure:
                # A pure CfC is a linear recurrence at short intervals: keep it from exploding.
                weight *= 0.3
        module.double()
        if options.get("implicit_param_constraints", True):
            for key, weight in module.named_parameters():
                if key.startswith("rnn_cell.") and key.split(".")[1] in _POSITIVE:
                    effective = nn.functional.softplus(weight).float().double()
                    weight.copy_(torch.log(torch.expm1(effective)))
    return module


def _events(path: Path, inputs: int, seed: int, limits: tuple[int, int]) -> tuple[Any, Any]:
    """(inputs, intervals in us) of irregular events, log-uniform between the limits."""
    random = np.random.default_rng(seed)
    values = random.normal(0, 1, (_EVENTS + 1, inputs)).astype(np.float32)
    low, high = np.log10(limits)
    gaps = (10 ** random.uniform(low, high, _EVENTS)).astype(np.int64)
    gaps[:2] = limits
    now = 0
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_us", *(f"u{i}" for i in range(inputs))])
        for row, gap in zip(values, [0, *gaps], strict=True):
            now += int(gap)
            rows.writerow([now, *(repr(float(value)) for value in row)])
    return values.astype(np.float64), gaps


def _reference(module: Any, values: Any, gaps: Any, unit_s: float) -> tuple[Any, Any]:
    """(outputs, states) after each event but the first, which only sets the inputs."""
    state = torch.zeros(1, module.state_size, dtype=torch.float64)
    hx = (state, state.clone()) if module.use_mixed else state
    outputs, states = [], []
    with torch.no_grad():
        for row, gap in zip(values[1:], gaps, strict=True):
            span = torch.tensor([[int(gap) * 1e-6 / unit_s]], dtype=torch.float64)
            out, hx = module(torch.from_numpy(row)[None, None], hx, span)
            outputs.append(out[0, 0].numpy())
            states.append(torch.cat(hx if module.use_mixed else (hx,), 1)[0].numpy())
    return np.array(outputs), np.array(states)


def _table(path: Path) -> tuple[Any, Any, Any]:
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    table = np.array(rows, dtype=float)[1:]
    return tuple(  # type: ignore[return-value]
        table[:, [i for i, name in enumerate(header) if name.rstrip("0123456789") == block]]
        for block in ("y", "x", "tau")
    )


def _distance(found: Any, expected: Any) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.fixture(scope="module")
def tolerance() -> float:
    said = subprocess.run(
        [find_micropython(), "-c", "print(1.0 + 2.0**-40 == 1.0)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return 1e-4 if said.strip() == "True" else 1e-9


@pytest.mark.parametrize("name", _CASES)
def test_micropython_agrees_with_ncps(name: str, tmp_path: Path, tolerance: float) -> None:
    module = _module(name)
    model, events, out = (tmp_path / file for file in ("m.safetensors", "e.csv", "o.csv"))
    unit_s = 0.5 if "mixed" in name else 1.0
    from_ncps(module, time_unit_s=unit_s).save(model)
    # Seconds as the state's range allows them: see the module's docstring.
    values, gaps = _events(events, module.input_size, seed=len(name), limits=(100, 100_000_000))
    outputs, states = _reference(module, values, gaps, unit_s)
    replay(model, events, out)
    y, x, tau = _table(out)
    worst = max(_distance(x, states), _distance(y, outputs))
    print(f"parity {name}: {worst:.1e} of the state's range {np.abs(states).max():.2f}")
    assert worst <= tolerance
    assert (tau > 0.0).all() and np.isfinite(tau).all()


# The stand-in for ulab with a board's 32-bit floats, on CPython.
_FLOAT32 = """
import sys
from pathlib import Path
sys.modules["numpy"] = None
sys.path[:0] = sys.argv[1:3]
from rivulet import arrays
assert arrays.BACKEND == "plain"
arrays.plain._TYPECODE = "f"
arrays.plain.FLOAT_BYTES = arrays.FLOAT_BYTES = 4
from host_tools.simulate.replay import replay
replay(*map(Path, sys.argv[3:]), runtime="numpy")
"""


@pytest.mark.parametrize("name", ["ltc-ncp", "ltc-mixed", "cfc", "cfc-pure", "cfc-ncp"])
def test_float32_agrees_with_ncps(name: str, tmp_path: Path) -> None:
    module = _module(name)
    model, events, out = (tmp_path / file for file in ("m.safetensors", "e.csv", "o.csv"))
    from_ncps(module).save(model)
    values, gaps = _events(events, module.input_size, seed=3, limits=(100, 100_000_000))
    outputs, states = _reference(module, values, gaps, 1.0)
    subprocess.run(
        [sys.executable, "-c", _FLOAT32, FIRMWARE, ROOT, model, events, out], check=True
    )
    y, x, _ = _table(out)
    assert max(_distance(x, states), _distance(y, outputs)) <= 1e-4


@pytest.mark.parametrize("name", _CASES)
def test_integers_stay_near_ncps(name: str, tmp_path: Path) -> None:
    """In shares of the range that the state really has; eight bits of a weight are 0.4 %."""
    module = _module(name)
    path = tmp_path / "e.csv"
    values, gaps = _events(path, module.input_size, seed=len(name), limits=(100, 100_000_000))
    _, states = _reference(module, values, gaps, 1.0)
    model = from_ncps(module)
    integers = quantise(model, read_table(path, model.settings["channels"]))
    run = reference(integers.tensors, integers.settings)
    run.measured(0, values[0])
    found = []
    for row, gap in zip(values[1:], gaps, strict=True):
        run.measured(int(gap), row)
        found.append(run.states()[0])
    extent = float(states.max() - states.min())
    error = np.array(found) - states
    rms, worst = float(np.sqrt((error**2).mean())) / extent, float(np.abs(error).max()) / extent
    print(f"int8 {name}: {rms:.3%} rms, {worst:.2%} at most, of the range {extent:.2f}")
    fine = name.startswith("ltc") and "mixed" not in name
    assert rms < (0.001 if fine else 0.01)
    # A gate turns where its rate times a gap of 100 s crosses its offset: there eight bits show.
    assert worst < (0.01 if fine else 0.25)

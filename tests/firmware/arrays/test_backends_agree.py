"""One cell source, every arithmetic under it: the same events give the same numbers.

numpy in float64 is compared with the stand-in for ulab in float32 on CPython, and what the
MicroPython interpreter has: ulab, or the stand-in in its own float.
"""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert
from host_tools.interpreter.find import find_micropython, float_bytes
from host_tools.paths import FIRMWARE, ROOT
from host_tools.simulate.replay import replay

# Of float32, and of two ways to sum the same products in float64.
_TOLERANCE, _CLOSE = 1e-5, 1e-9
_HIDDEN, _CHANNELS = 16, ["a", "b", "c"]
# The stand-in as a board's 32-bit floats make it, where there is no numpy.
_PLAIN_FLOAT32 = """
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


def write_model(path: Path, **changes: Any) -> Path:
    random = np.random.default_rng(42)
    n, m = _HIDDEN, len(_CHANNELS)
    weights = {
        "readout.weight": random.normal(0, n**-0.5, (4, n)),
        "readout.bias": random.normal(0, 0.1, 4),
    }
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, n**-0.5, (n, n))
        weights[f"{gate}.input"] = random.normal(0, 0.7, (n, m))
        weights[f"{gate}.bias"] = random.normal(0, 1.0, n)
    metadata = {
        "channels": _CHANNELS,
        "alpha_min": 0.2,
        "alpha_max": 5.0,
        "readout": "mean",
        "readout_tau_s": 3.0,
        "normalisation": {"offset": [0.1, 0.0, -0.3], "scale": [1.0, 0.5, 2.0]},
    }
    convert(weights, metadata | changes).save(path)
    return path


def write_events(path: Path, count: int) -> Path:
    """Intervals from nothing to seconds, log-uniform; an event carries some channels."""
    random = np.random.default_rng(43)
    now = 0
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_us", *_CHANNELS])
        for _ in range(count):
            if random.random() > 0.1:
                now += int(10 ** random.uniform(0, 6.7))
            carried = random.random(3) < 0.6
            values = [f"{value:.6g}" for value in random.normal(0, 1, 3)]
            cells = [value if has else "" for value, has in zip(values, carried, strict=True)]
            rows.writerow([now, *cells])
    return path


def numbers(path: Path) -> tuple[list[str], np.ndarray]:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], np.array(rows[1:], dtype=float)


def compare(one: Path, other: Path, count: int, tolerance: float) -> None:
    names, expected = numbers(one)
    assert numbers(other)[0] == names
    found = numbers(other)[1]
    assert expected.shape == found.shape == (count, len(names))
    assert np.isfinite(found).all()
    # Not a comparison of things that stand still.
    assert (expected[:, 1:].std(axis=0) > 1e-3).all()
    # Time constants relative, states and outputs are around 1.
    scale = np.where([name.startswith("tau") for name in names], np.abs(expected), 1.0)
    worst = (np.abs(found - expected) / np.maximum(scale, 1e-9)).max(axis=0)
    assert worst.max() <= tolerance, dict(zip(names, worst, strict=True))


def on_plain(model: Path, events: Path, out: Path) -> None:
    command = [sys.executable, "-c", _PLAIN_FLOAT32, ROOT, FIRMWARE, model, events, out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr


def check(folder: Path, count: int, **changes: Any) -> None:
    model = write_model(folder / "model.safetensors", **changes)
    events = write_events(folder / "events.csv", count)
    expected, plain, device = (folder / name for name in ("numpy.csv", "plain.csv", "device.csv"))
    replay(model, events, expected, runtime="numpy")
    on_plain(model, events, plain)
    compare(expected, plain, count, _TOLERANCE)
    replay(model, events, device, runtime="micropython")
    close = float_bytes(find_micropython()) == 8
    compare(expected, device, count, _CLOSE if close else _TOLERANCE)


def test_ten_thousand_irregular_events(tmp_path: Path) -> None:
    check(tmp_path, 10_000)


@pytest.mark.parametrize("convention", ["previous", "current"])
@pytest.mark.parametrize("drive", ["relaxing", "additive"])
@pytest.mark.parametrize("integrator", ["exponential", "semi_implicit", "euler"])
def test_every_kind_of_model(tmp_path: Path, integrator: str, drive: str, convention: str) -> None:
    check(tmp_path, 300, integrator=integrator, drive=drive, convention=convention)


def test_the_readout_of_the_state(tmp_path: Path) -> None:
    check(tmp_path, 300, readout="state")

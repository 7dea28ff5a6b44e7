"""What reaches the actuators is in physical units: float32 bits against numpy, whole models."""

import subprocess
from array import array
from pathlib import Path

import numpy as np
import pytest
from fake_board import Bench
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from host_tools.convert import convert
from host_tools.integers.quantise import quantise
from host_tools.paths import FIRMWARE
from rivulet.arrays import float32
from rivulet.control.crossfade import STEPS
from rivulet.control.policies.values import probability
from tests.conftest import CHANNELS, random_weights
from tests.device.link.test_commands import push

_INT32 = st.integers(-(1 << 31), (1 << 31) - 1)
# What integers/tensors.py lets a model have, and far beyond it.
_BITS = st.one_of(st.integers(0, 30), st.integers(-140, 200))
_ON_MICROPYTHON = """
import sys
sys.path.insert(0, sys.argv[1])
from array import array
from rivulet.arrays import float32
for bits in map(int, sys.argv[4:]):
    with open(sys.argv[2], "rb") as file:
        integers = array("i", file.read())
    values = array("f", bytes(4 * len(integers)))
    float32.from_integers(integers, bits, values, len(integers))
    with open(sys.argv[3] + str(bits), "wb") as file:
        file.write(values)
"""


def expected(integers: np.ndarray, bits: int) -> np.ndarray:
    """numpy's float32, as words. A double holds every such number exactly."""
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(integers.astype(np.float64), -bits).astype(np.float32).view(np.uint32)


def words(integers: np.ndarray, bits: int) -> np.ndarray:
    values = array("f", bytes(4 * len(integers)))
    float32.from_integers(array("i", integers.tolist()), bits, values, len(integers))
    return np.frombuffer(values, np.uint32)


@given(st.lists(_INT32, min_size=1, max_size=20), _BITS)
def test_integers_become_numpys_float32(integers: list[int], bits: int) -> None:
    numbers = np.array(integers, np.int32)
    np.testing.assert_array_equal(words(numbers, bits), expected(numbers, bits))


def test_so_they_do_in_viper(tmp_path: Path, micropython: Path) -> None:
    random = np.random.default_rng(6)
    wide = random.integers(-(1 << 31), 1 << 31, 20_000)
    narrow = wide >> random.integers(0, 32, len(wide))
    edges = [sign * (2**n + d) for n in range(31) for d in (-1, 0, 1) for sign in (1, -1)]
    numbers = np.concatenate((wide, narrow, edges, [2**31 - 1, -(2**31)])).astype(np.int32)
    (tmp_path / "integers").write_bytes(numbers.tobytes())
    (tmp_path / "run.py").write_text(_ON_MICROPYTHON)
    tried = [0, 1, 10, 12, 29, 30, 31, 150, 170, -97, -105]
    command = [micropython, tmp_path / "run.py", FIRMWARE, tmp_path / "integers", tmp_path / "out"]
    done = subprocess.run(
        [*command, *map(str, tried)], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for bits in tried:
        found = np.frombuffer((tmp_path / f"out{bits}").read_bytes(), np.uint32)
        np.testing.assert_array_equal(found, expected(numbers, bits), str(bits))


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=12))
def test_the_probability_of_a_class_is_scipys_softmax(values: list[float]) -> None:
    given_values = array("f", values)
    for number, wanted in enumerate(softmax(values)):
        assert probability(given_values, number) == pytest.approx(wanted, rel=1e-12)


class Counts:
    """A sensor that gives its integers to models that take them."""

    name = "counts"
    channels = tuple(CHANNELS)
    units = ("m/s^2",) * 3 + ("rad/s",) * 3
    scales = (1 / 64,) * 6

    def __init__(self) -> None:
        self.counts = [0] * 6

    def start(self, handler: object) -> None:
        self.handler = handler

    def read_raw(self, out: "memoryview[int]") -> None:
        for i, count in enumerate(self.counts):
            out[i] = count

    def read(self, out: "memoryview[float]") -> None:
        for i, count in enumerate(self.counts):
            out[i] = count / 64


def test_a_model_acts_alike_in_floats_and_in_integers(tmp_path: Path) -> None:
    """The same weights, pushed in integers at run time: no actuator sees more than rounding."""
    weights, metadata = random_weights(hidden=8)
    model = convert(weights, metadata | {"output": "value", "classes": []})
    files = {}
    for name, made in (("float", model), ("int8", quantise(model))):
        made.save(tmp_path / f"{name}.safetensors")
        files[name] = (tmp_path / f"{name}.safetensors").read_bytes()
    benches = []
    for folder in (tmp_path / "stays", tmp_path / "changes"):
        folder.mkdir()
        benches.append(Bench(str(folder), files["float"], [Counts()]))
    random = np.random.default_rng(5)

    def live(decisions: int) -> np.ndarray:
        """How far apart the two boards' actuators were, by decision and output."""
        begun = [len(bench.board.decisions) for bench in benches]
        for _ in range(5 * decisions):
            counts = random.integers(-200, 200, 6).tolist()
            for bench in benches:
                bench.board.now += 20_000
                bench.sensors[0].counts = counts
                bench.board.event(0)
                bench.turns()
        found = [
            np.array([values for _, _, values in bench.board.decisions[at:]])
            for bench, at in zip(benches, begun, strict=True)
        ]
        assert np.abs(found[0]).max() > 0.1
        return np.abs(found[1] - found[0])

    assert live(10).max() == 0
    assert push(benches[1], files["int8"])[0] == 0
    assert benches[1].loop.model.integer and not benches[0].loop.model.integer
    assert live(3 * STEPS).max() < 0.03
    assert push(benches[1], files["float"])[0] == 0
    assert live(3 * STEPS).max() < 0.03

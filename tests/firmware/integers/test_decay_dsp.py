"""The kernel for cores with the DSP extension, run on emulated ones, gives the plain bits."""

import sys
from array import array

import pytest
from integer_files import integer_settings
from kernel_cases import Integers, cases, check_step

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE
from rivulet.integers import choice, dsp, layout
from rivulet.integers.model import IntegerModel

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_MODULE = FIRMWARE / "rivulet" / "integers" / "decay_dsp.py"
_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000
# sys.implementation._mpy of builds for a Cortex-M0+, for a Cortex-M3, and for cores that may have
# DSP, and the field SIMD of ID_ISAR3 with and without it.
_ARMV6M, _ARMV7M, _ARMV7EMSP = (arch << 10 | 0x306 for arch in (4, 5, 7))
_WITH, _WITHOUT = 3, 1


class Kernel:
    """The step on an emulated core."""

    def __init__(self, cpu: str) -> None:
        (code,) = machine_code(_MODULE, "armv7em")
        self._core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP), cpu=cpu)

    def step(self, words: array, weights: bytearray, dt_us: int, input_map: array) -> None:
        memory = self._core.uc
        for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
            memory.mem_write(at, bytes(data))
        self._core.call(_WORDS, _WEIGHTS, dt_us, _INPUT_MAP)
        assert bytes(memory.mem_read(_WEIGHTS, len(weights))) == weights
        words[:] = array("i", bytes(memory.mem_read(_WORDS, 4 * len(words))))


@pytest.mark.parametrize("cpu", ["M4", "M33", "M7"])
@pytest.mark.parametrize("seed", range(4))
def test_the_same_bits(cpu: str, seed: int) -> None:
    check_step(Kernel(cpu).step, Integers(400 + seed), 16, 8, dsp.arrange)


def board(monkeypatch: pytest.MonkeyPatch, mpy: int, simd: int, platform: str = "rp2") -> None:
    monkeypatch.setattr(choice, "_simd", lambda: simd)
    monkeypatch.setattr(sys.implementation, "_mpy", mpy, raising=False)
    monkeypatch.setattr(sys, "platform", platform)


@pytest.mark.parametrize(
    ("mpy", "simd", "platform", "has"),
    [
        (_ARMV7EMSP, _WITH, "rp2", True),
        (_ARMV7EMSP, _WITHOUT, "rp2", False),
        (_ARMV7EMSP, _WITH, "linux", False),
        (_ARMV7M, _WITH, "pyboard", False),
        (_ARMV6M, _WITH, "rp2", False),
    ],
)
def test_the_core_is_asked(
    monkeypatch: pytest.MonkeyPatch, mpy: int, simd: int, platform: str, has: bool
) -> None:
    board(monkeypatch, mpy, simd, platform)
    assert choice.has_dsp() is has


def test_no_register_is_read_on_other_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_simd", None)
    assert not choice.has_dsp()
    monkeypatch.setattr(sys.implementation, "_mpy", _ARMV6M, raising=False)
    assert not choice.has_dsp()


def model(sparse: bool) -> tuple[array, bytearray]:
    made = cases(Integers(31), 40)
    return next(case for case in made if bool(case[0][layout.SPARSE_AT]) == sparse)


@pytest.mark.parametrize(("sparse", "wanted"), [(False, "dsp"), (True, "python")])
def test_dense_models_use_it(monkeypatch: pytest.MonkeyPatch, sparse: bool, wanted: str) -> None:
    words, weights = model(sparse)
    before = bytes(weights)
    count = words[layout.INPUTS]
    settings = integer_settings(
        channels=[f"u{i}" for i in range(count)],
        normalisation={"offset": [0.0] * count, "scale": [1.0] * count},
    )
    monkeypatch.setattr(choice, "part", lambda _, __: Kernel("M4").step)
    board(monkeypatch, _ARMV7EMSP, _WITH)
    made = IntegerModel(settings, array("i", words), weights)
    assert made.kernel == wanted
    begin = words[layout.OUT_WEIGHTS_AT]
    assert (bytes(weights) == before) == sparse and bytes(weights[begin:]) == before[begin:]
    plain = IntegerModel.__new__(IntegerModel)
    board(monkeypatch, 0, 0)
    plain.__init__(settings, array("i", words), bytearray(before))  # type: ignore[misc]
    assert plain.kernel == "python"
    for dt_us in (0, 1000, 70000):
        values = [0.25 * (i + 1) for i in range(count)]
        for each in (made, plain):
            each.event(dt_us, each.slots(each.channels), values)
        assert list(made.raw(1)) == list(plain.raw(1)) and list(made.outputs()) == list(
            plain.outputs()
        )


def test_a_kernel_with_other_bits_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    words, weights = model(sparse=False)
    before = bytes(weights)

    def wrong(words: array, weights: bytearray, dt_us: int, input_map: array) -> None:
        Kernel("M4").step(words, weights, dt_us, input_map)
        words[words[layout.X_AT] >> 2] += 1 << 16

    monkeypatch.setattr(choice, "part", lambda _, __: wrong)
    assert dsp.kernel("decay", words, weights) is None and bytes(weights) == before

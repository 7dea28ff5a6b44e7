"""The assembler's parts of layered cells, run on an emulated Cortex-M, give the plain bits."""

import re
from array import array
from typing import Any

import layer_cases as made
import pytest
from kernel_cases import Integers

from host_tools.bench.machine_code import machine_code
from host_tools.paths import FIRMWARE
from rivulet.integers import (
    arithmetic,
    cfc,
    dsp,
    layers,
    layout,
    ltc,
    mixed,
    mixed_choice,
    wired_cfc,
)

pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
from host_tools.bench.core import Core  # noqa: E402

_KERNELS = FIRMWARE / "rivulet" / "integers"
_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000


class Part:
    """An assembler function on a core, by default with the instructions of a Cortex-M0 only."""

    def __init__(self, module: str, cpu: str = "M0") -> None:
        arch = "armv6m" if cpu == "M0" else "armv7em"
        (code,) = machine_code(_KERNELS / f"{module}.py", arch)
        self._core = Core(code, memory=(_WORDS, _WEIGHTS, _INPUT_MAP), cpu=cpu)

    def __call__(self, words: array, *arguments: Any) -> None:
        memory = self._core.uc
        memory.mem_write(_WORDS, bytes(words))
        given = [_WORDS]
        for argument in arguments:
            if isinstance(argument, int):
                given.append(argument)
            else:
                given.append(_WEIGHTS if isinstance(argument, bytearray) else _INPUT_MAP)
                memory.mem_write(given[-1], bytes(argument))
        self._core.call(*given)
        words[:] = array("i", bytes(memory.mem_read(_WORDS, 4 * len(words))))


@pytest.fixture(scope="module")
def parts() -> dict[str, Part]:
    return {name: Part(f"{name}_thumb") for name in ("layers", "apply", "average", "cfc", "ltc")}


def stepper(parts: dict[str, Part], name: str, build: Any = layers.stepper) -> Any:
    return build(parts["apply"], parts["layers"], parts[name], parts["average"])


@pytest.mark.parametrize("seed", range(10))
def test_cfc(parts: dict[str, Part], seed: int) -> None:
    made.check_step(cfc.step, stepper(parts, "cfc"), Integers(200 + seed), made.cfc, 8, 6)


@pytest.mark.parametrize("seed", range(5))
def test_wired_cfc(parts: dict[str, Part], seed: int) -> None:
    step, numbers = stepper(parts, "cfc", wired_cfc.stepper), Integers(400 + seed)
    made.check_step(wired_cfc.step, step, numbers, made.wired_cfc, 8, 6)


@pytest.mark.parametrize(
    ("name", "make", "cell", "advancer"),
    [
        ("cfc", made.cfc_mixed, cfc, mixed.after_seeing),
        ("cfc", made.wired_cfc_mixed, wired_cfc, wired_cfc.advancer),
        ("ltc", made.ltc_mixed, ltc, mixed.without_products),
    ],
)
def test_mixed_memory(
    parts: dict[str, Part], name: str, make: Any, cell: Any, advancer: Any
) -> None:
    def build(*kernels: Any) -> Any:
        return mixed.stepper(*kernels, mixed.remember, mixed.fit, advancer)

    plain = mixed_choice.plain_stepper(cell, advancer)
    made.check_step(plain, stepper(parts, name, build), Integers(500), make, 8, 6)


@pytest.mark.parametrize("seed", range(5))
def test_ltc(parts: dict[str, Part], seed: int) -> None:
    made.check_step(ltc.step, stepper(parts, "ltc"), Integers(200 + seed), made.ltc, 8, 6)


@pytest.mark.parametrize("cpu", ["M4", "M33", "M7"])
@pytest.mark.parametrize("seed", range(3))
def test_cfc_with_dsp(parts: dict[str, Part], cpu: str, seed: int) -> None:
    parts = parts | {"layers": Part("layers_dsp", cpu)}
    step, numbers = stepper(parts, "cfc"), Integers(300 + seed)
    made.check_step(cfc.step, step, numbers, made.cfc, 8, 6, dsp.arrange)
    step = stepper(parts, "cfc", wired_cfc.stepper)
    made.check_step(wired_cfc.step, step, numbers, made.wired_cfc, 8, 6, dsp.arrange)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        *(("cfc_viper", 1), ("ltc_viper", 1), ("mixed_viper", 1), ("average_thumb", 4)),
        *(("cfc_thumb", 4), ("layers_thumb", 4), ("ltc_thumb", 4)),
    ],
)
def test_offsets_are_the_headers(name: str, unit: int) -> None:
    text = (_KERNELS / f"{name}.py").read_text()
    own = dict(re.findall(r"^_([A-Z_]+) = const\((\d+)\)", text, re.MULTILINE))
    cell = {"cfc": cfc, "mixed": mixed}.get(name.partition("_")[0], ltc)
    known = {**vars(layout), **vars(layers), **vars(cell)}
    found = [constant for constant in own if constant in known]
    assert len(found) >= 1
    assert (mixed.FIRST, mixed.COUNT) == (cfc.FIRST, cfc.COUNT)
    if name == "cfc_viper":
        assert int(own["US_SCALE"]) == arithmetic.US_SCALE
    for constant in found:
        assert int(own[constant]) == unit * known[constant], constant

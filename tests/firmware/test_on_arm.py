"""The firmware on a 32-bit ARM interpreter: viper as Thumb-2, and the assembler's machine code."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.convert import convert, read_weights
from host_tools.errors import RivuletError
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import IntegerReference
from host_tools.paths import FIRMWARE, ROOT
from tests.arm import called_from_c, find_arm_micropython
from tests.firmware.test_device_suite import run_on

# What computes, and what writes to memory by pointers.
_MODULES = [
    *("test_clock", "test_ring", "test_decay_kernels", "test_integer_model", "test_guard"),
    "test_event_path",
    "test_steady_decisions",
    *(
        "test_action",
        "test_layer_kernels",
        "test_float32",
        "test_arrays",
        "test_motor",
        "test_plain",
        "test_policy",
        "test_protocol",
        "test_telemetry",
    ),
]
# Emulation is slow. The streams of events differ in their sensors alone, and one has both kinds.
# How a program ends is the same on every processor. The assembled tree has the viper kernels of
# layers as well, and one run of the plain ones serves both.
_LEFT_OUT = (
    *("test_two_counters", "test_a_counter_last"),
    "test_however_the_program_ends_the_motor_rests",
    *("test_kernels", "test_kernels_with_mixed_memory"),
)
_INTEGERS = [name for name in _MODULES if "kernels" in name or "integer" in name]
_RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
from rivulet import model
from rivulet.integers.cells import decay as choice
made = model.load(open(sys.argv[2], "rb"), os.stat(sys.argv[2])[6])
print(choice.KERNEL)
slots = made.slots(made.channels)
for dt_us, values in json.load(open(sys.argv[3])):
    made.event(dt_us, slots, values)
    print(list(made._x), list(made.outputs()))
"""


@pytest.fixture(scope="module")
def arm() -> Path:
    try:
        return find_arm_micropython()
    except RivuletError as error:
        pytest.skip(f"no MicroPython for ARM: {error}")


@pytest.fixture(scope="module")
def assembled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose integer kernels in assembler are the machine code of the real ones."""
    tree = tmp_path_factory.mktemp("assembled")
    for name in ("firmware", "tests"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, function, arguments in (
        ("apply_thumb", "apply", "PP"),
        ("average_thumb", "average", "P"),
        ("cfc_thumb", "move", "Pi"),
        ("decay_thumb", "step", "PPiP"),
        ("layers_thumb", "run", "PPi"),
        ("ltc_thumb", "move", "Pi"),
    ):
        kernel = tree / "firmware" / "rivulet" / "integers" / f"{name}.py"
        (code,) = machine_code(kernel, "armv7em")
        kernel.write_text(called_from_c(code, function, arguments))
    return tree


@pytest.mark.parametrize("module", _MODULES)
def test_viper_as_thumb_2(arm: Path, module: str) -> None:
    run_on(arm, ROOT, module, *_LEFT_OUT)


@pytest.mark.parametrize("module", _INTEGERS)
def test_the_assembler_in_an_interpreter(arm: Path, assembled: Path, module: str) -> None:
    run_on(arm, assembled, module)


@pytest.mark.parametrize("kernel", ["viper", "thumb"])
def test_a_model_gives_the_hosts_bits(
    arm: Path, assembled: Path, tmp_path: Path, kernel: str
) -> None:
    model = quantise(convert(*read_weights(ROOT / "models" / "activity" / "weights.npz")))
    file, script, events = (tmp_path / name for name in ("m.safetensors", "run.py", "events"))
    model.save(file)
    script.write_text(_RUN)
    random = np.random.default_rng(3)
    made = [
        (int(10 ** random.uniform(0, 8)), list(random.normal(0, 6, 6).round(3)))
        for _ in range(100)
    ]
    events.write_text(json.dumps(made))
    firmware = assembled / "firmware" if kernel == "thumb" else FIRMWARE
    done = subprocess.run(
        [arm, script, firmware, file, events], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    chosen, *lines = done.stdout.splitlines()
    assert chosen == kernel
    reference = IntegerReference(model.tensors, model.settings)
    for (dt_us, values), line in zip(made, lines, strict=True):
        reference.measured(dt_us, values)
        assert line == f"{reference.state[0].tolist()} {reference.outputs()[0].tolist()}"

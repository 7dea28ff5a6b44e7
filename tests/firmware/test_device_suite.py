"""The tests of tests/device on MicroPython: the firmware from source, and compiled to .mpy.

pytest runs the same files on CPython as well, where it finds them by itself.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from host_tools.deploy.mpy import compile_module, is_for
from host_tools.paths import FIRMWARE, ROOT

_TESTS = ROOT / "tests"
_TIMEOUT_S = 560  # a hang guard, below that of pytest
pytestmark = pytest.mark.timeout(600)
_MODULES = sorted(path.stem for path in (_TESTS / "device").rglob("test_*.py"))
# What these test is the firmware's logic, the same in both forms: the longest of all run once on
# MicroPython, in the form that boards get.
_LONG = {"test_hostile_models", "test_power_cuts", "test_signature"}


def run_on(micropython: Path, tree: Path, module: str, *without: str) -> None:
    """Run the tests of a module, those in `without` excepted."""
    left_out = [f"-{name}" for name in without]
    done = subprocess.run(
        [micropython, tree / "tests" / "device_runner.py", module, *left_out],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{module} on {micropython}:\n{done.stdout}"
    # Also when the interpreter left early with code 0.
    assert " passed, 0 failed" in done.stdout.splitlines()[-1]


@pytest.fixture(scope="session")
def compiled_tree(mpy_arch: str | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout whose firmware consists of .mpy files for the interpreter's processor."""
    if mpy_arch is None:
        pytest.skip("this interpreter does not load what mpy-cross compiles")
    tree = tmp_path_factory.mktemp("compiled")
    for path in FIRMWARE.rglob("*.py"):
        if not is_for(path, mpy_arch):
            continue
        name = path.relative_to(ROOT)
        target = (tree / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(compile_module(path, mpy_arch, name.as_posix()))
    shutil.copytree(_TESTS / "device", tree / "tests" / "device")
    shutil.copy(_TESTS / "device_runner.py", tree / "tests")
    return tree


@pytest.mark.parametrize("module", _MODULES)
def test_from_source(micropython: Path, mpy_arch: str | None, module: str) -> None:
    if module in _LONG and mpy_arch is not None:
        pytest.skip("runs compiled")
    run_on(micropython, ROOT, module)


@pytest.mark.parametrize("module", _MODULES)
def test_compiled(micropython: Path, compiled_tree: Path, module: str) -> None:
    run_on(micropython, compiled_tree, module)

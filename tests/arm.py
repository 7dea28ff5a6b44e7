"""MicroPython for 32-bit ARM on this computer: Debian's armhf build under qemu-user.

Both are unpacked into build/cache and never installed. That interpreter has viper, which it
compiles to Thumb-2, but no inline assembler: `called_from_c` makes a module that calls the
assembler's machine code instead.
"""

import fcntl
import shutil
import subprocess
from pathlib import Path

import pytest

from host_tools.bench.machine_code import machine_code
from host_tools.errors import RivuletError
from host_tools.interpreter import debian
from host_tools.paths import CACHE, FIRMWARE

# Any that carries the interpreter: a mirror may be without a sound list of one for ARM.
_SUITES = ("trixie", "forky")
_EMULATOR = "usr/bin/qemu-arm"
_INTERPRETER = "usr/bin/micropython"
_WRAPPER = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/native/{emulator}" "$here/{loader}" --library-path "$here/{libraries}" \\
    "$here/arm/{interpreter}" "$@"
"""
_CALLED = """\
import ffi
import uctypes

_CODE = {code!r}
_READ_WRITE_EXECUTE, _PRIVATE_ANONYMOUS = 7, 0x22
_library = ffi.open("libc.so.6")
_map = _library.func("p", "mmap", "piiiii")
_at = _map(0, len(_CODE), _READ_WRITE_EXECUTE, _PRIVATE_ANONYMOUS, -1, 0)
uctypes.bytearray_at(_at, len(_CODE))[:] = _CODE
{name} = ffi.func("i", _at | 1, "{arguments}")
"""


def find_arm_micropython(cache: Path = CACHE) -> Path:
    """The interpreter, obtained into `cache` if it is not there. Raises RivuletError."""
    target = cache / "micropython-arm"
    cache.mkdir(parents=True, exist_ok=True)
    # Tests run in several processes, and one download is enough.
    with (cache / "micropython-arm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _runs(target):
            _obtain(target)
    return target / "micropython"


def _runs(folder: Path) -> bool:
    try:
        said = subprocess.run(
            [folder / "micropython", "-c", "import sys; print(sys.maxsize)"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return said.stdout.strip() == str((1 << 31) - 1)


def _obtain(target: Path) -> None:
    if not debian.available():
        raise RivuletError("this system has no Debian package source")
    reasons = []
    for suite in _SUITES:
        shutil.rmtree(target, ignore_errors=True)
        try:
            _unpack(target, suite)
        except RivuletError as error:
            reasons.append(f"{suite}: {error}")
            continue
        if _runs(target):
            return
        reasons.append(f"{suite}: it does not run here")
    shutil.rmtree(target, ignore_errors=True)
    raise RivuletError("; ".join(reasons))


def _unpack(target: Path, suite: str) -> None:
    arm = debian.Packages(target / "apt-arm", suite, "armhf")
    arm.unpack(arm.needed_by("micropython"), target / "arm")
    native = debian.Packages(target / "apt-native", suite)
    native.unpack(["qemu-user"], target / "native", only=_EMULATOR)
    for folder in ("apt-arm", "apt-native"):
        shutil.rmtree(target / folder)
    loaders = sorted(target.glob("arm/usr/lib/**/ld-linux-armhf.so.*"))
    if not loaders:
        raise RivuletError("the packages are not as expected")
    text = _WRAPPER.format(
        emulator=_EMULATOR,
        interpreter=_INTERPRETER,
        loader=loaders[0].relative_to(target),
        libraries=loaders[0].parent.relative_to(target),
    )
    wrapper = target / "micropython"
    wrapper.write_text(text, encoding="utf-8")
    wrapper.chmod(0o755)


def called_from_c(code: bytes, name: str, arguments: str) -> str:
    """The source of a module whose function `name` is machine code; arguments: as ffi has them."""
    return _CALLED.format(code=code, name=name, arguments=arguments)


def run_with_a_unit(folder: Path, script: str) -> str:
    """Run a script beside a firmware whose modules for a floating-point unit call machine code.

    Returns what it prints; sys.argv[1] is the firmware's folder. Skips the test without the
    interpreter.
    """
    try:
        interpreter = find_arm_micropython()
    except RivuletError as error:
        pytest.skip(f"no MicroPython for ARM: {error}")
    tree = folder / "firmware"
    shutil.copytree(FIRMWARE, tree, ignore=shutil.ignore_patterns("__pycache__"))
    for name, function, arguments in (
        ("arrays/dot_fpu.py", "dot", "PPPP"),
        ("arrays/blend_fpu.py", "blend", "PPPi"),
        ("cells/decay_fpu.py", "step", "PP"),
    ):
        module = tree / "rivulet" / name
        (code,) = machine_code(module, "armv7emdp")
        module.write_text(called_from_c(code, function, arguments))
    (folder / "script.py").write_text(script)
    command = [interpreter, folder / "script.py", tree]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout

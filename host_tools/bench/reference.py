"""The integer step in C: step.c as machine code that a board can be handed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.paths import C_REFERENCE
from rivulet.integers.arithmetic import US_SCALE

ADVICE = "not measured: install the C compiler for ARM (apt-get install gcc-arm-none-eabi)"

_COMPILER = "arm-none-eabi-gcc"
_OPTIONS = (
    *("-O2", "-mcpu=cortex-m0plus", "-mthumb", "-fpic", "-ffreestanding"),
    *("-nostdlib", "-Wl,-Ttext=0", "-Wl,-e,step", f"-DUS_SCALE={US_SCALE}"),
)
# The weights as the assembler has them, and as one would lay them out in C: row after row.
_LAYOUTS = ((), ("-DROW_MAJOR",))


def compiled() -> list[tuple[bytes, int]] | None:
    """(code, where `step` begins in it) for each layout of the weights, the kernels' own first.

    The code runs wherever it lies. None without the compiler.
    """
    return None if shutil.which(_COMPILER) is None else compiled_or_raise()


def compiled_or_raise() -> list[tuple[bytes, int]]:
    """As `compiled`. Raises RivuletError without the compiler."""
    return [_compiled(layout) for layout in _LAYOUTS]


def compile_c(*arguments: str) -> None:
    """Run the C compiler for ARM. Raises RivuletError with its last line, or without it."""
    if shutil.which(_COMPILER) is None:
        raise RivuletError(ADVICE)
    _run(_COMPILER, *arguments)


def _compiled(layout: tuple[str, ...]) -> tuple[bytes, int]:
    with tempfile.TemporaryDirectory() as folder:
        linked, code = Path(folder) / "step.elf", Path(folder) / "step.bin"
        compile_c(*_OPTIONS, *layout, str(C_REFERENCE), "-o", str(linked), "-lgcc")
        symbols = _run("arm-none-eabi-nm", str(linked))
        _run("arm-none-eabi-objcopy", "-O", "binary", "-j", ".text", str(linked), str(code))
        entry = next(line for line in symbols.splitlines() if line.endswith(" T step"))
        return code.read_bytes(), int(entry.split()[0], 16)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RivuletError(f"{command[0]} failed: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout

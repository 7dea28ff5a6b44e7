"""Faults injected on purpose, a file each, and what became of what was promised.

A module of this package whose name does not begin with an underscore is a fault. It has one
function, `run(given) -> list[Row]`: it injects the fault as often as `given` asks for and returns
what was promised and what was seen. Adding a fault is adding a file; `rivulet faults` finds it.

    def run(given: Given) -> list[Row]:
        broken = []
        for cut in range(given.times(full=500, short=20)):
            ...
            if active not in (old, new):
                broken.append(f"cut {cut}: the active model is neither the old nor the new one")
        seen = f"{count} times the old one, {cut + 1 - count} times the new one"
        return [Row("power cut before write 1, 2, ...", cut + 1, "old or new", seen, broken)]

What runs on MicroPython is a program in host_tools/on_device/faults, started by `on_device`.
"""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import DEVICE_TESTS, FIRMWARE, ON_DEVICE

_PROGRAMS = ON_DEVICE / "faults"


@dataclass(frozen=True)
class Row:
    """One line of the table. `broken`: each promise that was not kept, in a few words."""

    injected: str
    times: int
    promised: str
    seen: str
    broken: Sequence[str] = ()


@dataclass(frozen=True)
class Given:
    """What a fault is run with: how thoroughly, from which seed, where and on what."""

    short: bool
    seed: int
    folder: Path  # empty, its own, removed afterwards
    interpreter: Path

    def times(self, full: int, short: int) -> int:
        """How often to inject: `full` for the table, `short` within the tests."""
        return short if self.short else full

    def on_device(
        self, program: str, *, heap: str | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """Run a program of host_tools/on_device/faults on MicroPython; what it reports.

        The program finds `parameters` in the dict GIVEN, the firmware and the fakes of
        tests/device on its path, and `folder` as its working directory; the last line it prints
        is its report, a JSON object. `heap` is as the interpreter's -X heapsize takes it; None:
        as large as the times ask for. Each collection walks the whole heap.
        """
        heap = heap or ("4M" if self.short else "32M")
        file = self.folder / "program.py"
        paths = [str(FIRMWARE), str(DEVICE_TESTS), str(_PROGRAMS)]
        file.write_text(
            f"import sys; sys.path[:0] = {paths!r}; GIVEN = {parameters!r}\n"
            + (_PROGRAMS / f"{program}.py").read_text(encoding="utf-8"),
            encoding="utf-8",
        )
        command = [str(self.interpreter), "-X", f"heapsize={heap}", str(file)]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.times(full=1500, short=280),
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
        if done.returncode or not lines:
            # Where it happened stands in the lines before the exception's.
            said = "; ".join(map(str.strip, lines[-3:])) or f"it ended with {done.returncode}"
            raise RivuletError(f"the program {program} failed: {said}")
        report: dict[str, Any] = json.loads(lines[-1])
        return report

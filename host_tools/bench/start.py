"""Measures a start and the turns of a push, by their phases: `rivulet bench --start`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.bench import pico
from host_tools.bench.run import run_here, run_in_turn, script, split
from host_tools.deploy.payload import ON_PATH
from host_tools.interpreter.find import find_micropython
from host_tools.link import ports
from host_tools.link.raw_repl import RawRepl, raw_repl

_NOTE = (
    "A start is counted from the first line of the firmware's app.py: MicroPython's own start is "
    "not in it, and neither are the sensors of a rig. The stand-in for a sensor answers at once. "
    "The model has 64 units. While it is pushed, each turn of the loop has an event in it, which "
    "waits for as long as the turn takes: several times a usual turn. Most of an import is "
    "littlefs, which looks up four names a module. Header, check and swap import modules again "
    "that the board forgets between pushes, for want of memory. Meanwhile garbage is collected "
    "after every 16 KB, so that what stays leaves large pieces of the heap: a part of each phase. "
    "An import and a collection are one call of MicroPython's each, and neither can be cut into "
    "turns. A decision takes small frames where nothing is special about it: what is left is the "
    "step that foresees the outputs, and the calls of Python around it."
)


def run_start(
    port: str | None, uf2: Path | None, inputs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure on a board, an emulated Pico or this computer. Returns where, and a dict a phase.

    Raises RivuletError.
    """
    if uf2 is not None:
        with pico.session(uf2, say) as repl:
            said, where = _run(repl, inputs), f"an emulated Pico, {uf2.name}"
    elif port is not None:
        say("measuring; the board's own program is stopped meanwhile")
        with raw_repl(ports.resolve(port)) as repl:
            said, where = _run(repl, inputs), port
    else:
        said = run_here(find_micropython(say), "\n".join(_programs(inputs)))
        where = "this computer"
    phases = [json.loads(line) for line in said.splitlines() if line[:1] == "{"]
    return {"where": where, "phases": [phase for phase in phases if "ms" in phase]}


def _programs(inputs: int) -> list[str]:
    shared, _ = split(script("bench.py"))
    definitions, last = split(script("bench_start.py", INPUTS=inputs))
    return [script("bench_imports.py"), script("bench_models.py"), shared, definitions, last]


def _run(repl: RawRepl, inputs: int) -> str:
    first, *rest = _programs(inputs)
    return run_in_turn(repl, [ON_PATH + first, *rest])


def lines(found: dict[str, Any]) -> list[str]:
    """Return a line a phase for a person."""
    return [f"{phase['ms']:9.2f} ms  {phase['what']}" for phase in found["phases"]]


def write_start(found: dict[str, Any], path: Path) -> Path:
    """Write PATH.md; returns it. Raises RivuletError."""
    page = path.with_suffix(".md")
    files.make_folder(page.parent)
    rows = [f"| {phase['what']} | {phase['ms']:.2f} |" for phase in found["phases"]]
    files.write_text(
        page,
        "# A start, and a push\n\n"
        f"Written by `rivulet bench --start`, on {found['where']}.\n\n"
        + "\n".join(["| phase | ms |", "| --- | ---: |", *rows])
        + f"\n\n{_NOTE}\n",
    )
    return page

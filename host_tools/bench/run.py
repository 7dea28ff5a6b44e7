"""Runs the benchmark on this machine's interpreter, on a board, or on an emulated Pico."""

import json
import platform
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.bench import interrupts, reference
from host_tools.bench.pico import with_firmware
from host_tools.deploy.payload import ON_PATH
from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.link import ports
from host_tools.link.raw_repl import RawRepl, raw_repl
from host_tools.paths import FIRMWARE, ON_DEVICE

# Enough for a 99th percentile; a board takes some milliseconds an event.
_EVENTS_HERE = 2000
_EVENTS_ON_BOARD = 200
# Emulated ones take the same time each, and twenty times as long to wait for.
_EVENTS_EMULATED = 30
# Of the other cells, whose float forms take up to a third of a second each on a board.
_EVENTS_OF_CELLS = 10
# Six cells, in floats and in integers.
_PARTS_OF_CELLS = 12
# In the order of the board's app.py.
_FIRMWARE = """
from rivulet import blame
from rivulet.control.actuators import Actuators
from rivulet.link.port import Link
from rivulet.loop import Loop
from rivulet.store.uploads import Store
"""
_NO_EDGES = "not measured: only the emulator knows when an edge came"
_NO_THUMB = "not measured: the reference in C is compiled for boards that run Thumb code"


def run_bench(
    port: str | None, units: int, inputs: int, say: Callable[[str], None], cells: bool = False
) -> dict[str, Any]:
    """Measure on the board at `port`, or on this machine's interpreter if it is None.

    cells: the other cells of the integer path as well.
    """
    if port is None:
        interpreter = find_micropython(say)
        sessions = _sessions(units, inputs, _EVENTS_HERE, cells)
        sessions.append("\n".join(_loop(units, inputs, _EVENTS_HERE)))
        said = "".join(run_here(interpreter, code) for code in sessions)
        where = f"{platform.processor() or platform.machine()}, this machine"
        report = _report(said, where, units, inputs)
        return report | {"c": {"missing": _NO_THUMB}, "edges": {"missing": _NO_EDGES}}
    say("measuring; the board's own program is stopped meanwhile")
    with raw_repl(ports.resolve(port)) as repl:
        try:
            report = _measure(repl, port, units, inputs, _EVENTS_ON_BOARD, cells)
        except (
            *(ArithmeticError, AttributeError, LookupError, StopIteration),
            *(TypeError, ValueError),
        ) as error:
            # The figures are the board's, which may be anything.
            raise RivuletError(
                f"{repl.port}: the board's figures make no sense ({type(error).__name__}: {error})"
            ) from None
    return report | {"edges": {"missing": _NO_EDGES}}


def run_bench_emulated(
    uf2: Path, units: int, inputs: int, say: Callable[[str], None], cells: bool = False
) -> dict[str, Any]:
    """Measure on an emulated Pico that runs the image `uf2`, in its own simulated time."""
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder:
        board = with_firmware(Path(folder), uf2, say)
        made = interrupts.stimulus()
        board.stimulus = Path(folder) / "stimulus.bin"
        made.write(board.stimulus)
        board.power_on()
        try:
            port, patience = str(board.port), board.timeout_scale
            say("measuring on an emulated Pico (some minutes)")
            with raw_repl(port, patience) as repl:
                where = f"emulated, {uf2.name}"
                report = _measure(repl, where, units, inputs, _EVENTS_EMULATED, cells)
                said = repl.run(script("bench_edges.py", EVENTS=len(made.records)))
                # Set when the driver on the board enabled the sensor's interrupt.
                assert board.stimulus_start_us is not None
                due_us = made.records["t_us"].astype(np.int64) + board.stimulus_start_us
                # Starts the stimulus again.
                sensor = json.loads(repl.run(script("bench_sensor.py", EVENTS=_EVENTS_OF_CELLS)))
        finally:
            board.power_off()
    edges = interrupts.latencies(json.loads(said), due_us)
    return report | {"edges": edges, "sensor": sensor}


def run_here(interpreter: Path, code: str) -> str:
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder:
        before = f"import os, sys\nsys.path.insert(0, {str(FIRMWARE)!r})\nos.chdir({folder!r})\n"
        command = [str(interpreter), "-X", "heapsize=16M", "-c", before + code]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        why = said[-1] if said else f"{interpreter} ended with code {done.returncode}"
        raise RivuletError(f"the benchmark failed: {why}")
    return done.stdout


def _measure(
    repl: RawRepl, where: str, units: int, inputs: int, events: int, cells: bool
) -> dict[str, Any]:
    said = ""
    for session in _sessions(units, inputs, events, cells):
        said += repl.run(ON_PATH + session)
        repl.clear()
    # First, as when the board starts: MicroPython numbers names in the order in which it meets
    # them, and its cache of look-ups hits or misses by these numbers. With the script's names
    # before the firmware's, the whole loop took 739 us on an emulated Pico instead of 499.
    said += run_in_turn(repl, [ON_PATH + _FIRMWARE, *_loop(units, inputs, events)])
    report = _report(said, where, units, inputs)
    if report["kernel"] != "thumb":
        return report | {"c": {"missing": _NO_THUMB}}
    call = json.loads(repl.run(script("bench_call.py", EVENTS=events)))
    report["call_us"] = call["median_us"]
    compiled = reference.compiled()
    if compiled is None:
        return report | {"c": {"missing": reference.ADVICE}}
    # In the session that goes on, whose models it runs.
    row = json.loads(repl.run(script("bench_c.py", EVENTS=events, COMPILED=compiled)))
    report["rows"].insert(-1, row | {"ratio": _ratio(report["rows"][0], row)})
    ours = next(row for row in report["rows"] if row["what"] == "in integers, Thumb assembler")
    return report | {"c": {"assembler_us": ours["median_us"], "c_us": row["median_us"]}}


def _report(output: str, where: str, units: int, inputs: int) -> dict[str, Any]:
    grown, facts, *rows = (json.loads(line) for line in output.splitlines() if line[:1] == "{")
    cells = [row for row in rows if "cell" in row]
    loaded = next(row for row in rows if "load_ms" in row)
    rows = [row for row in rows if "cell" not in row and row is not loaded]
    for row in rows:
        row["ratio"] = _ratio(rows[0], row)
    for row in cells:
        # Against the same cell in floats, which comes first.
        row["ratio"] = _ratio(next(one for one in cells if one["cell"] == row["cell"]), row)
    report = {**facts, "where": where, "units": units, "inputs": inputs, "rows": rows}
    report["cells"] = cells
    report["load_ms"] = loaded["load_ms"]
    points = grown["growth"]
    if len(points) > 3:
        fit = np.polyfit([n for n, _ in points], [us for _, us in points], 2)
        report["growth"] = {"points": points, "fit": [float(value) for value in fit]}
        report["growth"] |= {"missing": grown["missing"], "free": grown["free"]}
    return report


def _ratio(base: dict[str, Any], row: dict[str, Any]) -> float:
    return round(float(base["median_us"] / max(row["median_us"], 1)), 2)


def _sessions(units: int, inputs: int, events: int, cells: bool) -> list[str]:
    """What is run, each in a session of its own, before that of `_loop`."""
    sizes = {"UNITS": units, "INPUTS": inputs}
    parts = [script("bench_growth.py", INPUTS=inputs)]
    parts.append(script("bench_floats.py", EVENTS=events, **sizes))
    for number in range(_PARTS_OF_CELLS if cells else 0):
        parts.append(script("bench_cells.py", EVENTS=_EVENTS_OF_CELLS, PART=number, **sizes))
    for part in ("kernels", "loading"):
        parts.append(script("bench.py", EVENTS=events, PART=part, **sizes))
    return [script("bench_models.py") + part for part in parts]


def _loop(units: int, inputs: int, events: int) -> list[str]:
    """Return the programs of the last session, in which others go on."""
    sizes = {"UNITS": units, "INPUTS": inputs, "EVENTS": events}
    definitions, last = split(script("bench.py", PART="loop", **sizes))
    return [script("bench_models.py"), definitions, last]


def split(program: str) -> tuple[str, str]:
    """Return what a program defines, and its last line, which runs it."""
    definitions, _, last = program.rstrip().rpartition("\n")
    return definitions, last


def run_in_turn(repl: RawRepl, programs: list[str]) -> str:
    """Run programs one after another. A board has no memory to compile all at once, and its heap
    is in pieces where garbage stays."""
    return "".join(repl.run(program + "\nimport gc\ngc.collect()\n") for program in programs)


def script(name: str, **values: object) -> str:
    """A script for the board with what it needs in its globals."""
    lines = [f"{key} = {value!r}" for key, value in values.items()]
    return "\n".join([*lines, (ON_DEVICE / name).read_text(encoding="utf-8")])

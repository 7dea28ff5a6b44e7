"""`rivulet bench`: the cell against its plain form, side by side in one run."""

import json
import platform
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from host_tools import ports
from host_tools.boards import load_board
from host_tools.errors import RivuletError
from host_tools.flash import flash
from host_tools.interpreter import find_micropython
from host_tools.paths import FIRMWARE, ROOT
from host_tools.payload import ON_PATH
from host_tools.raw_repl import raw_repl
from host_tools.simulated import emulated_pico

_SCRIPT = ROOT / "host_tools" / "on_device" / "bench.py"
# Enough for a 99th percentile; a board takes some milliseconds an event.
_EVENTS_HERE = 2000
_EVENTS_ON_BOARD = 200
# Emulated ones take the same time each, and twenty times as long to wait for.
_EVENTS_EMULATED = 50


def run_bench(
    port: str | None, units: int, inputs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure on the board at `port`, or on this machine's interpreter if it is None."""
    if port is None:
        code = _code(units, inputs, _EVENTS_HERE)
        with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder:
            before = (
                f"import os, sys\nsys.path.insert(0, {str(FIRMWARE)!r})\nos.chdir({folder!r})\n"
            )
            command = [str(find_micropython(say)), "-X", "heapsize=16M", "-c", before + code]
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RivuletError(f"the benchmark failed: {done.stderr.strip().splitlines()[-1]}")
        output, where = done.stdout, f"{platform.processor() or platform.machine()}, this machine"
    else:
        say("measuring; the board's own program is stopped meanwhile")
        with raw_repl(ports.resolve(port)) as repl:
            output = repl.run(ON_PATH + _code(units, inputs, _EVENTS_ON_BOARD))
        where = port
    return _report(output, where, units, inputs)


def run_bench_emulated(
    uf2: Path, units: int, inputs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure on an emulated Pico that runs the image `uf2`, in its own simulated time."""
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as folder:
        board = emulated_pico(Path(folder), uf2)
        board.power_on()
        try:
            port, patience = str(board.port), board.timeout_scale
            say("flashing an emulated Pico (about a minute)")
            flash(port, load_board("rpi_pico"), timeout_scale=patience)
            say("measuring (some minutes)")
            with raw_repl(port, patience) as repl:
                output = repl.run(ON_PATH + _code(units, inputs, _EVENTS_EMULATED))
        finally:
            board.power_off()
    return _report(output, f"emulated, {uf2.name}", units, inputs)


def _report(output: str, where: str, units: int, inputs: int) -> dict[str, Any]:
    facts, *rows, last = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    base = rows[0]["median_us"]
    for row in rows:
        row["ratio"] = round(base / max(row["median_us"], 1), 2)
    report = {**facts, "where": where, "units": units, "inputs": inputs, "rows": rows}
    report["load_ms"] = last["load_ms"]
    points = last["growth"]
    if len(points) > 3:
        fit = np.polyfit([n for n, _ in points], [us for _, us in points], 2)
        report["growth"] = {"points": points, "fit": [float(value) for value in fit]}
    return report


def _code(units: int, inputs: int, events: int) -> str:
    return f"UNITS, INPUTS, EVENTS = {units}, {inputs}, {events}\n" + _SCRIPT.read_text()


def bench_table(report: dict[str, Any]) -> Table:
    """The report as a table for a person."""
    table = Table(
        title=f"{report['units']} units, {report['inputs']} inputs, one event\n"
        f"{report['machine']}, MicroPython {report['micropython']}, {report['where']}"
    )
    table.add_column("path", no_wrap=True)
    for name in ("median µs", "p99 µs", "heap bytes", "events/s", "times faster"):
        table.add_column(name, justify="right")
    for row in report["rows"]:
        table.add_row(
            row["what"],
            str(row["median_us"]),
            str(row["p99_us"]),
            str(row["heap_bytes"]),
            str(row["events_per_s"]),
            f"{row['ratio']:.2f}",
        )
    table.caption = (
        f"64 units in integers, from flash to the first event: {report['load_ms']:.0f} ms"
    )
    if "growth" in report:
        a, b, c = report["growth"]["fit"]
        table.caption += (
            f"\nintegers in {report['kernel']}, n units: {a:.4f} n² {b:+.2f} n {c:+.0f} µs"
        )
    return table

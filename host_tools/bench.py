"""`rivulet bench`: the cell against its plain form, side by side in one run."""

import json
import platform
import subprocess
from collections.abc import Callable
from typing import Any

from rich.table import Table

from host_tools import ports
from host_tools.errors import RivuletError
from host_tools.interpreter import find_micropython
from host_tools.paths import FIRMWARE, ROOT
from host_tools.raw_repl import raw_repl

_SCRIPT = ROOT / "host_tools" / "on_device" / "bench.py"
# Enough for a 99th percentile; a board takes some milliseconds an event.
_EVENTS_HERE = 2000
_EVENTS_ON_BOARD = 200


def run_bench(
    port: str | None, units: int, inputs: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Measure on the board at `port`, or on this machine's interpreter if it is None."""
    if port is None:
        code = _code(units, inputs, _EVENTS_HERE)
        code = f"import sys\nsys.path.insert(0, {str(FIRMWARE)!r})\n" + code
        command = [str(find_micropython(say)), "-X", "heapsize=16M", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RivuletError(f"the benchmark failed: {done.stderr.strip().splitlines()[-1]}")
        output, where = done.stdout, f"{platform.processor() or platform.machine()}, this machine"
    else:
        say("measuring; the board's own program is stopped meanwhile")
        with raw_repl(ports.resolve(port)) as repl:
            output = repl.run(_code(units, inputs, _EVENTS_ON_BOARD))
        where = port
    facts, *rows = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    base = rows[0]["median_us"]
    for row in rows:
        row["ratio"] = round(base / row["median_us"], 2)
    return {**facts, "where": where, "units": units, "inputs": inputs, "rows": rows}


def _code(units: int, inputs: int, events: int) -> str:
    return f"UNITS, INPUTS, EVENTS = {units}, {inputs}, {events}\n" + _SCRIPT.read_text()


def bench_table(report: dict[str, Any]) -> Table:
    """The report as a table for a person."""
    table = Table(
        title=f"{report['units']} units, {report['inputs']} inputs, one event\n"
        f"{report['machine']}, MicroPython {report['micropython']}, {report['where']}"
    )
    table.add_column("path")
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
    return table

"""What `rivulet replay` costs on numpy and on MicroPython, side by side in one run."""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from host_tools import files
from host_tools.choices import Dtype, Runtime
from host_tools.convert import convert
from host_tools.errors import RivuletError
from host_tools.integers.quantise import quantise
from host_tools.interpreter.find import find_micropython

_EVENTS = 20_000
_COMMAND = [sys.executable, "-c", "from host_tools.commands import main; main()", "replay"]
_HEADINGS = ("model", "runtime", "seconds", "events a second", "times faster", "OUT.csv")

_PAGE = """\
# Cost of a replay

{title}.
Written by `rivulet bench --replay` in one run on one computer. Seconds are of the processor, for
the whole command: other programs that run meanwhile count little.

{table}

On both runtimes the firmware's own code runs the model. On numpy a step of an integer model is
replaced by one with the same bits. MicroPython runs that step in machine code on x86-64, x86 and
32-bit ARM, and in bytecode on other computers.
"""


def time_replays(units: int, inputs: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Time the whole command over events with irregular gaps.

    Returns a row for each model and runtime.
    """
    find_micropython(say)
    rows = []
    with tempfile.TemporaryDirectory(prefix="rivulet-bench-") as name:
        folder = Path(name)
        _write_events(folder / "events.csv", inputs)
        model = convert(*_weights(units, inputs))
        for dtype in Dtype:
            path = folder / f"{dtype}.safetensors"
            (quantise(model) if dtype is Dtype.int8 else model).save(path)
            pair = {runtime: _time(folder, path, runtime) for runtime in Runtime}
            outs = {runtime: folder / f"{runtime}.csv" for runtime in Runtime}
            difference = _difference(*outs.values())
            for runtime, seconds in pair.items():
                say(f"{dtype} on {runtime}: {seconds:.2f} s")
                rows.append(
                    {
                        "dtype": dtype.value,
                        "runtime": runtime.value,
                        "seconds": round(seconds, 3),
                        "events_per_s": round(_EVENTS / seconds),
                        "ratio": round(pair[Runtime.micropython] / seconds, 2),
                        "same_bytes": difference is None,
                        "difference": difference or 0.0,
                    }
                )
    return rows


def replay_table(rows: list[dict[str, Any]], units: int, inputs: int) -> Table:
    table = Table(title=_title(units, inputs))
    for name in _HEADINGS:
        table.add_column(name)
    for cells in map(_cells, rows):
        table.add_row(*cells)
    return table


def write_replays(rows: list[dict[str, Any]], units: int, inputs: int, path: Path) -> Path:
    """Write the table as the page PATH.md; returns its path."""
    page = path.with_suffix(".md")
    lines = ["| " + " | ".join(_HEADINGS) + " |", "| --- | --- |" + " ---: |" * 3 + " --- |"]
    lines += ["| " + " | ".join(_cells(row)) + " |" for row in rows]
    text = _PAGE.format(title=_title(units, inputs), table="\n".join(lines))
    files.make_folder(page.parent)
    files.write_text(page, text)
    return page


def _title(units: int, inputs: int) -> str:
    return f"`rivulet replay` of {_EVENTS:,} events, {units} units, {inputs} inputs"


def _cells(row: dict[str, Any]) -> list[str]:
    same = "the same bytes" if row["same_bytes"] else f"within {row['difference']:.0e}"
    return [
        row["dtype"],
        row["runtime"],
        f"{row['seconds']:.2f}",
        str(row["events_per_s"]),
        f"{row['ratio']:.2f}",
        same,
    ]


def _time(folder: Path, model: Path, runtime: Runtime) -> float:
    events, out = folder / "events.csv", folder / f"{runtime}.csv"
    command = [*_COMMAND, str(model), str(events), "-o", str(out), "--runtime", runtime.value]
    before = os.times()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RivuletError(f"the benchmark failed: {done.stderr.strip().splitlines()[-1]}")
    after = os.times()
    # The interpreter is a child of this child, and counts with it.
    spent = after.children_user - before.children_user
    return spent + after.children_system - before.children_system


def _difference(one: Path, other: Path) -> float | None:
    """Return the largest difference, relative where values exceed 1; None if no byte differs."""
    if one.read_bytes() == other.read_bytes():
        return None
    a, b = (np.loadtxt(path, delimiter=",", skiprows=1) for path in (one, other))
    return float((np.abs(a - b) / np.maximum(1.0, np.abs(a))).max())


def _weights(units: int, inputs: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return (weights, metadata) of a decay cell with four outputs from the mean."""
    random = np.random.default_rng(1)
    weights = {"readout.weight": random.normal(size=(4, units)), "readout.bias": np.zeros(4)}
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, units**-0.5, (units, units))
        weights[f"{gate}.input"] = random.normal(0, 1.0, (units, inputs))
        weights[f"{gate}.bias"] = random.normal(0, 1.0, units)
    channels = [f"u{i}" for i in range(inputs)]
    return weights, {"channels": channels, "readout": "mean", "readout_tau_s": 1.0}


def _write_events(path: Path, inputs: int) -> None:
    """Gaps from 0.1 ms to 0.3 s; one value in ten is not there."""
    random = np.random.default_rng(2)
    gaps = np.exp(random.uniform(np.log(100), np.log(3e5), _EVENTS)).astype(np.int64)
    values = np.sin(np.cumsum(random.normal(0, 0.3, (_EVENTS, inputs)), axis=0))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["t_us", *(f"u{i}" for i in range(inputs))])
        for now, row, kept in zip(
            np.cumsum(gaps), values, random.random(values.shape) < 0.9, strict=True
        ):
            writer.writerow(
                [now, *(f"{v:.6g}" if has else "" for v, has in zip(row, kept, strict=True))]
            )

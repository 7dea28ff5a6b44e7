"""`rivulet faults`: runs every fault, prints the table, writes build/faults.json."""

import json
import multiprocessing
import os
import pkgutil
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

import host_tools.faults
from host_tools import files
from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.interpreter.find import find_micropython
from host_tools.paths import BUILD, need_checkout

_REPORT = BUILD / "faults.json"


def names() -> list[str]:
    modules = pkgutil.iter_modules(host_tools.faults.__path__)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


def run_fault(name: str, short: bool, seed: int, interpreter: Path) -> list[Row]:
    """Inject one fault. A fault that cannot be injected is a bad row, not an end."""
    with tempfile.TemporaryDirectory(prefix=f"rivulet-{name}-") as folder:
        try:
            module = import_module(f"host_tools.faults.{name}")
            rows: list[Row] = module.run(Given(short, seed, Path(folder), interpreter))
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
            return [Row("the experiment itself failed", 0, "that it runs", "it did not", [said])]
    return rows


def run_faults(
    only: str | None, short: bool, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Inject every fault, or the one called `only`, and write the report. Returns it."""
    need_checkout("faults")
    known = names()
    if only is not None and only not in known:
        raise RivuletError(f"no fault '{only}': there are {', '.join(known)}")
    interpreter = find_micropython(say)
    chosen = known if only is None else [only]
    began = time.monotonic()
    results: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(os.cpu_count(), initializer=_leave_quietly) as pool:
        running = {pool.submit(_timed, name, short, seed, interpreter): name for name in chosen}
        try:
            for future in as_completed(running):
                name = running[future]
                rows, seconds = future.result()
                made = [asdict(row) for row in rows]
                results[name] = {"seconds": round(seconds, 1), "rows": made}
                verdict = "BAD" if any(row.broken for row in rows) else "good"
                say(f"{name}: {verdict}, {seconds:.0f} s")
        except KeyboardInterrupt:
            # Or the pool would go on with this fault, and with the next.
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    report = {
        "machine": _machine(),
        "short": short,
        "seed": seed,
        "seconds": round(time.monotonic() - began, 1),
        "bad": sum(bool(row["broken"]) for each in results.values() for row in each["rows"]),
        "faults": {name: results[name] for name in chosen},
    }
    files.make_folder(_REPORT.parent)
    files.write_text(_REPORT, json.dumps(report, indent=2) + "\n")
    return report


def _leave_quietly() -> None:
    """A process that a Ctrl-C or SIGTERM ends cleans up and has no traceback to show."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(130))


def _timed(name: str, short: bool, seed: int, interpreter: Path) -> tuple[list[Row], float]:
    began = time.monotonic()
    return run_fault(name, short, seed, interpreter), time.monotonic() - began


def _machine() -> str:
    try:
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        facts = []
    models = [line.partition(":")[2].strip() for line in facts if line.startswith("model name")]
    return f"{models[0] if models else platform.machine()}, {os.cpu_count()} cores"


def fault_table(report: dict[str, Any]) -> Table:
    table = Table(
        title=f"{'short form, ' if report['short'] else ''}seed {report['seed']}, "
        f"{report['machine']}, {report['seconds']:.0f} s",
        show_lines=True,
    )
    table.add_column("fault", no_wrap=True)
    table.add_column("injected", ratio=3)
    table.add_column("times", justify="right", no_wrap=True)
    table.add_column("promised", ratio=3)
    table.add_column("seen", ratio=4)
    table.add_column("", no_wrap=True)
    for name, result in report["faults"].items():
        for row in result["rows"]:
            table.add_row(name, *_cells(row))
    return table


def _cells(row: dict[str, Any]) -> Sequence[Text]:
    broken = row["broken"]
    seen = row["seen"]
    if broken:
        more = f" (and {len(broken) - 1} more)" if len(broken) > 1 else ""
        seen = f"{broken[0]}{more}; {seen}"
    verdict = Text("BAD", "bold red") if broken else Text("good", "green")
    # As Text, because what is in brackets is no markup here.
    plain = (row["injected"], f"{row['times']:,}", row["promised"], seen)
    return *map(Text, plain), verdict

"""The benchmark's report as a table for a terminal, and as the page and picture for docs."""

import re
from pathlib import Path
from typing import Any

from rich.table import Table

from host_tools import files
from host_tools.bench import sensor
from host_tools.bench.picture import picture
from host_tools.errors import RivuletError
from host_tools.paths import DOCS, ROOT, need_checkout

# The page that README.md quotes under "## Figures".
QUOTED_PAGE = DOCS / "bench" / "emulated_pico.md"
README = ROOT / "README.md"
_FIGURES = "## Figures"
_QUOTED = re.compile(r"^\| path \|.*?\n\n(?:- [^\n]*\n)+", re.DOTALL | re.MULTILINE)
_HEADINGS = ("median µs", "p99 µs", "heap bytes per event", "times faster")
# Other work on the same boards, to know where one is: not measured here and not a race.
_SCALE = (
    "For scale, not for comparison: emlearn-micropython runs trees, nearest neighbours and small "
    "CNNs as native modules. Its [README](https://github.com/emlearn/emlearn-micropython) states "
    'inference times "down to 100 microseconds". Those models have no state and no time. They '
    "were not run here."
)


def bench_table(report: dict[str, Any]) -> Table:
    table = Table(
        title=f"{report['units']} units, {report['inputs']} inputs, one event\n"
        f"{report['machine']}, MicroPython {report['micropython']}, {report['where']}"
    )
    table.add_column("path")
    for name in _HEADINGS:
        table.add_column(name, justify="right")
    for cells in _cells(report):
        table.add_row(*cells)
    table.caption = "\n".join(_sentences(report))
    return table


def check_report(path: Path, uf2: Path | None) -> None:
    """Raise RivuletError if the report must not be written to PATH.md and PATH.svg."""
    if not path.name:
        raise RivuletError(f"cannot write {path}: give the page a name: FOLDER/NAME")
    for suffix in (".md", ".svg"):
        files.check(path.with_suffix(suffix), (uf2,))


def write_report(report: dict[str, Any], path: Path) -> Path:
    """Write PATH.md and its picture PATH.svg; returns the page's path.

    If that is the page which README.md quotes, the README's figures are replaced as well.
    """
    page = path.with_suffix(".md")
    files.make_folder(path.parent)
    files.write_text(path.with_suffix(".svg"), picture(report))
    files.write_text(page, _page(report, path.name))
    if page.resolve() == QUOTED_PAGE:
        need_checkout("the README's figures")
        files.write_text(README, with_figures(README.read_text("utf-8"), quoted(report)))
    return page


def with_figures(readme: str, figures: str) -> str:
    """Return the README's text with its table and sentences replaced by these."""
    before, heading, after = readme.partition(_FIGURES)
    return before + heading + _QUOTED.sub(lambda _: figures, after, count=1)


def figures_in(page: str) -> str:
    """Return the table and the sentences after it, as a written page or the README has them."""
    found = _QUOTED.search(page)
    return found[0] if found else ""


def quoted(report: dict[str, Any]) -> str:
    """Return the table and the sentences after it."""
    lines = ["| path | " + " | ".join(_HEADINGS) + " |", "| --- |" + " ---: |" * len(_HEADINGS)]
    lines += ["| " + " | ".join(cells) + " |" for cells in _cells(report)]
    return "\n".join(lines) + "\n\n" + "\n".join(f"- {text}" for text in _sentences(report)) + "\n"


def _page(report: dict[str, Any], name: str) -> str:
    ulab = f" with ulab {report['ulab']}" if report["ulab"] else ""
    return (
        f"# Cost of an event: {report['machine']}\n\n"
        f"Written by `rivulet bench`: {report['units']} units, {report['inputs']} inputs, "
        f"MicroPython {report['micropython']}{ulab}, {report['where']}.\n\n"
        f"![The medians of the table below as bars on a logarithmic scale]({name}.svg)\n\n"
        f"{quoted(report)}\n{_SCALE}\n"
    )


def _cells(report: dict[str, Any]) -> list[list[str]]:
    rows = [
        [
            row["what"],
            str(row["median_us"]),
            str(row["p99_us"]),
            "more than fit" if row["heap_bytes"] is None else str(row["heap_bytes"]),
            f"{row['ratio']:.2f}" if row["ratio"] < 10 else f"{row['ratio']:.3g}",
        ]
        for row in report["rows"] + report["cells"]
    ]
    edges = report["edges"]
    if "missing" not in edges:
        figures = (edges[key] for key in ("median_us", "p99_us", "heap_bytes"))
        rows.append(["interrupt latency, edge to timestamp", *map(str, figures), ""])
    return rows


def _sentences(report: dict[str, Any]) -> list[str]:
    """The figures that are no times of an event."""
    texts = []
    if "growth" in report:
        a, b, c = report["growth"]["fit"]
        sizes = [units for units, _ in report["growth"]["points"]]
        texts.append(
            f"Growth: with n units the {report['kernel']} kernel takes {a:.2g} n² + {b:.2g} n + "
            f"{c:.0f} µs, fitted over {min(sizes)} to {max(sizes)} units."
            + _too_large(report["growth"])
        )
    texts.append(
        f"Loading: an integer model of 64 units takes {report['load_ms']:.0f} ms from its file "
        "to its first event, SHA-256 included."
    )
    whole = report["rows"][-1]
    texts.append(
        f"Sustained: the whole loop processes {whole['events_per_s']} queued events a second."
        + _under_load(report["edges"])
    )
    if "call_us" in report:
        texts.append(
            f"MicroPython's own: {report['call_us']} µs of each time of an assembler kernel. A "
            "kernel that returns at once takes that long."
        )
    texts.append("The same in C: " + _compared(report["c"]))
    texts.append("Interrupts: " + _interrupts(report["edges"]))
    if "sensor" in report:
        texts += sensor.sentences(report["sensor"])
    return texts


def _too_large(growth: dict[str, Any]) -> str:
    if not growth["missing"]:
        return ""
    units, reason = min(growth["missing"])
    return f" {units} units do not fit with {growth['free']} bytes free: {reason}."


def _under_load(edges: dict[str, Any]) -> str:
    if "missing" in edges:
        return ""
    return (
        f" Of {edges['edges']} events from hard interrupts at {edges['rate']} a second, with "
        f"telemetry at 20 Hz, {edges['dropped'] or 'none'} {'were' if edges['dropped'] else 'was'}"
        " skipped or dropped."
    )


def _compared(c: dict[str, Any]) -> str:
    if "missing" in c:
        return str(c["missing"]) + "."
    return (
        f"the assembler takes {c['assembler_us'] / c['c_us']:.2f} times as long as gcc's -O2 code "
        "for the same integers, on the same board in the same run."
    )


def _interrupts(edges: dict[str, Any]) -> str:
    if "missing" in edges:
        return f"{edges['missing']}."
    return (
        f"from an edge to its timestamp, median {edges['median_us']} µs, p99 {edges['p99_us']} "
        f"µs, maximum {edges['worst_us']} µs over {edges['edges']} edges, under that load."
    )

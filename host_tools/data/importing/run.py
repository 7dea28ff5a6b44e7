"""Imports files: reads them, decides what their columns are, writes recordings."""

from dataclasses import dataclass, field
from pathlib import Path

from host_tools.data.importing.cut import Order, cut
from host_tools.data.importing.find import find_sources
from host_tools.data.importing.options import Options
from host_tools.data.importing.read import read_source
from host_tools.data.importing.series import Series
from host_tools.data.importing.store import names_of, stale, store
from host_tools.data.importing.table import Table
from host_tools.data.importing.together import TableReport, read_together
from host_tools.data.recording import Recording


@dataclass
class SeriesReport:
    """What was made of a series."""

    source: str
    order: Order
    # (path, recording) of each.
    written: list[tuple[Path, Recording]]


@dataclass
class Outcome:
    """What an import did."""

    tables: list[TableReport] = field(default_factory=list)
    series: list[SeriesReport] = field(default_factory=list)
    # Lines about whole files.
    notes: list[str] = field(default_factory=list)
    sorted: bool = False

    @property
    def recordings(self) -> list[tuple[Path, Recording]]:
        return [each for report in self.series for each in report.written]


def run(paths: list[Path], options: Options, out: Path, suffix: str) -> Outcome:
    """Import files into the folder `out`. Raises RivuletError.

    Nothing is written before every file is read. suffix: ".csv" or ".parquet".
    """
    outcome = Outcome(sorted=options.sort)
    single: list[Table] = []
    together: list[tuple[list[Table], str]] = []
    for source in find_sources(paths):
        tables, left = read_source(source, options)
        outcome.notes += left
        if source.many:
            together.append((tables, source.path.resolve().name))
        else:
            single += tables
    if single:
        together.append((single, ""))
    series: list[Series] = []
    for tables, name in together:
        made, reports = read_together(tables, name, options, outcome.notes)
        series += made
        outcome.tables += reports
    for each, name in zip(series, names_of(series), strict=True):
        recordings, order = cut(each, options.gap_us, options.sort)
        width = len(str(len(recordings)))
        written = []
        for number, recording in enumerate(recordings, start=1):
            part = f"-{number:0{width}}" if len(recordings) > 1 else ""
            written.append((out / f"{name}{part}{suffix}", recording))
        outcome.series.append(SeriesReport(each.source, order, written))
    store(outcome.recordings, out)
    outcome.notes += stale(outcome.recordings, out)
    return outcome

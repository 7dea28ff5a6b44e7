"""Recordings as one self-contained HTML page: channels, intervals, labels over time."""

from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.data.recording import Recording, description_file
from host_tools.data.spans import span_text
from host_tools.data.summary import channel_lines, count_lines, duration_us
from host_tools.svg import Axis, Chart, linear, logarithmic

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#1b1f23;background:#fff}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p,figcaption{color:#57606a;font-size:.9rem}figure{margin:.8rem 0;overflow-x:auto}
pre{font-size:.8rem;overflow-x:auto}
svg{width:100%;min-width:34rem;height:auto}svg text{font:11px system-ui,sans-serif;fill:#57606a}
.grid{stroke:#e4e7ea;fill:none}polyline{fill:none;stroke-width:1.2}
.series0{stroke:#0072b2}.series1{stroke:#e69f00}.series2{stroke:#009e73}.series3{stroke:#cc79a7}
.series4{stroke:#56b4e9}.bar{fill:#9ecae8}
i{display:inline-block;width:1.1rem;height:.25rem;margin:0 .3rem 0 1rem;vertical-align:middle}
.key0{background:#0072b2}.key1{background:#e69f00}.key2{background:#009e73}
.key3{background:#cc79a7}.key4{background:#56b4e9}
"""
# Of recordings with charts of their own, of channels in a chart, of points in a line, of bars.
_MOST_RECORDINGS = 12
_LINES = 5
_POINTS = 1500
_MOST_CLASSES = 20
_MOST_BARS = 2000


def write(path: Path, recordings: Sequence[tuple[Path, Recording]]) -> None:
    """Write the page. Raises RivuletError."""
    read = [
        each for recording, _ in recordings for each in (recording, description_file(recording))
    ]
    files.check(path, read)
    files.write_text(path, page(recordings))


def page(recordings: Sequence[tuple[Path, Recording]]) -> str:
    """Return the page."""
    title = recordings[0][0].name if len(recordings) == 1 else f"{len(recordings)} recordings"
    all_of_them = [recording for _, recording in recordings]
    table = "\n".join(channel_lines(all_of_them))
    body = [f"<h1>{escape(title)}</h1><pre>{escape(table)}</pre>"]
    body += [f"<p>{escape(line)}</p>" for line in count_lines(all_of_them)]
    for path, recording in recordings[:_MOST_RECORDINGS]:
        body.append(_section(path, recording))
    rest = len(recordings) - _MOST_RECORDINGS
    if rest > 0:
        body.append(f"<p>{rest} more recordings are not drawn.</p>")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>"
    )


def _section(path: Path, recording: Recording) -> str:
    zero = recording.description.time_zero_utc
    about = f"{len(recording.t_us)} events, {span_text(duration_us(recording))}"
    parts = [
        f"<h2>{escape(path.name)}</h2>",
        f"<p>{escape(about + (f', from {zero}' if zero else ''))}</p>",
    ]
    units = [recording.description.units.get(name, "") for name in recording.channels]
    order = sorted(range(len(units)), key=lambda index: units.index(units[index]))
    for unit, found in groupby(order, key=lambda index: units[index]):
        indices = list(found)
        for start in range(0, len(indices), _LINES):
            parts.append(_channels(recording, indices[start : start + _LINES], unit))
    parts += [_intervals(recording), _labels(recording)]
    return "".join(parts)


def _channels(recording: Recording, indices: list[int], unit: str) -> str:
    seconds = recording.t_us / 1e6
    values = recording.values[:, indices]
    if np.isnan(values).all():
        return ""
    chart = Chart(
        linear("time, s", float(seconds.min()), float(seconds.max())),
        linear(unit or "value", float(np.nanmin(values)), float(np.nanmax(values))),
        height=220,
    )
    keys = []
    for number, index in enumerate(indices):
        column = recording.values[:, index]
        present = np.flatnonzero(~np.isnan(column))
        drawn = _thinned(present, column)
        chart.line(seconds[drawn], column[drawn], f"series{number}")
        keys.append(f'<i class="key{number}"></i>{escape(recording.channels[index])}')
    svg = chart.render(", ".join(recording.channels[index] for index in indices))
    return f"<figure>{svg}<figcaption>{''.join(keys)}</figcaption></figure>"


def _thinned(
    rows: NDArray[np.int64],
    column: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return the rows to draw: of many, the lowest and highest of each stretch."""
    if len(rows) <= 2 * _POINTS:
        return rows
    kept: set[int] = set()
    for part in np.array_split(rows, _POINTS):
        kept |= {int(part[column[part].argmin()]), int(part[column[part].argmax()])}
    return np.array(sorted(kept), np.int64)


def _intervals(recording: Recording) -> str:
    times = np.sort(recording.t_us)
    steps = np.diff(times)
    at = np.flatnonzero(steps > 0)
    if not len(at):
        return ""
    chart = Chart(
        linear("time, s", times[0] / 1e6, times[-1] / 1e6),
        logarithmic("interval", float(steps[at].min()), float(steps.max()), span_text),
        height=180,
    )
    chart.dots(times[at + 1] / 1e6, steps[at].astype(float), "series0", 1.2)
    caption = "Each event: the time since the one before. Gaps stand at the top."
    return f"<figure>{chart.render('intervals')}<figcaption>{caption}</figcaption></figure>"


def _labels(recording: Recording) -> str:
    if recording.labels is None:
        return ""
    names = sorted({label for label in recording.labels if label})[:_MOST_CLASSES]
    seconds = (recording.t_us / 1e6).tolist()
    ticks = [(float(number), name[:10]) for number, name in enumerate(names)]
    chart = Chart(
        linear("time, s", min(seconds), max(seconds)),
        Axis("class", -0.5, len(names) - 0.5, ticks, float),
        height=60 + 22 * len(names),
    )
    runs = groupby(range(len(seconds)), key=recording.labels.__getitem__)
    spans = [(label, list(rows)) for label, rows in runs if label in names]
    for label, rows in spans[:_MOST_BARS]:
        low, high = seconds[rows[0]], seconds[rows[-1]]
        chart.bar(min(low, high), max(low, high), float(names.index(label)), 12, "bar", label)
    return f"<figure>{chart.render('labels')}<figcaption>labels</figcaption></figure>"

"""The pictures of a report, as SVG."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from host_tools import svg
from host_tools.learn.fitness.timing import seconds_text

Floats = NDArray[np.float64]
_MOST_DOTS = 4000
_CELL, _NAMES = 72, 90  # pixels of the confusion matrix


def confusion(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Draw how often each class (row) was taken for each class (column), shaded by row."""
    count = len(classes)
    cell = max(18, min(_CELL, 540 // count))
    side = cell * count
    parts = [
        f'<svg viewBox="0 0 {_NAMES + side + 20} {_NAMES + side}" role="img" '
        f'style="max-width:{_NAMES + side + 20}px;min-width:0" '
        f'xmlns="http://www.w3.org/2000/svg"><title>confusion of the classes</title>'
    ]
    for i, name in enumerate(classes):
        at = (i + 0.5) * cell
        short = escape(name if len(name) <= 15 else name[:14] + "…")
        parts.append(
            f'<text x="{_NAMES - 6}" y="{_NAMES + at + 4:.0f}" text-anchor="end">{short}</text>'
            f'<text transform="translate({_NAMES + at + 4:.0f} {_NAMES - 6}) rotate(-50)">'
            f"{short}</text>"
        )
        total = int(counts[i].sum())
        for j, other in enumerate(classes):
            share = counts[i, j] / total if total else 0.0
            x, y = _NAMES + j * cell, _NAMES + i * cell
            colour = "0,114,178" if i == j else "213,94,0"
            parts.append(
                f'<rect x="{x}" y="{y}" width="{cell - 1}" height="{cell - 1}" '
                f'style="fill:rgba({colour},{max(share, 0.04):.2f})">'
                f"<title>{escape(name)} taken for {escape(other)}: {counts[i, j]} of {total}"
                "</title></rect>"
            )
            if cell >= 30:
                light = "fill:#fff" if share > 0.5 else "fill:#1b1f23"
                parts.append(
                    f'<text x="{x + cell / 2:.0f}" y="{y + cell / 2 + 4:.0f}" '
                    f'text-anchor="middle" style="{light}">{share:.0%}</text>'
                )
    return "".join([*parts, "</svg>"])


def errors(truth: Floats, answers: Floats, name: str) -> str:
    """Draw answers over the true values of one target; on the dashed line they agree."""
    every = -(-len(truth) // _MOST_DOTS)
    truth, answers = truth[::every], answers[::every]
    low = float(min(truth.min(), answers.min()))
    high = float(max(truth.max(), answers.max()))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    chart = svg.Chart(svg.linear(f"true {name}", low, high), svg.linear("answer", low, high), 380)
    chart.dots(truth, answers, "along", 1.6)
    chart.line([low, high], [low, high], "limit")
    return chart.render(f"answers over true {name}")


def losses(curves: Sequence[tuple[str, dict[float, float]]], label: str) -> str:
    """Draw a figure of each model over the share of events that get lost."""
    values = [value for _, curve in curves for value in curve.values()]
    low, high = min(values), max(values)
    room = 0.06 * (high - low) or 0.05
    shares = [share for _, curve in curves for share in curve]
    chart = svg.Chart(
        svg.linear("share of the events lost, %", 0.0, 100 * max(shares) or 1.0),
        svg.linear(label, low - room, high + room),
    )
    # The first on top.
    for number in reversed(range(len(curves))):
        points = sorted(curves[number][1].items())
        xs, ys = [100 * share for share, _ in points], [value for _, value in points]
        chart.line(xs, ys, f"series{number}")
        chart.dots(xs, ys, f"series{number}", 3.0)
    return chart.render(f"{label} over the share of events lost")


def time_constants(
    tau_s: dict[float, tuple[float, ...]], scales: Sequence[tuple[str, float]], gap_s: float
) -> str:
    """Draw each unit's tau, 5 to 95 %, the channels' time scales, and the median interval."""
    low_share, middle, high_share = min(tau_s), sorted(tau_s)[len(tau_s) // 2], max(tau_s)
    order = sorted(range(len(tau_s[middle])), key=lambda unit: tau_s[middle][unit])
    marks = [scale for _, scale in scales if 0 < scale < math.inf] + [gap_s] * (gap_s > 0)
    low = min([tau_s[low_share][unit] for unit in order] + marks)
    high = max([tau_s[high_share][unit] for unit in order] + marks)
    count = len(order)
    thick = min(9.0, max(2.0, 500.0 / count))
    chart = svg.Chart(
        svg.logarithmic("time", low / 1.3, high * 1.3, seconds_text),
        svg.Axis("unit", -0.7, count - 0.3, [], float),
        height=int(70 + count * (thick + 2)),
    )
    for place, unit in enumerate(order):
        shortest, longest = tau_s[low_share][unit], tau_s[high_share][unit]
        title = f"unit {unit}: {seconds_text(shortest)} to {seconds_text(longest)}"
        chart.bar(shortest, longest, place, thick, "bar", title)
    chart.dots([tau_s[middle][unit] for unit in order], range(count), "rest", min(3.0, thick / 2))
    for _, scale in scales:
        if 0 < scale < math.inf:
            chart.line([scale, scale], [-0.7, count - 0.3], "series1")
    if gap_s > 0:
        chart.line([gap_s, gap_s], [-0.7, count - 0.3], "limit")
    return chart.render("time constants beside the data's time scales")


def legend(names: Sequence[str]) -> str:
    """Return a legend, names in order of the series."""
    items = (
        f'<span><i class="key{number}"></i>{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<p class="legend">{"".join(items)}</p>'

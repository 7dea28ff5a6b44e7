"""Draws docs/evidence/*.svg: accuracy against parameters, and against losses. Needs no PyTorch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host_tools import svg
from host_tools.evidence.comparison import Found, Result
from host_tools.evidence.size_page import MEASURES, Swept
from host_tools.evidence.wearable import CONTIGUOUS
from host_tools.train import RULER

_COLOURS = (
    *("#1f6fb2", "#c0392b", "#b8860b", "#2e8b57", "#7d3c98", "#555555", "#e67e22"),
    *("#16a085", "#e84393", "#00bcd4", "#8d6e63", "#9acd32", "#283593", "#000000"),
)
# Lines of the pictures of losses.
_DRAWN = ("cascade u", "decay", RULER, "GRU", "CfC", "LTC", "forest")
_HEIGHT = 300


@dataclass(frozen=True)
class Line:
    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    dashed: bool = False
    dots: bool = False  # dots alone


def drawn(found: Found, wearable: dict[str, Result], swept: Swept) -> dict[str, str]:
    """Return every picture by the name of its file."""
    made = {f"{name}-losses.svg": _losses(name, results) for name, results in found.items()}
    made["wearable-losses.svg"] = _wearable_losses(wearable)
    made["wearable-parameters.svg"] = _parameters(wearable)
    for name, kinds in swept.items():
        made[f"{name}-sizes.svg"] = _sizes(name, kinds)
    return made


def _losses(name: str, results: dict[str, Result]) -> str:
    lines = []
    for kind in (kind for kind in _DRAWN if kind in results):
        drops = {n: v for n, v in results[kind]["accuracy"].items() if n.startswith("drop")}
        xs = [float(drop.split()[1]) for drop in drops]
        lines.append(Line(kind, xs, [float(np.mean(v)) for v in drops.values()]))
    axis = svg.linear("samples dropped, %", 0.0, 90.0)
    return _picture(axis, "accuracy", lines, f"accuracy on {name} by the share of samples dropped")


def _wearable_losses(entries: dict[str, Result]) -> str:
    lines = []
    for kind in (kind for kind in _DRAWN if kind in entries):
        found = entries[kind]["splits"][CONTIGUOUS]["macro_f1"]
        xs = [100 * float(share) for share in found]
        lines.append(Line(kind, xs, [float(np.mean(v)) for v in found.values()]))
    axis = svg.linear("events lost, %", 0.0, 90.0)
    title = "macro F1 on wearable, contiguous trials, by the share of events lost"
    return _picture(axis, "macro F1", lines, title)


def _parameters(entries: dict[str, Result]) -> str:
    best_first = sorted(entries.items(), key=lambda item: -item[1]["macro_f1"])
    lines = [
        Line(kind, [entry["parameters"]], [entry["macro_f1"]], dots=True)
        for kind, entry in best_first
    ]
    title = "macro F1 on wearable, contiguous trials, by the number of parameters"
    return _picture(_decades(lines, "parameters (forest: nodes)"), "macro F1", lines, title)


def _sizes(name: str, kinds: dict[str, dict[str, Result]]) -> str:
    lines = []
    for form in ("float", "int8"):
        for kind, sizes in kinds.items():
            xs = [result["parameters"] for result in sizes.values()]
            ys = [float(np.mean(result[form]["0"])) for result in sizes.values()]
            lines.append(Line(f"{kind}, {form}", xs, ys, dashed=form == "int8"))
    title = f"{MEASURES[name]} on {name} by the number of parameters, 8 to 64 units"
    return _picture(_decades(lines, "parameters"), MEASURES[name], lines, title)


def _decades(lines: Sequence[Line], label: str) -> svg.Axis:
    every = [x for line in lines for x in line.xs]
    low, high = 0.8 * min(every), 1.25 * max(every)
    ticks = [
        float(digit * 10**power)
        for power in range(int(math.log10(low)), int(math.log10(high)) + 1)
        for digit in (1, 2, 5)
    ]
    kept = [(tick, f"{tick:,.0f}") for tick in ticks if low <= tick <= high]
    return svg.Axis(label, low, high, kept, math.log10)


def _picture(axis: svg.Axis, measure: str, lines: Sequence[Line], title: str) -> str:
    """Draw the lines, with their names beside the chart."""
    every = [y for line in lines for y in line.ys]
    room = 0.05 * (max(every) - min(every)) or 0.01
    low, high = min(every) - room, min(max(every) + room, 1.0)
    chart = svg.Chart(axis, svg.linear(measure, low, high), _HEIGHT)
    names = list(dict.fromkeys(_colour_name(line) for line in lines))
    for line in lines:
        number = names.index(_colour_name(line))
        style = f"series{number}" + (" dashed" if line.dashed else "")
        if not line.dots:
            chart.line(line.xs, line.ys, style)
        chart.dots(line.xs, line.ys, f"dot{number}", 6.0 if line.dots else 2.5)
    styles = "".join(
        f".series{i}{{fill:none;stroke:{_COLOURS[i]};stroke-width:2}}.dot{i}{{stroke:{_COLOURS[i]}}}"
        for i in range(len(names))
    )
    keys = "".join(
        f'<text x="652" y="{20 + 17 * i}" style="fill:{_COLOURS[i]}">{name}</text>'
        for i, name in enumerate(names)
    )
    if any(line.dashed for line in lines):
        keys += f'<text x="652" y="{20 + 17 * len(names)}">dashed: int8</text>'
    _, body = chart.render(title).split(">", 1)
    return (
        f'<svg viewBox="0 0 790 {_HEIGHT}" role="img" xmlns="http://www.w3.org/2000/svg" '
        'width="960"><style>text{font:12px sans-serif;fill:#444}.grid{stroke:#ddd;fill:none}'
        f"{styles}.dashed{{stroke-dasharray:5 4}}</style>"
        '<rect width="100%" height="100%" fill="white"/>' + body.replace("</svg>", f"{keys}</svg>")
    )


def _colour_name(line: Line) -> str:
    return line.name.removesuffix(", float").removesuffix(", int8")

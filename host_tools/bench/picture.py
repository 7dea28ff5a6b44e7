"""The benchmark's medians as horizontal bars on a logarithmic scale, an SVG."""

import math
from html import escape
from typing import Any

_WIDTH, _LEFT, _RIGHT = 860, 300, 80
_TOP, _ROW, _BAR, _BOTTOM = 44, 34, 20, 44
_STYLE = """\
    .bar { fill: #31577f } .slow { fill: #9db3c8 } .grid { stroke: #d8e0e8 }
    text { fill: #1d2b3a } .note { fill: #5a6b7c; font-size: 12px }"""


def picture(report: dict[str, Any]) -> str:
    """One bar a row of the report, those before Rivulet's own integers in a lighter colour."""
    rows = [(row["what"], max(row["median_us"], 1)) for row in report["rows"]]
    if "missing" not in report["edges"]:
        label = "interrupt latency, edge to timestamp"
        rows.append((label, max(report["edges"]["median_us"], 1)))
    low = 10 ** math.floor(math.log10(min(us for _, us in rows)))
    high = 10 ** math.ceil(math.log10(max(us for _, us in rows) + 1))
    bottom = _TOP + _ROW * len(rows)

    def at(us: float) -> float:
        share = math.log(us / low) / math.log(high / low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + _BOTTOM}" '
        'font-family="DejaVu Sans, Verdana, sans-serif" font-size="13">',
        f"  <style>\n{_STYLE}\n  </style>",
        f'  <rect width="{_WIDTH}" height="{bottom + _BOTTOM}" fill="#ffffff"/>',
        f'  <text x="12" y="24">{report["units"]} units, {report["inputs"]} inputs, one event: '
        f"{escape(report['machine'])}, {escape(report['where'])}</text>",
    ]
    tick = low
    while tick <= high:
        parts.append(f'  <path class="grid" d="M{at(tick):.1f} {_TOP - 6}V{bottom}"/>')
        parts.append(
            f'  <text class="note" x="{at(tick):.1f}" y="{bottom + 16}" '
            f'text-anchor="middle">{tick:,}</text>'
        )
        tick *= 10
    for i, (what, us) in enumerate(rows):
        y = _TOP + _ROW * i
        slow = "integers" not in what and not what.startswith(("the same", "one", "interrupt"))
        parts.append(
            f'  <text x="{_LEFT - 10}" y="{y + 15}" text-anchor="end">{escape(what)}</text>'
        )
        parts.append(
            f'  <rect class="{"slow" if slow else "bar"}" x="{_LEFT}" y="{y}" '
            f'width="{at(us) - _LEFT:.1f}" height="{_BAR}"/>'
        )
        parts.append(f'  <text x="{at(us) + 6:.1f}" y="{y + 15}">{us:,}</text>')
    parts.append(
        f'  <text class="note" x="{_LEFT}" y="{bottom + 36}">microseconds, median, on a '
        "logarithmic scale</text>"
    )
    return "\n".join([*parts, "</svg>\n"])

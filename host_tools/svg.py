"""Small charts as SVG text, without a plotting library: axes, lines, dots, bars."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

_WIDTH = 640
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 10, 40


@dataclass(frozen=True)
class Axis:
    """low to high in its own unit; scale maps a value to where it stands; ticks: (value, text)."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    scale: Callable[[float], float]

    def share(self, value: float) -> float:
        """0 at the low end, 1 at the high one; values beyond are drawn at the end."""
        low, high = self.scale(self.low), self.scale(self.high)
        return (self.scale(min(max(value, self.low), self.high)) - low) / (high - low)


def linear(label: str, low: float, high: float) -> Axis:
    """An evenly divided axis with round ticks."""
    if not high > low:
        low, high = low - 0.5, low + 0.5
    rough = (high - low) / 8.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1.0, 2.0, 5.0, 10.0) if size * factor >= rough)
    first = math.ceil(low / step - 1e-9)
    ticks = [first * step + i * step for i in range(int((high - first * step) / step + 1e-9) + 1)]
    return Axis(label, low, high, [(tick, f"{tick + 0.0:.4g}") for tick in ticks], float)


def logarithmic(label: str, low: float, high: float, text: Callable[[float], str]) -> Axis:
    """An axis of decades; low and high above 0."""
    if not high > low:
        low, high = low / 2.0, high * 2.0
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    every = max(1, -(-(last - first) // 8))
    ticks = [10.0**power for power in range(first, last + 1, every)]
    if len(ticks) < 2:
        ticks = [low, math.sqrt(low * high), high]
    return Axis(label, low, high, [(tick, text(tick)) for tick in ticks], math.log10)


def signed(label: str, low: float, high: float, near: float) -> Axis:
    """Decades on both sides of zero, linear within +- near: asinh(value / near)."""
    if not high > low:
        low, high = low - near, high + near
    ticks = [(0.0, "0")]
    for side in (-1.0, 1.0):
        power = math.ceil(math.log10(near) + 1e-9)
        while side * 10.0**power <= high and side * 10.0**power >= low:
            ticks.append((side * 10.0**power, f"{side * 10.0**power:g}"))
            power += 1
    kept = [tick for tick in ticks if low <= tick[0] <= high]
    return Axis(label, low, high, sorted(kept), lambda value: math.asinh(value / near))


class Chart:
    """Collects marks; `render` makes the SVG. Classes are styled by the page."""

    def __init__(self, x: Axis, y: Axis, height: int = 300) -> None:
        self._x, self._y, self._height = x, y, height
        self._marks: list[str] = []

    def _at(self, x: float, y: float) -> tuple[float, float]:
        wide = _WIDTH - _LEFT - _RIGHT
        tall = self._height - _TOP - _BOTTOM
        return _LEFT + wide * self._x.share(x), _TOP + tall * (1.0 - self._y.share(y))

    def line(self, xs: Iterable[float], ys: Iterable[float], style: str) -> None:
        points = [self._at(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._marks.append(f'<polyline class="{style}" points="{path}"/>')

    def dots(self, xs: Iterable[float], ys: Iterable[float], style: str, radius: float) -> None:
        # One path of points with round ends: far smaller than a circle each. Dots on the same
        # tenth of a pixel are one.
        points = sorted({self._rounded(x, y) for x, y in zip(xs, ys, strict=True)})
        path = "".join(f"M{x:g} {y:g}h0" for x, y in points)
        self._marks.append(
            f'<path class="{style}" stroke-linecap="round" stroke-width="{2 * radius:g}" '
            f'd="{path}"/>'
        )

    def _rounded(self, x: float, y: float) -> tuple[float, float]:
        across, up = self._at(float(x), float(y))
        return round(across, 1), round(up, 1)

    def bar(self, low: float, high: float, y: float, thick: float, style: str, title: str) -> None:
        """A horizontal bar at `y`, `thick` pixels high, with what it says when pointed at."""
        (x0, middle), (x1, _) = self._at(low, y), self._at(high, y)
        self._marks.append(
            f'<rect class="{style}" x="{x0:.1f}" y="{middle - thick / 2:.1f}" '
            f'width="{max(x1 - x0, 1.5):.1f}" height="{thick:.1f}">'
            f"<title>{escape(title)}</title></rect>"
        )

    def render(self, title: str) -> str:
        bottom, right = self._height - _BOTTOM, _WIDTH - _RIGHT
        parts = [
            f'<svg viewBox="0 0 {_WIDTH} {self._height}" role="img" '
            f'xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
        ]
        for value, text in self._x.ticks:
            x = self._at(value, self._y.low)[0]
            parts.append(f'<path class="grid" d="M{x:.1f} {_TOP}V{bottom}"/>')
            parts.append(
                f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{escape(text)}</text>'
            )
        for value, text in self._y.ticks:
            y = self._at(self._x.low, value)[1]
            parts.append(f'<path class="grid" d="M{_LEFT} {y:.1f}H{right}"/>')
            parts.append(
                f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(text)}</text>'
            )
        middle = (_TOP + bottom) / 2
        parts += self._marks
        parts.append(
            f'<text x="{(_LEFT + right) / 2:.0f}" y="{self._height - 6}" text-anchor="middle">'
            f"{escape(self._x.label)}</text>"
            f'<text transform="translate(13 {middle:.0f}) rotate(-90)" text-anchor="middle">'
            f"{escape(self._y.label)}</text></svg>"
        )
        return "".join(parts)

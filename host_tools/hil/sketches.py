"""Drawings of the plants that Rivulet has."""

import math
from collections.abc import Callable, Mapping

from host_tools.hil.canvas import Canvas

Values = Mapping[str, float]
Sketch = Callable[[Canvas, Values], None]

_GROUND, _CART_TOP = 0.04, 0.22


def _cartpole(canvas: Canvas, values: Values) -> None:
    at, angle = values["x"] / 2.4, values["theta"]
    canvas.line(-1, 0, 1, 0)
    for y in (_GROUND, _CART_TOP):
        canvas.line(at - 0.08, y, at + 0.08, y)
    for x in (at - 0.08, at + 0.08):
        canvas.line(x, _GROUND, x, _CART_TOP)
    # As long as the picture is high, so drawn upright it ends at its top.
    length = 0.95 - _CART_TOP
    canvas.line(
        at,
        _CART_TOP,
        at + math.sin(angle) * length / canvas.aspect,
        _CART_TOP + math.cos(angle) * length,
    )


def _pendulum(canvas: Canvas, values: Values) -> None:
    canvas.line(0, 0.5, values["sin"] * 0.48 / canvas.aspect, 0.5 + values["cos"] * 0.48)
    canvas.line(-0.03, 0.5, 0.03, 0.5)


SKETCHES: dict[str, Sketch] = {"cartpole": _cartpole, "pendulum": _pendulum}

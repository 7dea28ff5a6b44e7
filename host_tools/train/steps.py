"""The device's integrators (firmware/rivulet/cells/integrators.py), batched.

Each takes gates(x) -> (alpha, q) of dx/dt = alpha (q - x), x (models, series, units), gap (models,
series) in s and the highest alpha in 1/s; it returns x at the gap's end. A gap of 0 leaves x as it
is, to the bit.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from rivulet.cells.integrators import _MAX_ITERATIONS, MAX_SUBSTEPS

Rate: TypeAlias = float | Tensor  # 1/s; a tensor is (models, 1)
Gates = Callable[[Tensor], tuple[Tensor, Tensor]]
Step = Callable[[Gates, Tensor, Tensor, Rate], Tensor]


def exponential(gates: Gates, x: Tensor, gap: Tensor, alpha_max: Rate) -> Tensor:
    alpha, target = gates(x)
    return x - torch.expm1(-gap[..., None] * alpha) * (target - x)


def semi_implicit(gates: Gates, x: Tensor, gap: Tensor, alpha_max: Rate) -> Tensor:
    alpha, target = gates(x)
    share = gap[..., None] * alpha
    return x + share / (1 + share) * (target - x)


def euler(gates: Gates, x: Tensor, gap: Tensor, alpha_max: Rate) -> Tensor:
    count, step, rest = substeps(gap, alpha_max)
    for index in range(int(count.max())):
        alpha, target = gates(x)
        x = x + _taken(index, count, step) * alpha * (target - x)
    return _finish(gates, x, rest, step, alpha_max)


def implicit_euler(gates: Gates, x: Tensor, gap: Tensor, alpha_max: Rate) -> Tensor:
    """Run at most 40 fixed-point iterations; a series' damping halves when its change grows."""
    settled = 1e-26 if x.dtype == torch.float64 else 1e-13
    start = x
    share, last = torch.ones_like(gap), torch.full_like(gap, torch.inf)
    active = torch.ones_like(gap, dtype=torch.bool)
    for _ in range(_MAX_ITERATIONS):
        alpha, target = gates(x)
        gain = gap[..., None] * alpha
        change = (target * gain + start) / (1 + gain) - x
        size = change.detach().square().amax(-1)
        share = torch.where(size > last, 0.5 * share, share)
        last = size
        x = x + torch.where(active, share, 0.0)[..., None] * change
        active = active & (size > settled)
        if not bool(active.any()):
            break
    return x


def rk4(gates: Gates, x: Tensor, gap: Tensor, alpha_max: Rate) -> Tensor:
    count, step, rest = substeps(gap, alpha_max)

    def slope(state: Tensor) -> Tensor:
        alpha, target = gates(state)
        return alpha * (target - state)

    for index in range(int(count.max())):
        x = rk4_step(slope, x, _taken(index, count, step))
    return _finish(gates, x, rest, step, alpha_max)


def rk4_step(slope: Callable[[Tensor], Tensor], x: Tensor, h: Tensor) -> Tensor:
    """Return the state after one step of `h` (models, series, 1) seconds."""
    k1 = slope(x)
    k2 = slope(x + 0.5 * h * k1)
    k3 = slope(x + 0.5 * h * k2)
    k4 = slope(x + h * k3)
    return x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def substeps(gap: Tensor, alpha_max: Rate) -> tuple[Tensor, Tensor, Tensor]:
    """Return (count, length, s left after 64 steps) of explicit steps of at most 1/alpha_max."""
    count = (gap * alpha_max).floor() + 1
    step = torch.where(count > MAX_SUBSTEPS, 1.0 / alpha_max, gap / count)
    count = count.clamp_max(MAX_SUBSTEPS)
    return count, step, gap - count * step


def _taken(index: int, count: Tensor, step: Tensor) -> Tensor:
    """Return the length of step `index`; 0 for series that need no more steps."""
    return torch.where(index < count, step, 0.0)[..., None]


def _finish(gates: Gates, x: Tensor, rest: Tensor, step: Tensor, alpha_max: Rate) -> Tensor:
    left = torch.where(rest > 1e-3 * step, rest, 0.0)
    if not bool(left.any()):
        return x
    return exponential(gates, x, left, alpha_max)


_ALL = (euler, semi_implicit, exponential, implicit_euler, rk4)
BY_NAME: dict[str, Step] = {step.__name__: step for step in _ALL}

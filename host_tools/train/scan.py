"""The sequence x_e = x_(e-1) + d_e (q_e - x_(e-1)), one operation an event forwards and backwards.

Gates that do not depend on x make a cell such a sequence. So does a leaky mean.
"""

from typing import Any

import torch
from torch import Tensor


def scan(share: Tensor, target: Tensor, start: Tensor) -> Tensor:
    """Return x after every event: (models, events, series, units).

    share d and target q: (models, events, series, units); start: (models, series, units).
    """
    made: Tensor = _Scan.apply(share, target, start)  # type: ignore[no-untyped-call,unused-ignore]
    return made


class _Scan(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    @staticmethod
    def forward(ctx: Any, share: Tensor, target: Tensor, start: Tensor) -> Tensor:
        states = torch.empty_like(target)
        before = start
        each = zip(share.unbind(1), target.unbind(1), states.unbind(1), strict=True)
        for d, q, x in each:
            # A share of 0 leaves x as it is, to the bit.
            before = torch.lerp(before, q, d, out=x)
        ctx.save_for_backward(share, target, start, states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        share, target, start, states = ctx.saved_tensors
        kept = 1 - share
        total = gradients[0].clone()
        each, passed = total.unbind(1), kept.unbind(1)
        for e in range(len(each) - 2, -1, -1):
            each[e].addcmul_(passed[e + 1], each[e + 1])
        before = torch.cat([start[:, None], states[:, :-1]], 1)
        return (target - before) * total, share * total, passed[0] * each[0]

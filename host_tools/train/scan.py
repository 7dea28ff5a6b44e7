"""Linear sequences, one operation an event forwards and backwards.

`scan` is x_e = x_(e-1) + d_e (q_e - x_(e-1)): gates that do not depend on x make a cell such a
sequence, and so does a leaky mean. `recurrence` is x_e = a_e x_(e-1) + b_e in complex numbers.
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


def recurrence(kept: Tensor, added: Tensor, start: Tensor) -> Tensor:
    """Return x after every event: (models, events, series, units), complex.

    kept a and added b: (models, events, series, units); start: (models, series, units).
    """
    made: Tensor = _Recurrence.apply(kept, added, start)  # type: ignore[no-untyped-call,unused-ignore]
    return made


class _Recurrence(torch.autograd.Function):  # type: ignore[misc,unused-ignore]
    @staticmethod
    def forward(ctx: Any, kept: Tensor, added: Tensor, start: Tensor) -> Tensor:
        states = torch.empty_like(added)
        before = start
        for a, b, x in zip(kept.unbind(1), added.unbind(1), states.unbind(1), strict=True):
            before = torch.addcmul(b, a, before, out=x)
        ctx.save_for_backward(kept, start, states)
        return states

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        kept, start, states = ctx.saved_tensors
        passed = kept.conj().resolve_conj()
        total = gradients[0].clone()
        each, through = total.unbind(1), passed.unbind(1)
        for e in range(len(each) - 2, -1, -1):
            each[e].addcmul_(through[e + 1], each[e + 1])
        before = torch.cat([start[:, None], states[:, :-1]], 1)
        return before.conj() * total, total, through[0] * each[0]

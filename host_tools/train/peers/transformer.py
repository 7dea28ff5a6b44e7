"""A small transformer over events: a token is an event's inputs, and attention knows its age.

Two layers; in each an event attends to itself and to the events before it, `CONTEXT` in all. A
head's scores lose a learned share of the logarithm of an event's age. Source: Vaswani et al.,
NIPS 2017; a bias that falls with distance: Press et al., ICLR 2022.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from host_tools.train import CONTEXT
from host_tools.train.network import Network, Parameters, Readout, State, initial_matrix
from host_tools.train.series import EventBatch
from host_tools.train.trajectory import Trajectory

_LAYERS, _HEADS = 2, 2
_USUAL_S = 0.1  # ages count from about here


class Transformer(Network):
    """It has no state: every call of `run` starts anew."""

    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 12,
        readout: Readout | None = None,
    ) -> None:
        each = [_initial(seed, channels, outputs, units) for seed in seeds]
        super().__init__(each, units, readout or Readout("state"))

    def zero_state(self, series: int) -> State:
        return (self.since(series),)

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        weights = self.weights()
        count = events.gaps.shape[2]
        # Blocks of as many events as the context: a block attends to itself and the one before.
        missing = -count % CONTEXT
        x = _product(events.inputs, weights["tokens.weight"], weights["tokens.bias"])
        x = F.pad(x, (0, 0, 0, missing))
        times = F.pad(events.gaps.cumsum(2), (0, missing))
        ages, masked = _ages(times), _masked(count + missing)
        for layer in range(_LAYERS):
            own = {n: weights[f"layer{layer}.{n}"] for n in _SHAPES}
            x = x + _attention(_even(x), own, ages, masked)
            wide = F.gelu(_product(_even(x), own["wide.weight"], own["wide.bias"]))
            x = x + _product(wide, own["narrow.weight"], own["narrow.bias"])
        features = _even(x)[:, :, :count]
        return torch.cat([features, features[:, :, -1:]], 2), (events.rest,)


_SHAPES = (
    *("qkv.weight", "qkv.bias", "join.weight", "join.bias", "age"),
    *("wide.weight", "wide.bias", "narrow.weight", "narrow.bias"),
)


def _product(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return W x + b for x (models, series, events, columns)."""
    flat = torch.baddbmm(bias[:, None], x.flatten(1, 2), weight.transpose(1, 2))
    return flat.view(*x.shape[:3], -1)


def _even(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:])


def _paired(x: Tensor) -> Tensor:
    """Return each block behind the one before it: (models, series, blocks, 2 CONTEXT, ...)."""
    blocks = x.unflatten(2, (-1, CONTEXT))
    before = torch.cat([torch.zeros_like(blocks[:, :, :1]), blocks[:, :, :-1]], 2)
    return torch.cat([before, blocks], 3)


def _ages(times: Tensor) -> Tensor:
    """Return log(1 + age) of every event that a block sees: (..., blocks, CONTEXT, 2 CONTEXT)."""
    seen, now = _paired(times), times.unflatten(2, (-1, CONTEXT))
    return torch.log1p((now[..., None] - seen[..., None, :]).clamp_min(0.0) / _USUAL_S)


def _masked(count: int) -> Tensor:
    """Return where attention must not look: (blocks, CONTEXT, 2 CONTEXT)."""
    back = torch.arange(CONTEXT)[:, None] + CONTEXT - torch.arange(2 * CONTEXT)[None]
    outside = (back < 0) | (back >= CONTEXT)
    masked = outside.expand(count // CONTEXT, -1, -1).clone()
    masked[0, :, :CONTEXT] = True  # nothing comes before the first block
    return masked


def _attention(x: Tensor, own: Parameters, ages: Tensor, masked: Tensor) -> Tensor:
    qkv = _product(x, own["qkv.weight"], own["qkv.bias"]).unflatten(-1, (3, _HEADS, -1))
    query, key, value = qkv.unbind(3)  # (models, series, events, heads, width)
    width = query.shape[-1]
    now = query.unflatten(2, (-1, CONTEXT)).transpose(3, 4)
    keys, values = (_paired(part).transpose(3, 4) for part in (key, value))
    # (models, series, blocks, heads, CONTEXT, 2 CONTEXT)
    fall = F.softplus(own["age"])[:, None, None, :, None, None]
    scores = now @ keys.transpose(-1, -2) / width**0.5 - fall * ages[:, :, :, None]
    shares = scores.masked_fill(masked[:, None], -torch.inf).softmax(-1)
    joined = (shares @ values).transpose(3, 4).flatten(2, 3).flatten(-2)
    return _product(joined, own["join.weight"], own["join.bias"])


def _initial(seed: int, channels: int, outputs: int, units: int) -> Parameters:
    random = torch.Generator().manual_seed(seed)
    width = _HEADS * max(units // _HEADS, 1)

    def dense(name: str, rows: int, columns: int, gain: float = 1.0) -> Parameters:
        matrix = initial_matrix(random, rows, columns, gain)
        return {f"{name}.weight": matrix, f"{name}.bias": torch.zeros(rows)}

    made = dense("tokens", units, channels)
    for layer in range(_LAYERS):
        parts = {
            **dense("qkv", 3 * width, units),
            **dense("join", units, width, 0.5),
            # The first head is nearly blind to age.
            "age": torch.linspace(-3.0, 0.0, _HEADS),
            **dense("wide", 2 * units, units),
            **dense("narrow", units, 2 * units, 0.5),
        }
        made |= {f"layer{layer}.{name}": part for name, part in parts.items()}
    return made | dense("readout", outputs, units)

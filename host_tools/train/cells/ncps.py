"""LTC and CfC as ncps has them, run event by event with the true intervals.

ncps makes the modules and their initial weights, and weights leave under its names for the
converter. What is computed per event is written out here, for all models at once and with the
products that ncps takes one by one taken together; it is tested against ncps' own cells.
(ncps' `forward` over a batch takes each sequence's interval for a neuron's.)

The convention is the papers': an event's input drives the interval that ends with it. As on the
device an interval of 0 moves nothing.

With mixed memory (firmware/rivulet/cells/lstm.py) the state is [x; c], and an LSTM moves both
before the cell moves x.

Source: ncps 1.0.1, `ncps.torch.LTCCell`, `CfCCell`, `WiredCfCCell`, `LSTMCell`; Hasani et al.,
AAAI 2021 and Nature Machine Intelligence 2022.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from host_tools.errors import RivuletError
from host_tools.train.network import Field, Liquid, Parameters, Readout, State, driven
from rivulet.cells.lstm import LOWEST_RATE

_CELL = "rnn_cell."
_LSTM = "lstm."


class NcpsCell(Liquid):
    """`make` builds one cell of ncps; the first model's stays as `module`, for what is fixed.

    seen: how many neurons, the last ones, the readout reads.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        seeds: list[int],
        sizes: tuple[int, int, int],  # channels, units, outputs
        convention: str,
        readout: Readout | None,
        mixed_memory: bool = False,
        seen: int | None = None,
    ) -> None:
        self.channels, units, outputs = sizes
        self.mixed_memory, self.seen = mixed_memory, seen or units
        cells = _seeded(seeds, make)
        memories: list[Any] = [None] * len(seeds)
        if mixed_memory:
            memories = _seeded(seeds, partial(_memory, self.channels, units))
        each = []
        for seed, cell, memory in zip(seeds, cells, memories, strict=True):
            random = torch.Generator().manual_seed(seed)
            learned = {n: p.detach() for n, p in cell.named_parameters() if p.requires_grad}
            if memory is not None:
                learned |= {_LSTM + n: p.detach() for n, p in memory.named_parameters()}
            head = torch.randn(outputs, self.seen, generator=random) / self.seen**0.5
            ends = {"readout.weight": head, "readout.bias": torch.zeros(outputs)}
            each.append(learned | ends)
        super().__init__(each, units, readout or Readout(), convention)
        self.module = cells[0].requires_grad_(False)
        # Seconds in a unit of the timespans that the cell is given.
        self.time_unit_s = 1.0

    def zero_state(self, series: int) -> State:
        wide = self.zeros(series, self.units * (1 + self.mixed_memory))
        return wide, wide, *super().zero_state(series)[2:]

    def logits(self, features: Tensor) -> Tensor:
        return super().logits(features[..., self.units - self.seen : self.units])

    def to(self, dtype: torch.dtype) -> None:
        super().to(dtype)
        self.module.to(dtype)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        head = {f"head.{part}": arrays.pop(f"readout.{part}") for part in ("weight", "bias")}
        fixed = {n: p for n, p in self.module.named_parameters() if n not in arrays}
        arrays |= {name: p.detach().numpy() for name, p in fixed.items()}
        del metadata["cell"]
        named = {n if n.startswith(_LSTM) else _CELL + n: array for n, array in arrays.items()}
        own = {"source": "ncps", "kind": self.cell, "time_unit_s": self.time_unit_s}
        return named | head, metadata | own


class NcpsField(Field):
    """A right-hand side that gives a step instead of a slope."""

    cell: str

    def __init__(self, network: NcpsCell, weights: Parameters, inputs: Tensor) -> None:
        self._memory = _Memory(weights, inputs) if network.mixed_memory else None
        self._unit_s = network.time_unit_s

    def advance(self, index: int, x: Tensor, gap: Tensor) -> Tensor:
        moving = (gap > 0)[..., None]
        # Avoids dividing by an interval of 0, where LTC does not move.
        span = torch.where(moving, gap[..., None] / self._unit_s, 1.0)
        if self._memory is None:
            return torch.where(moving, self.step(index, x, span), x)
        before, memory = self._memory.step(index, x, span)
        return torch.where(moving, torch.cat([self.step(index, before, span), memory], -1), x)

    def rates(self, index: int, x: Tensor) -> Tensor:
        if self._memory is None:
            return self.cell_rates(index, x) / self._unit_s
        x = x.chunk(2, -1)[0]
        both = [self.cell_rates(index, x), self._memory.rates(index, x)]
        return torch.cat(both, -1) / self._unit_s

    def cell_rates(self, index: int, x: Tensor) -> Tensor:
        """Return 1/tau in 1/units of time."""
        raise NotImplementedError

    def step(self, index: int, x: Tensor, seconds: Tensor) -> Tensor:
        """Return x (models, series, units) after a timespan (models, series, 1) > 0.

        `seconds` are units of time: seconds unless `time_unit_s` says otherwise.
        """
        raise NotImplementedError

    def slope(self, index: int, x: Tensor) -> Tensor:
        raise RivuletError(f"a {self.cell} of ncps has no dx/dt: train it through its steps")

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return ()


def _memory(channels: int, units: int) -> Any:
    from ncps.torch.lstm import LSTMCell

    return LSTMCell(channels, units)


class _Memory:
    """ncps' LSTM beside the cell: (a, i, f, o) = W u + R x + b, one step whatever the interval."""

    def __init__(self, weights: Parameters, inputs: Tensor) -> None:
        inward, bias, recurrent = (
            weights[_LSTM + name]
            for name in ("input_map.weight", "input_map.bias", "recurrent_map.weight")
        )
        self._driven = driven(inputs, inward, bias)
        self._recurrent = recurrent.transpose(1, 2)
        self._seconds: Tensor | None = None  # of the step last taken

    def step(self, index: int, both: Tensor, seconds: Tensor) -> tuple[Tensor, Tensor]:
        """Return (x, c) after one step from [x; c]."""
        x, c = both.chunk(2, -1)
        self._seconds = seconds
        new, enter, keep, leave = self._parts(index, x)
        c = c * torch.sigmoid(keep) + torch.tanh(new) * torch.sigmoid(enter)
        return torch.tanh(c) * torch.sigmoid(leave), c

    def rates(self, index: int, x: Tensor) -> Tensor:
        """Return the rate at which the forget gate decays c, over the last interval, 1/s."""
        assert self._seconds is not None, "no step was taken"
        keep = self._parts(index, x)[2]
        return softplus(-keep) / self._seconds + LOWEST_RATE

    def _parts(self, index: int, x: Tensor) -> tuple[Tensor, ...]:
        new, enter, keep, leave = torch.baddbmm(self._driven[index], x, self._recurrent).chunk(
            4, -1
        )
        return new, enter, keep + 1.0, leave


def _seeded(seeds: list[int], make: Callable[[], Any]) -> list[Any]:
    """Make a cell for every seed; the global random generator keeps its state."""
    try:
        with torch.random.fork_rng():
            cells = []
            for seed in seeds:
                torch.manual_seed(seed)
                cells.append(make())
            return cells
    except ImportError:
        raise RivuletError("LTC and CfC need ncps: pip install 'rivulet[train]'") from None

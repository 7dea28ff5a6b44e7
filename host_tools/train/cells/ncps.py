"""LTC and CfC as ncps has them, run event by event with the true intervals.

ncps makes the modules and their initial weights, and weights leave under its names for the
converter. What is computed per event is written out here, for all models at once and with the
products that ncps takes one by one taken together; it is tested against ncps' own cells.
(ncps' `forward` over a batch takes each sequence's interval for a neuron's.)

The convention is the papers': an event's input drives the interval that ends with it. As on the
device an interval of 0 moves nothing.

Source: ncps 1.0.1, `ncps.torch.LTCCell`, `CfCCell`; Hasani et al., AAAI 2021 and Nature Machine
Intelligence 2022.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.network import Field, Liquid, Readout

_CELL = "rnn_cell."


class NcpsCell(Liquid):
    """`make` builds one cell of ncps; the first model's stays as `module`, for what is fixed."""

    def __init__(
        self,
        make: Callable[[], Any],
        seeds: list[int],
        sizes: tuple[int, int, int],  # channels, units, outputs
        convention: str,
        readout: Readout | None,
    ) -> None:
        self.channels, units, outputs = sizes
        cells = _seeded(seeds, make)
        each = []
        for seed, cell in zip(seeds, cells, strict=True):
            random = torch.Generator().manual_seed(seed)
            learned = {n: p.detach() for n, p in cell.named_parameters() if p.requires_grad}
            head = torch.randn(outputs, units, generator=random) / units**0.5
            ends = {"readout.weight": head, "readout.bias": torch.zeros(outputs)}
            each.append(learned | ends)
        super().__init__(each, units, readout or Readout(), convention)
        self.module = cells[0].requires_grad_(False)

    def to(self, dtype: torch.dtype) -> None:
        super().to(dtype)
        self.module.to(dtype)

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays, metadata = super().exported(index)
        head = {f"head.{part}": arrays.pop(f"readout.{part}") for part in ("weight", "bias")}
        fixed = {n: p for n, p in self.module.named_parameters() if n not in arrays}
        arrays |= {name: p.detach().numpy() for name, p in fixed.items()}
        del metadata["cell"]
        named = {_CELL + name: array for name, array in arrays.items()}
        return named | head, metadata | {"source": "ncps", "kind": self.cell, "time_unit_s": 1.0}


class NcpsField(Field):
    """A right-hand side that is a step, not a slope."""

    cell: str

    def advance(self, index: int, x: Tensor, gap: Tensor) -> Tensor:
        moving = (gap > 0)[..., None]
        # A stand-in where nothing moves: LTC divides by the interval.
        seconds = torch.where(moving, gap[..., None], 1.0)
        return torch.where(moving, self.step(index, x, seconds), x)

    def step(self, index: int, x: Tensor, seconds: Tensor) -> Tensor:
        """x (models, series, units) after `seconds` (models, series, 1) > 0."""
        raise NotImplementedError

    def slope(self, index: int, x: Tensor) -> Tensor:
        raise RivuletError(f"a {self.cell} of ncps has no dx/dt: train it through its steps")

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        return ()


def _seeded(seeds: list[int], make: Callable[[], Any]) -> list[Any]:
    """A cell for every seed; the global generator is left as it was."""
    try:
        with torch.random.fork_rng():
            cells = []
            for seed in seeds:
                torch.manual_seed(seed)
                cells.append(make())
            return cells
    except ImportError:
        raise RivuletError("LTC and CfC need ncps: pip install 'rivulet[train]'") from None

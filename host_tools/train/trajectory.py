"""What a pass over events saw of the dynamics, for validation and for regularisers."""

import torch
from torch import Tensor


class Trajectory:
    """Filled by `Network.run`: one entry a gap."""

    def __init__(self) -> None:
        self._rates: list[Tensor] = []
        self._before: list[Tensor] = []
        self._after: list[Tensor] = []
        self._gaps: list[Tensor] = []

    def add(self, rates: Tensor, before: Tensor, after: Tensor, gap: Tensor) -> None:
        """rates, before, after (models, series, units); gap (models, series)."""
        self._rates.append(rates)
        self._before.append(before)
        self._after.append(after)
        self._gaps.append(gap)

    def rates(self) -> Tensor:
        """1/tau at the start of each gap, 1/s: (models, series, gaps, units)."""
        return torch.stack(self._rates, 2)

    def change(self) -> Tensor:
        """How far the state moved in each gap: (models, series, gaps, units)."""
        return torch.stack(self._after, 2) - torch.stack(self._before, 2)

    def gaps(self) -> Tensor:
        """s: (models, series, gaps)."""
        return torch.stack(self._gaps, 2)

"""The dynamics along a pass over events, for validation and for penalties."""

import torch
from torch import Tensor


class Trajectory:
    """Rates and states of a pass, one entry a gap; `Network.run` fills it."""

    def __init__(self) -> None:
        self._rates: list[Tensor] = []
        self._before: list[Tensor] = []
        self._after: list[Tensor] = []
        self._gaps: list[Tensor] = []

    def add(self, rates: Tensor, before: Tensor, after: Tensor, gap: Tensor) -> None:
        """Append a gap: rates (1/s), states before and after (models, series, units); gap (s)."""
        self._rates.append(rates)
        self._before.append(before)
        self._after.append(after)
        self._gaps.append(gap)

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded: the network has no time constants."""
        return not self._gaps

    def rates(self) -> Tensor:
        """Return 1/tau at the start of each gap, 1/s: (models, series, gaps, units)."""
        return torch.stack(self._rates, 2)

    def change(self) -> Tensor:
        """Return the change of the state in each gap: (models, series, gaps, units)."""
        return torch.stack(self._after, 2) - torch.stack(self._before, 2)

    def gaps(self) -> Tensor:
        """Return the gaps' lengths, s: (models, series, gaps)."""
        return torch.stack(self._gaps, 2)

"""How a float model's inputs become integers."""

from dataclasses import dataclass

import numpy as np

from host_tools.integers.row_scales import Floats


@dataclass(frozen=True)
class Inputs:
    """The conversion of a float model's inputs to integers: Q12 of (raw - offset) * scale."""

    offset: Floats
    scale: Floats

    def unfolded(self, physical: Floats) -> tuple[Floats, Floats]:
        """Return (weights, bias) for integer inputs from weights (rows, inputs) for raw values."""
        zero = np.zeros_like(physical)
        inward = np.divide(physical, self.scale, out=zero, where=self.scale != 0)
        return inward, physical @ self.offset

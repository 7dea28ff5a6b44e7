"""What came of the episodes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

# Beyond this, numbers say nothing that a person could use, and differ with the width of floats.
_DIGITS = 6


@dataclass
class Tally:
    """Counts over all episodes. seconds: of the plant's time, in real time those that went by.

    returns: the sum of the rewards of each episode. wanted_hz: steps a second, as the plant has
    them.
    """

    wanted_hz: float
    returns: list[float] = field(default_factory=list)
    readings: int = 0
    lost: int = 0
    late: int = 0
    decisions: int = 0
    steps: int = 0
    seconds: float = 0.0

    @property
    def loss(self) -> float:
        return self.lost / self.readings if self.readings else 0.0

    @property
    def decisions_per_s(self) -> float:
        return self.decisions / self.seconds if self.seconds else 0.0

    @property
    def steps_per_s(self) -> float:
        return self.steps / self.seconds if self.seconds else 0.0

    def facts(self) -> dict[str, Any]:
        """Return what --json prints."""
        return {
            "return_mean": round(float(np.mean(self.returns)), _DIGITS),
            "return_std": round(float(np.std(self.returns)), _DIGITS),
            "episodes": len(self.returns),
            "loss": round(self.loss, _DIGITS),
            "late": self.late,
            "decisions_per_s": round(self.decisions_per_s, _DIGITS),
        }

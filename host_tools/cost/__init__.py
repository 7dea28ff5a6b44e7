"""`rivulet estimate`: what a model costs on each kind of board, from measured tables."""

from host_tools.cost.estimate import Estimate, estimate, estimates
from host_tools.cost.lines import estimate_lines

__all__ = ["Estimate", "estimate", "estimate_lines", "estimates"]

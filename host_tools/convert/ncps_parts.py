"""The parts that each ncps converter reads from a state dict."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from host_tools.convert.model_file import Arrays, Settings

# Where a person says an option of ncps that the tensors do not show.
SAY_IT = "; say it in --wiring W.json or --metadata"


@dataclass
class Parts:
    """units: neurons; settings: the cell's own; tensors: makes the device's from the complete
    settings, which say how inputs are normalised; output_weight (k, units) and output_bias (k,):
    the module's outputs from its state."""

    units: int
    inputs: int
    settings: Settings
    tensors: Callable[[Settings], Arrays]
    output_weight: np.ndarray
    output_bias: np.ndarray
    warnings: list[str] = field(default_factory=list)

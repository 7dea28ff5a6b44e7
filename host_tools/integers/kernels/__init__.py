"""The integer cells' steps in numpy, for runs on this computer: one file each.

The plain kernels of rivulet.integers define the bits, and these give the same ones. A step belongs
to the two buffers of one model: what it takes from the weights and tables is prepared once.
"""

import importlib
from pathlib import Path
from typing import Any

from rivulet import model as device_model


def load(path: Path) -> Any:
    """Return the running model of a file; an integer model runs on its cell's step in numpy.

    Raises ValueError for a model that no board takes.
    """
    with path.open("rb") as file:
        model = device_model.load(file, path.stat().st_size)
    if model.integer:
        # Only the step is another: all else is the firmware's own code.
        model._step = stepper(model.settings["cell"])(model._words, model._weights)
    return model


def stepper(cell: str) -> Any:
    """Return the function that makes the step of this cell for (words, weights)."""
    return importlib.import_module(f"host_tools.integers.kernels.{cell}").step_for

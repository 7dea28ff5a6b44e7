"""Reads the header of a model file as the board does."""

from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.errors import RivuletError
from rivulet import model as device_model


def read_settings(model: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (settings, tensors) of a model file, checked as the board checks them.

    Raises RivuletError.
    """
    files.check_input(model)
    try:
        with model.open("rb") as file:
            settings, tensors = device_model.read_header(file, model.stat().st_size)
        device_model.check(settings, tensors)
    except OSError as error:
        raise RivuletError(f"{model}: {error.strerror}") from None
    except device_model.ModelError as error:
        raise RivuletError(f"{model}: {error}") from None
    return settings, tensors


def units(settings: dict[str, Any], columns: int) -> int:
    """Return the number of units of a model whose readout has `columns` columns."""
    if settings["cell"] == "cascade":
        # Its readout reads one layer only.
        return sum(settings["layers"])
    # Only a float32 readout carries the bias as a column.
    return columns if "arithmetic" in settings else columns - 1

"""Results in files: what is there is not made again, and what was made otherwise is refused."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.evidence.comparison import Result

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# Iterations whose losses tell whether a stored result is that of the contender as it is now.
FIRST = 10
_SAME = 1e-4  # relative; machines may sum in another order


def once(path: Path, setup: "DataclassInstance", make: Callable[[], Result]) -> Result:
    """Return the result in the file, or make and write it. Raises RivuletError as `read`."""
    if path.is_file():
        return read(path, setup)
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"setup": said(setup), **make()}
    files.write_text(path, json.dumps(result, indent=1) + "\n")
    return result


def read(path: Path, setup: "DataclassInstance") -> Result:
    """Read a result. Raises RivuletError if it was made under another setup."""
    try:
        result: Result = json.loads(path.read_text())
        made = result["setup"]
    except (ValueError, KeyError):
        raise RivuletError(f"{path} is no result: delete it to have it made again") from None
    wanted = said(setup)
    if made != wanted:
        other = ", ".join(f"{k} {v}" for k, v in made.items() if wanted.get(k) != v)
        raise RivuletError(f"{path} was made with {other}: name another folder with --out")
    return result


def said(setup: "DataclassInstance") -> dict[str, Any]:
    """Return the settings as JSON gives them back."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(setup)))
    return found


def first(losses: list[list[float]]) -> list[list[float]]:
    return [[round(value, 5) for value in each] for each in losses[:FIRST]]


def same_losses(stored: list[list[float]], losses: list[list[float]]) -> bool:
    """Tell whether the first iterations gave the losses that are stored.

    They depend on the data, the damage, the cell, its start, the loss and the optimiser.
    """
    then, now = np.array(stored), np.array(first(losses))
    return then.shape == now.shape and np.allclose(now, then, rtol=_SAME, atol=0)

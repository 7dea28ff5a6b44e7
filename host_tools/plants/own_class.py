"""A plant from a person's own file: `file.py:Class`, a class with `reset` and `step`."""

import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import RivuletError
from host_tools.plants.plant import Floats, Step

# What a class need not state.
_DEFAULTS: dict[str, Any] = {
    "actions": ("a0",),
    "period_s": 0.02,
    "step_limit": 500,
}


class OwnPlant:
    """An object of the class. `reset(seed)` returns the observation, `step(action)` three things.

    Names and units of observations, actions and their limits (+-1), period_s (0.02), safe (0) and
    step_limit (500) may be attributes of the class. A class that follows Gymnasium's interface
    works as it is. An error in the class is told with its file and line.
    """

    def __init__(self, spec: str) -> None:
        """Raise RivuletError for a file or a class that is no plant."""
        self.spec = spec
        self._file, self._object = _made(spec)
        for method in ("reset", "step"):
            if not callable(getattr(self._object, method, None)):
                raise RivuletError(f"plant {spec}: the class has no method '{method}'")
        self.actions = tuple(self._stated("actions"))
        self.period_s = float(self._stated("period_s"))
        self.step_limit = int(self._stated("step_limit"))
        count = len(self.actions)
        limits = getattr(self._object, "action_limits", ((-1.0, 1.0),) * count)
        self.action_limits = tuple((float(low), float(high)) for low, high in limits)
        default = tuple(min(max(0.0, low), high) for low, high in self.action_limits)
        self.safe = tuple(float(value) for value in getattr(self._object, "safe", default))
        if not count or len(self.action_limits) != count or len(self.safe) != count:
            raise RivuletError(
                f"plant {spec}: action_limits and safe need one entry for each of its {count} "
                "actions"
            )
        if not self.period_s > 0 or self.step_limit < 1:
            raise RivuletError(f"plant {spec}: period_s and step_limit must be above 0")
        names = getattr(self._object, "observations", None)
        # The length of an observation is known from the class, or from one.
        size = len(self.reset(0)) if names is None else len(names)
        self.observations = tuple(names or (f"o{k}" for k in range(size)))
        self.units = tuple(getattr(self._object, "units", ("",) * size))
        if len(self.units) != size:
            raise RivuletError(f"plant {spec}: units need one entry for each observation")

    def reset(self, seed: int) -> Floats:
        found = self._called(lambda: self._object.reset(seed=seed))
        # Gymnasium's interface returns the observation and a dict.
        if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], dict):
            found = found[0]
        return self._vector(found)

    def step(self, action: Floats) -> Step:
        found = self._called(lambda: self._object.step(action))
        if not isinstance(found, tuple) or len(found) not in (3, 5):
            raise RivuletError(
                f"plant {self.spec}: step must return (observation, reward, ended), as a tuple"
            )
        ended = bool(found[2]) or (len(found) == 5 and bool(found[3]))
        return self._vector(found[0]), float(found[1]), ended

    def _stated(self, name: str) -> Any:
        return getattr(self._object, name, _DEFAULTS[name])

    def _vector(self, found: Any) -> Floats:
        try:
            vector = np.asarray(found, np.float64)
        except (TypeError, ValueError):
            vector = np.zeros((0, 0))
        if vector.ndim != 1 or not len(vector):
            raise RivuletError(f"plant {self.spec}: an observation must be a vector of numbers")
        return vector

    def _called(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:
            raise _told(self._file, error) from None


def _made(spec: str) -> tuple[Path, Any]:
    path, _, name = spec.rpartition(":")
    file = Path(path)
    if not file.is_file():
        raise RivuletError(f"{file}: no such file; a plant of your own is file.py:Class")
    found = importlib.util.spec_from_file_location(f"rivulet_plant_{file.stem}", file)
    if found is None or found.loader is None:
        raise RivuletError(f"{file}: is not a Python file")
    module = importlib.util.module_from_spec(found)
    # Files beside it can be imported, as when it runs by itself.
    folder = str(file.resolve().parent)
    sys.path.insert(0, folder)
    try:
        found.loader.exec_module(module)
        kind = getattr(module, name, None)
        if not isinstance(kind, type):
            raise RivuletError(f"{file}: has no class '{name}'")
        return file, kind()
    except RivuletError:
        raise
    except Exception as error:
        raise _told(file, error) from None
    finally:
        sys.path.remove(folder)


def _told(file: Path, error: Exception) -> RivuletError:
    """Return the error of a person's own code, with its file and line."""
    if isinstance(error, SyntaxError):
        return RivuletError(f"{file}: line {error.lineno}: {error.msg}")
    own = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == file]
    at = f"line {own[-1].lineno}: " if own else ""
    return RivuletError(f"{file}: {at}{type(error).__name__}: {error}")

"""A model's dynamics as functions of state and input, computed by the device code itself."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools import files
from host_tools.errors import RivuletError
from rivulet import model as device_model
from rivulet.cells import integrators

Floats = NDArray[np.float64]

# The interval if neither the events nor the model file state one.
_DEFAULT_INTERVAL_S = 0.1
# Of the fastest time constant: a step so short stands for dx/dt, see `_limit`.
_SHORT = 1e-4


class Dynamics:
    """x: state (n,); u: inputs (m,) in physical units; rates in 1/s, times in s; float64.

    A cell that offers `slope()` has dx/dt = f(x, u), and so has an LTC, whose step over a
    vanishing interval is one; such a model is `continuous`. The others (CfC, mixed memory) are
    maps from one event to the next, and are looked at for a stated `interval_s`.
    """

    def __init__(self, model: Path) -> None:
        self.run = _load(model)
        self.settings: dict[str, Any] = self.run.settings
        self.cell = self.run.cell
        self.hidden: int = self.run.hidden
        self.channels: list[str] = self.run.channels
        normalisation = self.settings["normalisation"]
        self.offset: Floats = np.array(normalisation["offset"], np.float64)
        scale = np.abs(np.array(normalisation["scale"], np.float64))
        # What one normalised unit is in physical ones; 0 for a channel that is switched off.
        self.unit: Floats = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0.0)
        ltc = self.settings["cell"] == "ltc" and not self.settings["mixed_memory"]
        self.continuous = hasattr(self.cell, "slope") or ltc
        # dx/dt = alpha (q - x): the cells that the integrators of the device move.
        self.relaxing = isinstance(self.cell, integrators.Relaxing)
        training_us = self.settings["training_dt_us"]
        self.interval_s = training_us * 1e-6 if training_us else _DEFAULT_INTERVAL_S
        self.output_weights: Floats = self._readout()
        self.direct: Floats = self._direct()

    def put(self, x: Floats, u: Floats) -> None:
        self.cell.state_floats[:] = _floats(x)
        self.cell.input_floats[:] = _floats(u)

    def state(self) -> Floats:
        return np.array(self.cell.state_floats)

    def rates(self, x: Floats, u: Floats) -> Floats:
        """Return alpha = 1/tau (n,), 1/s, for this state and input."""
        self.put(x, u)
        self.cell.evaluate()
        return np.array(self.cell.alpha_floats)

    def targets(self, x: Floats, u: Floats) -> tuple[Floats, Floats]:
        """Return (alpha, q) of a relaxing cell or a cascade, (n,) each."""
        alpha = self.rates(x, u)
        return alpha, np.array(self.cell.target)

    def field(self, x: Floats, u: Floats) -> Floats:
        """Return dx/dt (n,), 1/s, of a continuous model."""
        if not hasattr(self.cell, "slope"):
            return self._limit(x, u)
        self.put(x, u)
        return np.array(self.cell.slope())

    def _limit(self, x: Floats, u: Floats) -> Floats:
        """Return dx/dt as the limit of a short step, extrapolated once: second order."""
        short = _SHORT / float(self.rates(x, u).max())
        whole = (self.step(x, u, short) - x) / short
        half = (self.step(x, u, 0.5 * short) - x) / (0.5 * short)
        return 2.0 * half - whole

    def step(self, x: Floats, u: Floats, seconds: float) -> Floats:
        """Return the state (n,) after the device's own step over `seconds` under constant u."""
        self.put(x, u)
        self.cell.advance(seconds)
        return self.state()

    def drift(self, x: Floats, u: Floats) -> Floats:
        """Return what is zero at an equilibrium: dx/dt, or the change over `interval_s`."""
        return self.field(x, u) if self.continuous else self.step(x, u, self.interval_s) - x

    def explicit(self, name: str, x: Floats, u: Floats, seconds: float) -> Floats:
        """Return the state after one undivided step of integrator `name`, for a relaxing cell."""
        self.put(x, u)
        highest = self.cell.alpha_max
        # With alpha_max 0 the device takes the whole interval in one sub-step.
        self.cell.alpha_max = 0.0
        try:
            integrators.BY_NAME[name](self.cell, seconds)
        finally:
            self.cell.alpha_max = highest
        return self.state()

    def _readout(self) -> Floats:
        """Return the readout (k, n + 1), bias last, from its outputs at zero and unit states."""
        readout = self.run.readout
        found = []
        for features in (np.zeros(self.hidden), *np.eye(self.hidden)):
            readout.feature_floats[:] = _floats(features)
            found.append(np.array(readout.outputs()))
        readout.reset()
        bias = found[0]
        return np.column_stack([*(column - bias for column in found[1:]), bias])

    def _direct(self) -> Floats:
        """Return how the outputs depend on the inputs that the readout reads, (k, m)."""
        rows, count = len(self.output_weights), len(self.channels)
        if not getattr(self.cell, "reads_inputs", False):
            return np.zeros((rows, count))
        found = []
        for u in (np.zeros(count), *np.eye(count)):
            self.cell.input_floats[:] = _floats(u)
            found.append(np.array(self.run.readout.outputs()))
        self.run.reset()
        return np.column_stack([column - found[0] for column in found[1:]])


def _floats(values: Floats) -> memoryview:
    # numpy's arrays are buffers, which its type information does not say for Python 3.11.
    return memoryview(np.ascontiguousarray(values))  # type: ignore[arg-type]


def _load(path: Path) -> Any:
    files.check_input(path)
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            settings, _ = device_model.read_header(file, size)
            if settings.get("arithmetic") == "int8":
                raise RivuletError(
                    f"{path}: int8 steps have no derivatives; analyze the float32 model that it "
                    "was made from"
                )
            file.seek(0)
            return device_model.load(file, size)
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except device_model.ModelError as error:
        raise RivuletError(f"{path}: {error}") from None

"""Cells of the form dx/dt = alpha (q - x): decay and CTRNN share everything but their gates."""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train import steps
from host_tools.train.network import Field, Liquid, Parameters, Readout, initial_matrix
from rivulet.cells.decay import DRIVES


@dataclass(frozen=True)
class Form:
    """Settings of a relaxing cell: drive, integrator, and bounds of its rates in 1/s."""

    drive: str = "relaxing"
    integrator: str = "exponential"
    convention: str = "previous"
    alpha_min: float = 0.05
    alpha_max: float = 30.0
    start_tau_s: tuple[float, float] = (0.05, 5.0)  # time constants start log-spaced over this

    def __post_init__(self) -> None:
        for name, known in (("drive", DRIVES), ("integrator", tuple(steps.BY_NAME))):
            if getattr(self, name) not in known:
                raise RivuletError(f"no {name} is called '{getattr(self, name)}': {known}")
        if not 0.0 < self.alpha_min < self.alpha_max:
            raise RivuletError("alpha bounds must satisfy 0 < alpha_min < alpha_max")


class Relaxing(Liquid):
    def __init__(
        self,
        seeds: list[int],
        channels: int,
        outputs: int,
        units: int = 32,
        form: Form | None = None,
        readout: Readout | None = None,
    ) -> None:
        self.channels = channels
        self.form = form or Form()
        each = []
        for seed in seeds:
            random = torch.Generator().manual_seed(seed)
            own = self.initial_rates(random, channels, units)
            each.append(own | _initial(random, channels, outputs, units))
        super().__init__(each, units, readout or Readout(), self.form.convention)

    @abstractmethod
    def initial_rates(self, random: torch.Generator, channels: int, units: int) -> Parameters:
        """Draw the initial parameters that set the rates."""

    def starting_rates(self, units: int) -> Tensor:
        """Return every neuron's initial 1/tau, 1/s: (units,)."""
        form = self.form
        return starting_rates(units, form.start_tau_s, form.alpha_min, form.alpha_max)

    def metadata(self) -> dict[str, Any]:
        form = self.form
        return super().metadata() | {"drive": form.drive, "integrator": form.integrator}


class RelaxingField(Field):
    def __init__(self, form: Form, highest: float | Tensor) -> None:
        self._form = form
        self._highest = highest  # 1/s, that explicit steps are counted by; or (models, 1)
        self._step = steps.BY_NAME[form.integrator]

    @abstractmethod
    def gates(self, index: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (alpha, q), each (models, series, units)."""

    def drawn(self, alpha: Tensor, g: Tensor) -> Tensor:
        """Return the state that x relaxes to."""
        return g if self._form.drive == "relaxing" else g / alpha

    def advance(self, index: int, x: Tensor, gap: Tensor) -> Tensor:
        return self._step(lambda state: self.gates(index, state), x, gap, self._highest)

    def slope(self, index: int, x: Tensor) -> Tensor:
        alpha, target = self.gates(index, x)
        return alpha * (target - x)

    def rates(self, index: int, x: Tensor) -> Tensor:
        return self.gates(index, x)[0]


def starting_rates(
    units: int, tau_s: tuple[float, float], lowest: float, highest: float
) -> Tensor:
    """Return rates whose time constants are log-spaced over `tau_s`, 1/s: (units,)."""
    shortest, longest = map(math.log10, tau_s)
    rates = 1 / torch.logspace(shortest, longest, units)
    # Inside the bounds: at a bound the gradient is zero.
    return torch.clamp(rates, 1.01 * lowest, 0.99 * highest)


def before_softplus(rate: Tensor) -> Tensor:
    """Return what softplus maps to `rate`."""
    # From 20 on softplus changes nothing that float32 resolves, and exp soon overflows.
    return torch.where(rate > 20.0, rate, torch.log(torch.expm1(rate)))


def _initial(random: torch.Generator, channels: int, outputs: int, units: int) -> Parameters:
    return {
        "drive.recurrent": initial_matrix(random, units, units, 0.8),
        "drive.input": initial_matrix(random, units, channels, 0.8),
        "drive.bias": 0.1 * torch.randn(units, generator=random),
        "readout.weight": initial_matrix(random, outputs, units, 1.0),
        "readout.bias": torch.zeros(outputs),
    }

"""Cells of the form dx/dt = alpha (q - x): decay and CTRNN share everything but their gates."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train import steps
from host_tools.train.network import Field, Liquid, Parameters, Readout
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
        self, each: list[Parameters], units: int, channels: int, form: Form, readout: Readout
    ) -> None:
        super().__init__(each, units, readout, form.convention)
        self.channels = channels
        self.form = form

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

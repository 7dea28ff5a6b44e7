"""Base classes of networks: parameters of several models, a readout, continuous flow."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train.adjoint import advance_by_adjoint
from host_tools.train.quantise import Integers, Rows, rounded
from host_tools.train.series import NEVER, EventBatch
from host_tools.train.trajectory import Trajectory

Parameters = dict[str, Tensor]  # each (models, ...)
State = tuple[Tensor, ...]  # each (models, series, ...); the last is the time since the last event

CONVENTIONS = ("previous", "current")


@dataclass(frozen=True)
class Readout:
    """Reads the state ("state"), or its leaky mean with this time constant ("mean")."""

    kind: str = "mean"
    tau_s: float = 3.0

    def __post_init__(self) -> None:
        if self.kind not in ("state", "mean"):
            raise RivuletError(f"no readout is called '{self.kind}': use 'state' or 'mean'")


class Network(ABC):
    """Parameters of several models, and how their state follows the events."""

    def __init__(self, each: Sequence[Parameters], units: int, readout: Readout) -> None:
        self.units = units
        self.readout = readout
        self.integers: Integers | None = None  # set: train with int8 arithmetic
        self.parameters: Parameters = {
            name: torch.stack([one[name] for one in each]).requires_grad_() for name in each[0]
        }

    @property
    def models(self) -> int:
        return len(self.parameters["readout.bias"])

    def size(self) -> int:
        return sum(p[0].numel() for p in self.parameters.values())

    def to(self, dtype: torch.dtype) -> None:
        for name, p in self.parameters.items():
            self.parameters[name] = p.detach().to(dtype).requires_grad_()

    def decays(self, name: str) -> bool:
        """Tell whether weight decay applies to this parameter; biases hold time constants."""
        return bool(self.parameters[name].dim() == 3)

    def quantise(self, half: Sequence[float] | None = None) -> None:
        """Switch to weights and activations as the device's int8 arithmetic rounds them.

        half: each channel's range as `calibration.ranges` finds it; None: without calibration.
        """
        raise RivuletError(f"a {type(self).__name__} has no int8 arithmetic to be trained for")

    def rows(self, integers: Integers) -> list[Rows]:
        """Return the groups of matrices whose rows share one scale on the device."""
        return [[("readout.weight", integers.state_scale)]]

    def weights(self) -> Parameters:
        """Return the weights of a pass: the parameters, or their int8 roundings."""
        if self.integers is not None:
            return rounded(self.parameters, self.rows(self.integers))
        return self.parameters

    def zeros(self, *shape: int) -> Tensor:
        return torch.zeros(self.models, *shape, dtype=self.parameters["readout.bias"].dtype)

    def since(self, series: int) -> Tensor:
        return torch.full_like(self.zeros(series), NEVER)

    @abstractmethod
    def zero_state(self, series: int) -> State:
        """Return the state before the first event."""

    @abstractmethod
    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        """Return the readout's features and the final state.

        The features are (models, series, events + 1, units): row e gives the device's outputs at
        event e, the last row those at the recording's end.
        """

    def logits(self, features: Tensor) -> Tensor:
        """Map features (models, series, ..., units) to outputs (models, series, ..., outputs)."""
        weights = self.weights()
        weight, bias = weights["readout.weight"], weights["readout.bias"]
        if self.integers is not None:
            features = self.integers.state(features)
        flat = features.flatten(1, -2) @ weight.transpose(1, 2) + bias[:, None]
        return flat.view(*features.shape[:-1], -1)

    def observe(self, x: Tensor, mean: Tensor, weight: Tensor, gap: Tensor) -> State:
        """Return (feature, mean, its weight) after `x` was reached over `gap` seconds."""
        if self.readout.kind == "state":
            return x, mean, weight
        mean, weight = averaged(x, mean, weight, gap, self.readout.tau_s)
        return mean, mean, weight

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """Return one model's (weights, metadata) for the converter. Raises RivuletError."""
        raise RivuletError(f"a {type(self).__name__} does not run on boards: train a liquid cell")


def driven(inputs: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, ...]:
    """Return the inputs' part of a layer, (models, series, rows) a gap: it needs no state.

    weight (models, rows, channels), bias (models, rows).
    """
    sums = inputs.flatten(1, 2) @ weight.transpose(1, 2) + bias[:, None]
    each: tuple[Tensor, ...] = sums.view(*inputs.shape[:3], -1).unbind(2)
    return each


def initial_matrix(random: torch.Generator, rows: int, columns: int, gain: float) -> Tensor:
    """Draw initial weights whose sum over unit inputs has this standard deviation, `gain`."""
    return gain / math.sqrt(columns) * torch.randn(rows, columns, generator=random)


def averaged(
    x: Tensor, mean: Tensor, weight: Tensor, gap: Tensor, tau_s: float
) -> tuple[Tensor, Tensor]:
    """Return the leaky mean of `x` and its weight, after `x` was held for `gap` seconds.

    Equals the device's readout, except that the device rounds a weight within 1e-6 of 1 to 1.
    """
    share = -torch.expm1(-gap / tau_s)
    weight = weight + share * (1 - weight)
    # Before the first gap above 0 the weight is 0, and the quotient would be 0 / 0.
    rate = share / torch.where(weight > 0, weight, 1.0)
    return mean + rate[..., None] * (x - mean), weight


class Field(Protocol):
    """A cell's right-hand side in one pass; the inputs' part is computed for all gaps at once."""

    def advance(self, index: int, x: Tensor, gap: Tensor) -> Tensor:
        """Return x after `gap` seconds under the inputs of gap `index`."""

    def slope(self, index: int, x: Tensor) -> Tensor:
        """Return dx/dt under the inputs of gap `index`."""

    def rates(self, index: int, x: Tensor) -> Tensor:
        """Return 1/tau, 1/s, as the cell's telemetry reports it."""

    def tensors(self, index: int) -> tuple[Tensor, ...]:
        """Return the tensors that `slope` depends on beside x, for their gradients."""


class Liquid(Network):
    """A network whose state moves in continuous time between events, under constant inputs."""

    cell: str
    channels: int

    def __init__(
        self, each: Sequence[Parameters], units: int, readout: Readout, convention: str
    ) -> None:
        super().__init__(each, units, readout)
        if convention not in CONVENTIONS:
            raise RivuletError(f"no convention is called '{convention}': {CONVENTIONS}")
        self.convention = convention
        # None: gradients through the unrolled steps; else the tolerance of the adjoint solver.
        self.adjoint_tolerance: float | None = None

    @abstractmethod
    def field(self, weights: Parameters, inputs: Tensor) -> Field:
        """Return the field for `inputs` (models, series, gaps, channels), constant in each gap."""

    def zero_state(self, series: int) -> State:
        wide, held = self.zeros(series, self.units), self.zeros(series, self.channels)
        return wide, wide, wide[..., 0], held, self.since(series)

    def run(
        self, events: EventBatch, state: State, trajectory: Trajectory | None = None
    ) -> tuple[Tensor, State]:
        x, mean, weight, held, since = state
        events = events.following(since)
        gaps = torch.cat([events.gaps, events.rest[..., None]], 2)
        first, last = held[:, :, None], events.inputs[:, :, -1:]
        parts = [first, events.inputs] if self.convention == "previous" else [events.inputs, last]
        inputs = torch.cat(parts, 2)
        if self.integers is not None:
            inputs = self.integers.inputs(inputs)
        field = self.field(self.weights(), inputs)

        features = []
        for index, gap in enumerate(gaps.unbind(2)):
            before = x, mean, weight
            if self.adjoint_tolerance is None:
                x = field.advance(index, x, gap)
            else:
                x = advance_by_adjoint(field, index, x, gap, self.adjoint_tolerance)
            if trajectory:
                trajectory.add(field.rates(index, before[0]), before[0], x, gap)
            feature, mean, weight = self.observe(x, mean, weight, gap)
            features.append(feature)
        # The stream continues from its last event, not from the recording's end.
        return torch.stack(features, 2), (*before, events.inputs[:, :, -1], events.rest)

    def metadata(self) -> dict[str, Any]:
        return {
            "cell": self.cell,
            "convention": self.convention,
            "readout": self.readout.kind,
            "readout_tau_s": self.readout.tau_s,
        }

    def exported(self, index: int) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        arrays = {name: p[index].detach().numpy() for name, p in self.parameters.items()}
        return arrays, self.metadata()


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread: the matrices are small, and sums keep their order."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)

"""The loop of a model and a plant near its balance: poles and margins.

One step is one tick of the policy's cadence, at which a fresh observation is there: the model
moves by the tick, its outputs act, and the plant moves by its period. The loop is linearised at
its own equilibrium, which lies beside the plant's if the model has an offset. Franklin, Powell and
Workman, "Digital Control of Dynamic Systems", 3rd ed., chapters 4 and 7.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from host_tools.analyze.dynamics import Dynamics, Floats
from host_tools.analyze.linearise import Poles, jacobian
from host_tools.errors import RivuletError
from host_tools.plants import Checked, Linear
from rivulet.model import fed

_NEWTON = 30
_CLOSE = 1e-9
# Before Newton's method: ticks that the model moves, then ticks of the loop, which may go so
# far in the units of the plant's states.
_SETTLING, _RUNNING, _FAR = 500, 2000, 10.0
# Gains that are looked at, and the frequencies between two decades below and half the cadence.
_LARGEST_GAIN = 100.0
_BISECTIONS = 40
_FREQUENCIES = 4000
_SMALLEST_MULTIPLIER = 1e-12


@dataclass(frozen=True)
class ClosedLoop:
    """What is known of the loop; margins are None where the loop is unstable.

    gain: by which factors the action may be multiplied, the lowest and the highest that keep the
    loop stable; 0 and inf where none ends it. phase: (degrees, Hz) where it is least; delay_s: the
    longest more delay. Both are None for several actions, and if no frequency has gain 1.
    """

    plant: str
    period_s: float
    observations: tuple[str, ...]
    rest: tuple[float, ...]  # the observation at the loop's equilibrium
    poles: Poles
    gain: tuple[float, float] | None
    phase: tuple[float, float] | None
    delay_s: float | None


def close(dynamics: Dynamics, plant: Checked) -> ClosedLoop:
    """Close the loop. Raises RivuletError for a model or plant of which none is known."""
    linear = plant.linear()
    if linear is None:
        raise RivuletError(f"the plant {plant.name} has no linear model: it needs linear()")
    loop = _Loop(dynamics, plant, linear)
    at = loop.equilibrium()
    matrix = jacobian(loop.step, at)[0]
    multipliers = _multipliers(matrix)
    stable = bool(np.abs(multipliers).max() < 1.0)
    multipliers[np.abs(multipliers) < _SMALLEST_MULTIPLIER] = _SMALLEST_MULTIPLIER
    phase = delay = None
    if stable and loop.actions == 1:
        phase, delay = _phase(loop, matrix)
    return ClosedLoop(
        plant.name,
        plant.period_s,
        plant.observations,
        tuple(float(value) for value in loop.observed(at)),
        Poles(np.asarray(np.log(multipliers) / plant.period_s, np.complex128)),
        _gains(loop, matrix) if stable else None,
        phase,
        delay,
    )


class _Loop:
    """The loop as a map of [plant's states; model's state; last actions], one tick a step."""

    def __init__(self, dynamics: Dynamics, plant: Checked, linear: Linear) -> None:
        self._dynamics, self.plant, self.linear = dynamics, plant, linear
        assert plant.balance is not None
        self._observation, self._action = (np.array(each) for each in plant.balance)
        self.states, self.actions = linear.b.shape
        settings = dynamics.settings
        _check(settings, plant, len(dynamics.output_weights), self.actions)
        # Where each channel comes from: an observation, an action, or a value that stays.
        self._sources = [_source(name, plant) for name in dynamics.channels]

    def observed(self, point: Floats) -> Floats:
        return np.asarray(self._observation + self.linear.c @ point[: self.states])

    def step(self, point: Floats) -> Floats:
        last = self.states + self._dynamics.hidden
        seen = np.concatenate([self.observed(point), point[last:], [0.0, 1.0]])
        inputs = seen[self._sources]
        model = self._dynamics.step(point[self.states : last], inputs, self.plant.period_s)
        # The weights' bias is what the readout gives at the inputs' offsets.
        action = self._dynamics.output_weights @ np.append(model, 1.0)
        action = action + self._dynamics.direct @ (inputs - self._dynamics.offset)
        moved = self.linear.a @ point[: self.states] + self.linear.b @ (action - self._action)
        return np.concatenate([moved, model, action])

    def equilibrium(self) -> Floats:
        """Return the loop's equilibrium by Newton's method. Raises RivuletError without one."""
        point = np.concatenate([np.zeros(self.states + self._dynamics.hidden), self._action])
        for _ in range(_SETTLING):
            point[self.states : -self.actions] = self.step(point)[self.states : -self.actions]
        point = self._run(point)
        for _ in range(_NEWTON):
            off = self.step(point) - point
            if np.abs(off).max() < _CLOSE:
                return point
            matrix = jacobian(self.step, point)[0] - np.eye(len(point))
            point = point - np.linalg.lstsq(matrix, off, rcond=None)[0]
        raise RivuletError(
            f"no equilibrium of the model with the plant {self.plant.name} was found near its "
            "balance: it does not hold the plant"
        )

    def _run(self, point: Floats) -> Floats:
        """Return where the loop itself goes; `point` if it does not stay near."""
        # Of several equilibria the one that the loop comes to is meant.
        later = point
        for _ in range(_RUNNING):
            later = self.step(later)
            if not np.abs(later[: self.states]).max() < _FAR:
                return point
        return later

    def scaled(self, matrix: Floats, gain: float) -> Floats:
        """Return the loop's derivative with the actions that the plant gets times `gain`."""
        found = matrix.copy()
        found[: self.states] = gain * self.linear.b @ matrix[-self.actions :]
        found[: self.states, : self.states] += self.linear.a
        return found


def _check(settings: dict[str, object], plant: Checked, outputs: int, actions: int) -> None:
    policy = settings["policy"]
    assert isinstance(policy, dict)
    if settings["convention"] != "current" or settings["readout"] != "state":
        raise RivuletError(
            "--plant takes a model with the convention 'current' and the readout 'state'"
        )
    if settings["output"] != "value" or outputs != actions or policy.keys() - {"cadence_us"}:
        raise RivuletError(
            f"--plant takes a model whose outputs are the {actions} actions of {plant.name} "
            "themselves, without classes or controllers between"
        )
    if policy["cadence_us"] != round(plant.period_s * 1e6):
        raise RivuletError(
            f"the model decides every {policy['cadence_us']} us and {plant.name} moves in steps "
            f"of {plant.period_s * 1e6:.0f} us: --plant needs them to be the same"
        )


def _source(channel: str, plant: Checked) -> int:
    """Return a channel's place in [observations; actions; 0 for ages; 1 for fresh flags]."""
    observations, actions = plant.observations, plant.actions
    if channel in observations:
        return observations.index(channel)
    kind, of = fed.parts(channel) or ("", "")
    count = len(observations)
    if kind == "action" and of in actions:
        return count + actions.index(of)
    if kind in ("age", "fresh") and of in observations:
        return count + len(actions) + (kind == "fresh")
    raise RivuletError(
        f"the model's channel '{channel}' is no observation of the plant {plant.name}: it has "
        f"{', '.join(observations)}"
    )


def _multipliers(matrix: Floats) -> NDArray[np.complex128]:
    return np.asarray(np.linalg.eigvals(matrix), np.complex128)


def _gains(loop: _Loop, matrix: Floats) -> tuple[float, float]:
    """Return the ends of the range of gains around 1 in which the loop is stable."""

    def holds(gain: float) -> bool:
        return bool(np.abs(_multipliers(loop.scaled(matrix, gain))).max() < 1.0)

    ends = []
    for limit in (1 / _LARGEST_GAIN, _LARGEST_GAIN):
        # The first gain on the way to the limit that ends it.
        way = np.geomspace(1.0, limit, 60)
        ended = next((k for k, gain in enumerate(way) if not holds(float(gain))), None)
        if ended is None:
            ends.append(0.0 if limit < 1 else math.inf)
            continue
        good, bad = float(way[ended - 1]), float(way[ended])
        for _ in range(_BISECTIONS):
            middle = math.sqrt(good * bad)
            good, bad = (middle, bad) if holds(middle) else (good, middle)
        ends.append(good)
    return ends[0], ends[1]


def _phase(loop: _Loop, matrix: Floats) -> tuple[tuple[float, float] | None, float | None]:
    """Return ((least phase margin in degrees, Hz), delay margin in s) of a single action.

    The loop is opened at the plant's input. Where its response is 1 the loop would oscillate.
    """
    period_s = loop.plant.period_s
    opened = loop.scaled(matrix, 0.0)
    inward = np.zeros(len(matrix))
    inward[: loop.states] = loop.linear.b[:, 0]
    rates = np.geomspace(math.pi / period_s / _FREQUENCIES, math.pi / period_s, _FREQUENCIES)
    size = len(matrix)
    response = np.array(
        [
            matrix[-1] @ np.linalg.solve(np.exp(1j * w * period_s) * np.eye(size) - opened, inward)
            for w in rates
        ]
    )
    above = np.abs(response) > 1.0
    crossings = np.flatnonzero(above[1:] != above[:-1])
    if not len(crossings):
        return None, None
    angles = np.angle(response[crossings])
    least = int(np.abs(angles).argmin())
    delays = np.mod(angles, 2 * math.pi) / rates[crossings]
    hz = float(rates[crossings][least] / (2 * math.pi))
    return (float(np.degrees(abs(angles[least]))), hz), float(delays.min())

"""The attitude model beside filters of a library, on the same events: metrics.json and run.png.

    python models/attitude/compare.py

Every estimate is judged just before an event is used, weighted by the interval that it bridged:
what a machine would have steered by. No PyTorch is needed.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import filters
import numpy as np
import physics
from pieces import trouble

from host_tools import files
from host_tools.convert import ModelFile, convert
from host_tools.convert.weights import read_weights
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from host_tools.printing import note, say

FOLDER = Path(__file__).parent
Floats = physics.Floats
BODIES, SECONDS, FROM_S = 8, 15.0, 2.0
TUNED_ON = 6  # recordings
EPISODE = (6.0, 10.0)
_ALL = physics.Losses
CONDITIONS: dict[str, physics.Losses] = {
    **{f"{100 * p:.0f} % lost": _ALL(drop=(p, p, p)) for p in (0.0, 0.3, 0.5, 0.7, 0.9)},
    "no accelerometer": _ALL(outage=(physics.ACCEL, *EPISODE)),
    "no magnetometer": _ALL(outage=(physics.MAG, *EPISODE)),
    "pushed three times as hard": _ALL(shove=(*EPISODE, 3.0)),
    "iron nearby": _ALL(iron_ut=((*EPISODE, np.array([12.0, -9.0, 6.0])),)),
}
Estimate = Callable[[physics.Recording], Floats]  # -> (events, 6)


class FloatCell:
    """The decay cell (relaxing, exponential, state readout) in float64, one recording."""

    def __init__(self, model: ModelFile) -> None:
        self._gates = model.tensors["gates.weight"].astype(np.float64)
        self._readout = model.tensors["readout.weight"].astype(np.float64)
        self._lowest, self._highest = (model.settings[f"alpha_{end}"] for end in ("min", "max"))
        # The scales are in the weights already; a channel is 0 before its first value.
        assert not any(model.settings["normalisation"]["offset"])

    def __call__(self, recording: physics.Recording) -> Floats:
        inputs = np.nan_to_num(recording.held(), nan=0.0)
        seconds = np.diff(recording.times_us, prepend=recording.times_us[0]) * 1e-6
        hidden = len(self._gates) // 2
        joint = np.zeros(self._gates.shape[1])
        joint[-1] = 1.0
        state = joint[:hidden]
        values = np.zeros((len(inputs), len(self._readout)))
        for i, (h, now) in enumerate(zip(seconds, inputs, strict=True)):
            sums = self._gates @ joint
            alpha = np.minimum(np.logaddexp(0.0, sums[:hidden]) + self._lowest, self._highest)
            state -= np.expm1(-h * alpha) * (np.tanh(sums[hidden:]) - state)
            values[i] = self._readout[:, :-1] @ state + self._readout[:, -1]
            joint[hidden:-1] = now
        return values


class IntegerCell:
    """The int8 model by the reference that every kernel equals bit for bit."""

    def __init__(self, model: ModelFile) -> None:
        self._model = model

    def __call__(self, recording: physics.Recording) -> Floats:
        run = reference(self._model.tensors, self._model.settings)
        gaps = np.diff(recording.times_us, prepend=recording.times_us[0])
        values = []
        for gap_us, now in zip(gaps.tolist(), recording.held(), strict=True):
            run.step(gap_us)
            values.append(run.values()[0])
            run.measured(0, now)
        return np.array(values)


def errors(believed: Floats, recording: physics.Recording) -> Floats:
    """(2, events): tilt and heading error in degrees."""
    up = believed[:, :3] / np.maximum(np.linalg.norm(believed[:, :3], axis=1), 1e-9)[:, None]
    north = believed[:, 3:] - (believed[:, 3:] * up).sum(1)[:, None] * up
    tilt = np.arccos(np.clip((up * recording.up).sum(1), -1, 1))
    turned = _heading(up, north) - _heading(recording.up, recording.north)
    return np.degrees([tilt, np.abs(np.mod(turned + np.pi, 2 * np.pi) - np.pi)])


def _heading(up: Floats, north: Floats) -> Floats:
    west = np.cross(up, north)
    return np.arctan2(west[:, 0], north[:, 0])


def score(estimate: Estimate, recordings: list[physics.Recording], window: Any) -> list[float]:
    """Root mean square over time of the tilt and the heading error within `window` (s).

    Nobody is judged before every sensor has been heard once.
    """
    total, time = np.zeros(2), 0.0
    for recording in recordings:
        seconds = recording.times_us * 1e-6
        gaps = np.diff(seconds, prepend=seconds[0])
        heard = ~np.isnan(recording.held()).any(1)
        heard[1:] &= heard[:-1]  # the estimate at an event was made before it
        inside = (seconds >= window[0]) & (seconds < window[1]) & heard
        squares = errors(estimate(recording), recording)[:, inside] ** 2
        total += (squares * gaps[inside]).sum(1)
        time += float(gaps[inside].sum())
    return np.sqrt(total / time).round(2).tolist()


def tuned(name: str, recordings: list[physics.Recording]) -> tuple[float, ...]:
    """A filter's best settings on recordings made as those for training: tilt, then heading."""
    make, grids = filters.KINDS[name]
    best = [float(grid[len(grid) // 2]) for grid in grids]
    for which, grid in enumerate(grids):
        tried = []
        for value in grid:
            settings = [*best[:which], float(value), *best[which + 1 :]]
            run = lambda recording, s=settings: filters.run(make(*s), recording)  # noqa: E731
            tried.append(score(run, recordings, (FROM_S, SECONDS))[which])
        best[which] = float(grid[int(np.argmin(tried))])
        if not 0 < int(np.argmin(tried)) < len(grid) - 1:
            note(f"{name}: the best of setting {which} is at the end of its grid")
    return tuple(best)


def cells() -> dict[str, Estimate]:
    weights, settings = read_weights(FOLDER / "weights.npz")
    model = convert(weights, settings)
    return {
        "decay cell": FloatCell(model),
        "decay cell, int8": IntegerCell(quantise(model, None)),
    }


def library() -> tuple[dict[str, Estimate], dict[str, list[float]]]:
    """The filters, tuned, and their settings."""
    random = np.random.default_rng(11)
    motion = physics.simulate(TUNED_ON, SECONDS, random)
    recordings = [
        physics.record(motion, body, SECONDS, trouble(SECONDS, random), random)
        for body in range(TUNED_ON)
    ]
    made: dict[str, Estimate] = {}
    found = {}
    for name, (make, _) in filters.KINDS.items():
        settings = tuned(name, recordings)
        found[name] = [float(f"{setting:.3g}") for setting in settings]
        say(f"{name}: {found[name]}")
        made[name] = lambda recording, make=make, settings=settings: filters.run(
            make(*settings), recording
        )
    return made, found


def judged(made: dict[str, Estimate], motion: physics.Motion) -> dict[str, dict[str, list[float]]]:
    table: dict[str, dict[str, list[float]]] = {name: {} for name in made}
    for condition, losses in CONDITIONS.items():
        recordings = recorded(motion, losses, 5)
        window = (FROM_S, SECONDS) if max(losses.drop) or losses == _ALL() else EPISODE
        for name, estimate in made.items():
            table[name][condition] = score(estimate, recordings, window)
            say(f"{condition:28} {name:18} {table[name][condition]}")
    return table


def recorded(motion: physics.Motion, losses: physics.Losses, seed: int) -> list[physics.Recording]:
    each = []
    for body in range(motion.rate.shape[1]):
        random = np.random.default_rng([seed, body])
        each.append(physics.record(motion, body, SECONDS, losses, random))
    return each


def picture(made: dict[str, Estimate], motion: physics.Motion, path: Path) -> None:
    """One body, half of the samples lost and no accelerometer for a while."""
    from matplotlib.figure import Figure

    losses = replace(CONDITIONS["no accelerometer"], drop=(0.5, 0.5, 0.5))
    recording = physics.record(motion, 0, SECONDS, losses, np.random.default_rng(7))
    seconds = recording.times_us * 1e-6
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots(3, 1, sharex=True)
    axes[0].plot(seconds, np.degrees(np.arccos(recording.up[:, 2])), "k", label="truth")
    for name in ("decay cell", "complementary", "Kalman"):
        believed = made[name](recording)
        up = believed[:, 2] / np.linalg.norm(believed[:, :3], axis=1)
        (line,) = axes[0].plot(
            seconds, np.degrees(np.arccos(np.clip(up, -1, 1))), lw=1, label=name
        )
        for panel, values in zip(axes[1:], errors(believed, recording), strict=True):
            panel.plot(seconds, values, lw=1, color=line.get_color())
    for panel, text in zip(axes, ("tilt", "tilt error", "heading error"), strict=True):
        panel.axvspan(*EPISODE, color="0.92")
        panel.set_ylabel(f"{text} / deg")
    axes[1].set_ylim(0, 20)
    axes[2].set_ylim(0, 30)
    axes[2].set_xlabel("s; half of all samples lost, grey: no accelerometer")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    with files.replacing(path) as beside:
        figure.savefig(beside, dpi=110)


def main() -> None:
    motion = physics.simulate(BODIES, SECONDS, np.random.default_rng(2))
    tuned_filters, settings = library()
    made = cells() | tuned_filters
    metrics = {
        "error": "root mean square over time: tilt, heading, in degrees",
        "recordings": {"bodies": BODIES, "seconds": SECONDS, "judged_from_s": FROM_S},
        "filters": {"library": "ahrs 0.4.0", "settings": settings},
        "table": judged(made, motion),
    }
    files.write_text(FOLDER / "metrics.json", json.dumps(metrics, indent=1) + "\n")
    picture(made, motion, FOLDER / "run.png")


if __name__ == "__main__":
    main()

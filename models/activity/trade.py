"""What integers and pruning cost: python models/activity/trade.py [--picture FILE.png].

Prints size, work and test accuracy of the shipped weights in float32, in int8, and pruned, and
writes them to integer_metrics.json. Needs numpy; PyTorch for the rows that are fine-tuned and
matplotlib for the picture (pip install 'rivulet[train]').
"""

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools import sparse
from host_tools.calibration import Events
from host_tools.compare import compare
from host_tools.convert import ModelFile, convert, read_weights
from host_tools.fixed_reference import FixedReference
from host_tools.prune import fine_tune, prune_connections, prune_units
from host_tools.quantise import quantise
from host_tools.recordings import Recordings, load

FOLDER = Path(__file__).parent
DROPS = (0.0, 0.3, 0.5, 0.7, 0.9)
ORDERS = 20  # random orders, each with its own lost samples
JITTER_US = 30_000
_SEED = 40_000


@dataclass(frozen=True)
class Streams:
    """All recordings one after another, in several orders side by side; padded by dt = 0."""

    gaps_us: NDArray[np.int64]  # (events, streams)
    values: NDArray[np.float64]  # (events, streams, channels), NaN: nothing is carried
    labels: NDArray[np.int64]  # (events, streams): what is to be said here, -1: nothing


@dataclass(frozen=True)
class Point:
    """One row of the table."""

    name: str
    units: int
    weights: int  # of the gates, as stored
    file_bytes: int
    work: int  # multiply-adds an event, in whole blocks
    accuracy: dict[str, float]  # by share of samples dropped


def streams(recordings: Recordings, drop: float) -> Streams:
    random = np.random.default_rng(_SEED)
    series, samples, channels = recordings.values.shape
    length = samples * recordings.period_us
    each = []
    for _ in range(ORDERS):
        times, values, labels = [], [], []
        for place, index in enumerate(random.permutation(series)):
            kept = random.random(samples) >= drop
            kept[random.integers(samples)] |= not kept.any()
            moved = random.integers(-JITTER_US, JITTER_US + 1, samples)
            time = np.maximum(np.arange(samples) * recordings.period_us + moved, 0)[kept]
            times.append(np.append(time, length) + place * length)
            nothing = np.full((1, channels), np.nan)
            values.append(np.vstack([recordings.values[index][kept], nothing]))
            labels.append(np.append(np.full(len(time), -1), recordings.labels[index]))
        joined = np.concatenate(times)
        gaps = np.maximum(np.diff(joined, prepend=joined[0]), 0)
        each.append((gaps, np.vstack(values), np.concatenate(labels)))
    longest = max(len(gaps) for gaps, _, _ in each)
    whole = Streams(
        np.zeros((longest, ORDERS), np.int64),
        np.full((longest, ORDERS, channels), np.nan),
        np.full((longest, ORDERS), -1),
    )
    for i, (gaps, values_, labels_) in enumerate(each):
        whole.gaps_us[: len(gaps), i] = gaps
        whole.values[: len(gaps), i] = values_
        whole.labels[: len(gaps), i] = labels_
    return whole


class FloatStreams:
    """The decay cell (relaxing, exponential, mean readout) in float64, several streams at once."""

    def __init__(self, model: ModelFile, count: int) -> None:
        self._gates = model.tensors["gates.weight"].astype(np.float64).T
        self._readout = model.tensors["readout.weight"].astype(np.float64).T
        self._settings = model.settings
        self.state = np.zeros((count, model.hidden))
        self.mean = np.zeros((count, model.hidden))
        self.confidence = np.zeros((count, 1))
        self.held = np.tile(np.array(model.settings["normalisation"]["offset"]), (count, 1))

    def measured(self, gap_us: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        hidden, h = self.state.shape[1], gap_us[:, None] * 1e-6
        ones = np.ones((len(h), 1))
        sums = np.hstack([self.state, self.held, ones]) @ self._gates
        alpha = np.logaddexp(0.0, sums[:, :hidden]) + self._settings["alpha_min"]
        alpha = np.minimum(alpha, self._settings["alpha_max"])
        self.state = self.state - np.expm1(-h * alpha) * (np.tanh(sums[:, hidden:]) - self.state)
        share = -np.expm1(-h / self._settings["readout_tau_s"])
        self.confidence = self.confidence + share * (1 - self.confidence)
        rate = np.divide(share, self.confidence, out=np.zeros_like(share), where=share > 0)
        self.mean = self.mean + rate * (self.state - self.mean)
        self.held = np.where(np.isnan(values), self.held, values)

    def values(self) -> NDArray[np.float64]:
        total: NDArray[np.float64] = self.mean @ self._readout[:-1] + self._readout[-1]
        return total


def accuracy(run: FloatStreams | FixedReference, played: Streams) -> float:
    right = asked = 0
    each = zip(played.gaps_us, played.values, played.labels, strict=True)
    for gaps_us, values, labels in each:
        run.measured(gaps_us, values)
        here = labels >= 0
        if here.any():
            right += int((run.values()[here].argmax(1) == labels[here]).sum())
            asked += int(here.sum())
    return right / asked


def point(name: str, model: ModelFile, testing: dict[str, Streams]) -> Point:
    integer = "arithmetic" in model.settings
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.safetensors"
        model.save(path)
        size = path.stat().st_size
    inputs = len(model.settings["channels"])
    outputs, width = model.tensors["readout.weight"].shape
    units = width if integer else model.hidden
    weights = work = 2 * units * (units + inputs)
    if "gates.values" in model.tensors:
        weights = int(np.count_nonzero(sparse.dense(model.tensors, inputs)))
        work = model.tensors["gates.values"].size

    def run() -> FloatStreams | FixedReference:
        if integer:
            return FixedReference(model.tensors, model.settings, ORDERS)
        return FloatStreams(model, ORDERS)

    found = {drop: round(accuracy(run(), played), 4) for drop, played in testing.items()}
    return Point(name, units, weights, size, work + outputs * units, found)


def points(testing: dict[str, Streams]) -> list[Point]:
    weights, settings = read_weights(FOLDER / "weights.npz")
    training = calibration()

    def pruned(connections: float, units: float, tuned: bool) -> Callable[[], ModelFile]:
        def make() -> ModelFile:
            arrays = weights
            if units:
                arrays = prune_units(arrays, settings, units, training)
            if connections:
                arrays = prune_connections(arrays, settings, connections, training)
            if tuned:
                arrays = fine_tune(arrays, settings)
            return quantise(convert(arrays, settings), training)

        return make

    makers: dict[str, Callable[[], ModelFile]] = {
        "float32": lambda: convert(weights, settings),
        "int8": pruned(0, 0, False),
        "int8, 30 % of connections pruned": pruned(0.3, 0, False),
        "int8, 50 % of connections pruned": pruned(0.5, 0, False),
        "int8, 70 % of connections pruned": pruned(0.7, 0, False),
        "int8, 25 % of units pruned": pruned(0, 0.25, False),
        "int8, 50 % of units pruned": pruned(0, 0.5, False),
    }
    if importlib.util.find_spec("torch"):
        makers |= {
            "int8, 50 % of connections, fine-tuned": pruned(0.5, 0, True),
            "int8, 70 % of connections, fine-tuned": pruned(0.7, 0, True),
            "int8, 50 % of units, fine-tuned": pruned(0, 0.5, True),
            "int8, 25 % of units and 50 %, fine-tuned": pruned(0.5, 0.25, True),
        }
    made = []
    for name, make in makers.items():
        made.append(point(name, make(), testing))
        print(".", end="", flush=True)
    print()
    return made


def calibration() -> Events:
    """The training recordings, one after another."""
    training = load("activity", "train")
    values = training.values.reshape(-1, len(training.channels))
    return Events(np.arange(len(values)) * training.period_us, values)


def table(rows: list[Point]) -> str:
    drops = list(rows[0].accuracy)
    lines = [
        "| model | units | gate weights | file, bytes | multiply-adds |"
        + "".join(f" {float(drop):.0%} |" for drop in drops),
        "| --- |" + " ---: |" * (4 + len(drops)),
    ]
    for row in rows:
        cells = [row.name, row.units, row.weights, row.file_bytes, row.work]
        figures = [f"{row.accuracy[drop]:.3f}" for drop in drops]
        lines.append("| " + " | ".join(map(str, cells + figures)) + " |")
    return "\n".join(lines)


def picture(rows: list[Point], path: Path) -> None:
    """Accuracy at 50 and 90 % of samples dropped over the work of an event."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4), layout="constrained")
    for drop, marker in (("0.5", "o"), ("0.9", "s")):
        x = [row.work for row in rows]
        y = [row.accuracy[drop] for row in rows]
        axes.scatter(x, y, [row.file_bytes / 60 for row in rows], marker=marker, alpha=0.6)
        axes.scatter([], [], marker=marker, color="grey", label=f"{float(drop):.0%} lost")
    for row in rows:
        axes.annotate(row.name.removeprefix("int8, "), (row.work, row.accuracy["0.9"]), size=6)
    axes.set_xlabel("multiply-adds an event (area: bytes of the file)")
    axes.set_ylabel("test accuracy, stream")
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="Size, work and accuracy of the activity model.")
    parser.add_argument("--picture", type=Path, help="where to draw it, a .png or .svg")
    arguments = parser.parse_args()
    recordings = load("activity", "test")
    testing = {f"{drop:g}": streams(recordings, drop) for drop in DROPS}
    rows = points(testing)
    print("test accuracy of streams, by share of samples dropped")
    print(table(rows))
    weights, settings = read_weights(FOLDER / "weights.npz")
    model = convert(weights, settings)
    played = testing["0.3"]
    events = Events(np.cumsum(played.gaps_us[:, 0]), played.values[:, 0])
    error = compare(model, quantise(model, calibration()), events)
    print(f"int8 against float, one stream with 30 % dropped: {error}")
    found = {"streams": ORDERS, "error": asdict(error), "trade": [asdict(row) for row in rows]}
    (FOLDER / "integer_metrics.json").write_text(json.dumps(found, indent=1) + "\n")
    if arguments.picture:
        picture(rows, arguments.picture)


if __name__ == "__main__":
    main()

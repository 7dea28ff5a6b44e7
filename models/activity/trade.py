"""What integers and pruning cost: python models/activity/trade.py [--uf2 FILE] [--picture FILE].

Prints size, work, time and test accuracy of the shipped weights in float32, in int8, and pruned,
and writes them to integer_metrics.json. Needs numpy; PyTorch for the rows that are fine-tuned and
matplotlib for the picture (pip install 'rivulet[train]'). The time of an event is measured with
--uf2, an image of MicroPython with ulab, on an emulated Pico (pip install 'rivulet[emulator]');
without it the times measured before stand, for models that are still the same.
"""

import argparse
import hashlib
import importlib.util
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from played import ORDERS, FloatStreams, Streams, accuracy, streams

from host_tools import files
from host_tools.build_model.prune import fine_tune, prune_connections, prune_units
from host_tools.convert import ModelFile, convert, read_weights
from host_tools.data.event_table import EventTable
from host_tools.data.recordings import load
from host_tools.integers import sparse
from host_tools.integers.compare import compare
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import IntegerReference
from host_tools.printing import note, say

FOLDER = Path(__file__).parent
METRICS = FOLDER / "integer_metrics.json"
DROPS = (0.0, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True)
class Point:
    """One row of the table."""

    name: str
    units: int
    weights: int  # of the gates, as stored
    file_bytes: int
    work: int  # multiply-adds an event, in whole blocks
    accuracy: dict[str, float]  # by share of samples dropped
    sha256: str  # of the model file
    event_us: int | None = None  # on an emulated Pico; None: not measured


def file_of(model: ModelFile) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.safetensors"
        model.save(path)
        return path.read_bytes()


def point(name: str, model: ModelFile, file: bytes, testing: dict[str, Streams]) -> Point:
    integer = "arithmetic" in model.settings
    inputs = len(model.settings["channels"])
    outputs, width = model.tensors["readout.weight"].shape
    units = width if integer else model.hidden
    weights = work = 2 * units * (units + inputs)
    if "gates.values" in model.tensors:
        weights = int(np.count_nonzero(sparse.dense(model.tensors, inputs)))
        work = model.tensors["gates.values"].size

    def run() -> FloatStreams | IntegerReference:
        if integer:
            return IntegerReference(model.tensors, model.settings, ORDERS)
        return FloatStreams(model, ORDERS)

    found = {drop: round(accuracy(run(), played), 4) for drop, played in testing.items()}
    digest = hashlib.sha256(file).hexdigest()
    return Point(name, units, weights, len(file), work + outputs * units, found, digest)


def points(testing: dict[str, Streams]) -> tuple[list[Point], dict[str, bytes]]:
    """The rows, and the model file of each."""
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
    made, contents = [], {}
    for name, make in makers.items():
        model = make()
        contents[name] = file_of(model)
        made.append(point(name, model, contents[name], testing))
        note(name)
    return made, contents


def with_times(rows: list[Point], contents: dict[str, bytes], uf2: Path | None) -> list[Point]:
    """The rows with what an event takes, measured with the image `uf2` or known from before."""
    if uf2 is not None:
        from timed import timed

        times = timed(contents, uf2)
        return [replace(row, event_us=times[row.name]) for row in rows]
    before = json.loads(METRICS.read_text())["trade"] if METRICS.is_file() else []
    known = {row.get("sha256"): row.get("event_us") for row in before}
    return [replace(row, event_us=known.get(row.sha256)) for row in rows]


def calibration() -> EventTable:
    """The training recordings, one after another."""
    training = load("activity", "train")
    values = training.values.reshape(-1, len(training.channels))
    return EventTable(np.arange(len(values)) * training.period_us, values)


def write_events(path: Path) -> None:
    """The calibration as a file for `rivulet convert --calibrate`."""
    events = calibration()
    lines = [",".join(["t_us", *load("activity", "train").channels])]
    for t_us, values in zip(events.t_us.tolist(), events.values.tolist(), strict=True):
        lines.append(",".join(map(str, [t_us, *values])))
    files.write_text(path, "\n".join(lines) + "\n")


def table(rows: list[Point]) -> str:
    drops = list(rows[0].accuracy)
    lines = [
        "| model | units | gate weights | file, bytes | multiply-adds | µs |"
        + "".join(f" {float(drop):.0%} |" for drop in drops),
        "| --- |" + " ---: |" * (5 + len(drops)),
    ]
    for row in rows:
        us = "?" if row.event_us is None else row.event_us
        cells = [row.name, row.units, row.weights, row.file_bytes, row.work, us]
        figures = [f"{row.accuracy[drop]:.3f}" for drop in drops]
        lines.append("| " + " | ".join(map(str, cells + figures)) + " |")
    return "\n".join(lines)


def picture(rows: list[Point], path: Path) -> None:
    """Accuracy at 50 and 90 % of samples dropped over the time of an event."""
    from matplotlib import pyplot

    pyplot.rcParams["svg.fonttype"] = "none"  # letters, not their outlines
    figure, axes = pyplot.subplots(figsize=(9, 4), layout="constrained")
    axes.set_prop_cycle(color=pyplot.get_cmap("tab20").colors)
    axes.set_xscale("log")
    for row in rows:
        if row.event_us is None:
            continue
        area = row.file_bytes / 60
        drawn = axes.scatter([row.event_us], [row.accuracy["0.9"]], area, label=row.name)
        colour = drawn.get_facecolor()
        axes.scatter(
            [row.event_us], [row.accuracy["0.5"]], area, facecolor="none", edgecolor=colour
        )
    ticks = [100, 150, 200, 300, 500, 1000, 2000, 5000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.set_xlabel("microseconds an event on an emulated Pico (area: bytes of the file)")
    axes.set_ylabel("test accuracy, stream")
    axes.set_title("50 % (rings) and 90 % (discs) of the samples dropped", size="medium")
    figure.legend(loc="outside right upper", fontsize="small", markerscale=0.6)
    with files.replacing(path) as beside:
        figure.savefig(beside, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="Size, work and accuracy of the activity model.")
    parser.add_argument("--picture", type=Path, help="where to draw it, a .png or .svg")
    parser.add_argument("--uf2", type=Path, help="time the models on an emulated Pico with this")
    parser.add_argument(
        "--events", type=Path, help="only write the training recordings as an EVENTS.csv"
    )
    arguments = parser.parse_args()
    if arguments.events:
        write_events(arguments.events)
        return
    recordings = load("activity", "test")
    testing = {f"{drop:g}": streams(recordings, drop) for drop in DROPS}
    rows = with_times(*points(testing), arguments.uf2)
    say("test accuracy of streams, by share of samples dropped")
    for line in table(rows).splitlines():
        say(line)
    weights, settings = read_weights(FOLDER / "weights.npz")
    model = convert(weights, settings)
    played = testing["0.3"]
    events = EventTable(np.cumsum(played.gaps_us[:, 0]), played.values[:, 0])
    error = compare(model, quantise(model, calibration()), events)
    say(f"int8 against float, one stream with 30 % dropped: {error}")
    found = {"streams": ORDERS, "error": asdict(error), "trade": [asdict(row) for row in rows]}
    files.write_text(METRICS, json.dumps(found, indent=1) + "\n")
    if arguments.picture:
        picture(rows, arguments.picture)


if __name__ == "__main__":
    main()

"""Results of a training run: tables, metrics as JSON, and weight files for the converter."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from host_tools import files
from host_tools.printing import say
from host_tools.train.judge import Score
from host_tools.train.network import Network

# way -> share of samples dropped, as text -> accuracy of every seed
Accuracy = dict[str, dict[str, list[float]]]


def measure(
    ways: dict[str, Callable[..., Score]], drops: tuple[float, ...], *arguments: Any
) -> Accuracy:
    """Call every judge with the arguments and drop=, at every share of lost samples."""
    return {
        way: {
            f"{drop:g}": [
                round(value, 4) for value in judge(*arguments, drop=drop).accuracy.tolist()
            ]
            for drop in drops
        }
        for way, judge in ways.items()
    }


def medians(accuracy: dict[str, Accuracy]) -> dict[str, dict[str, dict[str, float]]]:
    return {
        name: {
            way: {drop: round(float(np.median(values)), 4) for drop, values in by_drop.items()}
            for way, by_drop in ways.items()
        }
        for name, ways in accuracy.items()
    }


def show(accuracy: dict[str, Accuracy]) -> None:
    """Print the medians over the seeds."""
    say("test accuracy, median over the seeds, by share of samples dropped")
    first = next(iter(next(iter(accuracy.values())).values()))
    say(f"{'':66}" + "".join(f"{float(drop):>8.0%}" for drop in first))
    for name, ways in medians(accuracy).items():
        for way, by_drop in ways.items():
            say(f"{name + ', ' + way:66}" + "".join(f"{v:8.3f}" for v in by_drop.values()))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file. Raises RivuletError."""
    files.make_folder(path.parent)
    files.write_text(path, json.dumps(content, indent=1) + "\n")


def save(path: Path, network: Network, index: int, metadata: dict[str, Any]) -> None:
    """Write one seed's weights with its metadata; `metadata`: all but the cell's own."""
    weights, own = network.exported(index)
    files.make_folder(path.parent)
    metadata_text = np.array(json.dumps(own | metadata))
    with files.replacing(path) as beside:
        np.savez(beside, metadata=metadata_text, **weights)  # type: ignore[arg-type]

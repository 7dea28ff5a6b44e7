"""What a training run leaves: the table, metrics.json and the weight files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from evaluation import DROPS, MASKS, STREAM_JITTER_S, STREAMS, WAYS
from networks import ALPHA_MAX, ALPHA_MIN, READOUT_TAU_S, DecayCell, Network
from streams import Samples

from host_tools.recordings import Recordings

# way -> share of samples dropped, as text -> accuracy of every seed
Accuracy = dict[str, dict[str, list[float]]]


def measure(network: Network, testing: Samples, true_gaps: bool = True) -> Accuracy:
    return {
        way: {
            f"{drop:g}": [
                round(value, 4)
                for value in judge(network, testing, drop, true_gaps).accuracy.tolist()
            ]
            for drop in DROPS
        }
        for way, judge in WAYS.items()
    }


def show(accuracy: dict[str, Accuracy]) -> None:
    """Print the medians over the seeds."""
    print("test accuracy, median over the seeds, by share of samples dropped")
    print(f"{'':66}" + "".join(f"{drop:>8.0%}" for drop in DROPS))
    for name, ways in accuracy.items():
        for way, by_drop in ways.items():
            medians = "".join(f"{np.median(values):8.3f}" for values in by_drop.values())
            print(f"{name + ', ' + way:66}{medians}")


def write_metrics(
    path: Path,
    seeds: list[int],
    selection: dict[str, Any],
    parameters: dict[str, int],
    accuracy: dict[str, Accuracy],
) -> None:
    medians = {
        name: {
            way: {drop: round(float(np.median(values)), 4) for drop, values in by_drop.items()}
            for way, by_drop in ways.items()
        }
        for name, ways in accuracy.items()
    }
    metrics = {
        "seeds": seeds,
        "selection": selection,
        "parameters": parameters,
        "evaluation": {
            "masks": MASKS,
            "streams": STREAMS,
            "stream_jitter_s": STREAM_JITTER_S,
        },
        "test_accuracy_median": medians,
        "test_accuracy_by_seed": accuracy,
    }
    path.write_text(json.dumps(metrics, indent=1) + "\n")


def save(
    path: Path,
    network: DecayCell,
    index: int,
    seed: int,
    recordings: Recordings,
    normalisation: tuple[list[float], list[float]],
    from_rest: dict[str, list[float]],
) -> None:
    """One seed's weights, with everything a board must know to run them."""
    metadata = {
        "cell": "decay",
        "drive": "relaxing",
        "integrator": "exponential",
        "convention": "previous",
        "alpha_min": ALPHA_MIN,
        "alpha_max": ALPHA_MAX,
        "readout": "mean",
        "readout_tau_s": READOUT_TAU_S,
        "channels": list(recordings.channels),
        "units": list(recordings.units),
        "normalisation": {"offset": normalisation[0], "scale": normalisation[1]},
        "output": "class",
        "classes": list(recordings.classes),
        "training_dt_us": recordings.period_us,
        "policy": {"cadence_us": 500_000},
        "provenance": {
            "trained_by": "models/activity/train.py",
            "seed": seed,
            "framework": f"PyTorch {torch.__version__.split('+')[0]}",
            "data": "BasicMotions (UEA time series archive), from the aeon 1.6.0 wheel",
            "data_licence": "none stated for the data; the wheel is BSD-3-Clause",
            "split": "as published: 40 training, 40 test recordings",
            # From rest, by share of samples dropped; the rest is in metrics.json.
            "test_accuracy": {drop: values[index] for drop, values in from_rest.items()},
        },
    }
    weights = {name: p[index].detach().numpy() for name, p in network.parameters.items()}
    np.savez(path, metadata=np.array(json.dumps(metadata)), **weights)

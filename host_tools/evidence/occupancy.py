"""The occupancy task of the LTC paper, set up after the paper's code as far as that goes.

The data are not shipped. They are the set "Occupancy Detection" of the UCI Machine Learning
Repository (Candanedo, 2016, DOI 10.24432/C5X01N, CC BY 4.0): put datatraining.txt, datatest.txt
and datatest2.txt into a folder and name it with --occupancy.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.evidence.comparison import Result
from host_tools.evidence.stored import once
from host_tools.train.cells import cascade, relaxing
from host_tools.train.cells.cascade import Cascade
from host_tools.train.cells.ctrnn import Ctrnn
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.ltc import Ltc
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.losses import sequence_loss
from host_tools.train.network import Network, Readout
from host_tools.train.peers import Gru, Lstm
from host_tools.train.series import EventBatch, stack

_FILES = {"datatraining.txt": 8143, "datatest.txt": 2665, "datatest2.txt": 9752}
_COLUMNS = 6  # the last ones: five measurements and whether somebody is there
_WINDOW, _TEST_STEP = 16, 8  # samples
_STATE = Readout("state")
RATES = (0.01, 0.003)

_LIQUID, _RELAXING = cascade.Form(convention="current"), relaxing.Form(convention="current")
KINDS: dict[str, Callable[..., Network]] = {
    "LTC": lambda seeds, n: Ltc(seeds, 5, 2, n, unfolds=3, readout=_STATE),
    "CTRNN": lambda seeds, n: Ctrnn(seeds, 5, 2, n, _RELAXING, _STATE),
    "decay": lambda seeds, n: DecayCell(seeds, 5, 2, n, _RELAXING, _STATE),
    "cascade u": lambda seeds, n: Cascade(seeds, 5, 2, n, _LIQUID, _STATE),
    "GRU": lambda seeds, n: Gru(seeds, 5, 2, n, False, _STATE, "current"),
    "LSTM": lambda seeds, n: Lstm(seeds, 5, 2, n, False, _STATE, "current"),
}


@dataclass(frozen=True)
class Setup:
    """Settings that must agree between the results of the table."""

    units: int = 32
    iterations: int = 800
    trial_iterations: int = 300
    batch: int = 32
    seeds: int = 5


QUICK = Setup(4, 3, 2, 4, 2)


# Windows: inputs (windows, samples, 5), labels (windows, samples).
Windows = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Occupancy:
    training: Windows
    held_back: Windows  # the last tenth of the training file, for the learning rate
    test: Windows


def load(folder: Path) -> Occupancy:
    """Read the three files, standardised by the training file. Raises RivuletError."""
    tables = [_read(folder / name, count) for name, count in _FILES.items()]
    offset, scale = tables[0][:, :-1].mean(0), 1 / tables[0][:, :-1].std(0)

    def cut(table: np.ndarray, step: int) -> Windows:
        starts = range(0, len(table) - _WINDOW, step)
        parts = np.stack([table[start : start + _WINDOW] for start in starts])
        inputs = torch.tensor((parts[..., :-1] - offset) * scale, dtype=torch.float32)
        return inputs, torch.tensor(parts[..., -1].astype(np.int64))

    most = round(0.9 * len(tables[0]))
    tests = [cut(table, _TEST_STEP) for table in tables[1:]]
    both = torch.cat([one[0] for one in tests]), torch.cat([one[1] for one in tests])
    return Occupancy(cut(tables[0][:most], 1), cut(tables[0][most:], _TEST_STEP), both)


def _read(path: Path, count: int) -> np.ndarray:
    try:
        lines = path.read_text().splitlines()[1:]
        table = np.array([line.split(",")[-_COLUMNS:] for line in lines if line], np.float64)
    except (OSError, ValueError) as error:
        raise RivuletError(f"cannot read {path}: {error}") from None
    if table.shape != (count, _COLUMNS):
        raise RivuletError(f"{path} holds {len(table)} samples, not {count}: take UCI's files")
    return table


def compare(folder: Path, out: Path, setup: Setup) -> dict[str, Result]:
    """Train and score every kind; what has a file in `out` is not made again."""
    data = load(folder)
    return {kind: _compared(kind, data, out, setup) for kind in KINDS}


def _compared(kind: str, data: Occupancy, out: Path, setup: Setup) -> Result:
    path = out / "occupancy" / f"{kind.replace(' ', '_')}.json"

    def trained(seeds: list[int], rate: float, iterations: int) -> Network:
        network = KINDS[kind](seeds, setup.units)
        draw = partial(_drawn, data.training, setup.batch)
        plan = TrainingPlan(iterations, rate)
        fit(f"occupancy, {kind}, {rate:g}", network, seeds, draw, sequence_loss, plan)
        return network

    def made() -> Result:
        started = time.process_time()
        trials = {
            rate: accuracy(trained([0], rate, setup.trial_iterations), data.held_back)[0]
            for rate in RATES
        }
        rate = max(RATES, key=lambda r: trials[r])
        network = trained(list(range(setup.seeds)), rate, setup.iterations)
        return {
            "units": network.units,
            "parameters": network.size(),
            "learning_rate": rate,
            "trials": {f"{r:g}": trials[r] for r in RATES},
            "accuracy": accuracy(network, data.test),
            "cpu_seconds": round(time.process_time() - started),
        }

    return once(path, setup, made)


def _drawn(windows: Windows, batch: int, random: torch.Generator) -> tuple[EventBatch, Tensor]:
    pick = torch.randint(len(windows[0]), (batch,), generator=random)
    return _events((windows[0][pick], windows[1][pick]))


def _events(windows: Windows) -> tuple[EventBatch, Tensor]:
    """Return a sample a second of a window, the first one twice, and the labels.

    From rest no time has passed at the first event. The second brings the same inputs one second
    later, so that every sample that counts has moved the state.
    """
    inputs, labels = (torch.cat([part[:, :1], part], 1) for part in windows)
    ones = torch.ones(labels.shape)
    counted = ones.clone()
    counted[:, 0] = 0.0
    return EventBatch(inputs[None], ones[None], torch.zeros(1, len(ones)), counted[None]), labels


def accuracy(network: Network, windows: Windows) -> list[float]:
    """Return the share of samples that every model gets right."""
    events, labels = _events(windows)
    with torch.no_grad():
        series = len(labels)
        features, _ = network.run(stack([events] * network.models), network.zero_state(series))
        right = network.logits(features[:, :, 1:-1]).argmax(-1) == labels[:, 1:]
    return [round(value, 4) for value in right.double().mean((1, 2)).tolist()]

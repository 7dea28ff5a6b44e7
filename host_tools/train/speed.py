"""Events a second in training, side by side with ncps' own loop: python -m host_tools.train.speed

Every row is a whole training step (forward, loss at the end, backward, clipping, AdamW) over the
same random events: same batch, units, channels and backbone. Rows take turns and each counts by
its fastest turn, so that other work on the machine hits all of them alike. One thread.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from rich.table import Table
from torch import Tensor, nn

from host_tools.errors import RivuletError
from host_tools.printing import console
from host_tools.train.cells.cascade import Cascade
from host_tools.train.cells.cfc import Cfc
from host_tools.train.cells.ctrnn import Ctrnn
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.ltc import Ltc
from host_tools.train.cells.node import NeuralOde
from host_tools.train.fit import TrainingPlan, fit_step, new_run
from host_tools.train.losses import class_loss
from host_tools.train.network import Network, Readout, one_thread
from host_tools.train.peers import Gru
from host_tools.train.series import EventBatch


@dataclass(frozen=True)
class Sizes:
    units: int = 32
    channels: int = 6
    events: int = 100
    batch: int = 80
    outputs: int = 4
    backbone: int = 32


@dataclass
class Row:
    trainer: str
    cell: str
    models: int
    parameters: int  # of one model
    step: Callable[[], None]
    seconds: float = float("inf")

    def rate(self, sizes: Sizes) -> float:
        return self.models * sizes.batch * sizes.events / self.seconds


def compare(sizes: Sizes, rounds: int, seeds: int = 5) -> list[Row]:
    """Time all rows. Raises RivuletError without ncps."""
    random = torch.Generator().manual_seed(0)
    shape = (sizes.batch, sizes.events)
    inputs = torch.randn(*shape, sizes.channels, generator=random)
    gaps = 0.2 * torch.rand(shape, generator=random)
    labels = torch.randint(sizes.outputs, (sizes.batch,), generator=random)
    one = inputs[None], gaps[None], torch.zeros(1, sizes.batch), torch.ones(1, *shape)
    rows = [_ours(kind, models, sizes, EventBatch(*one), labels) for kind, models in _kinds(seeds)]
    rows += [_theirs(kind, sizes, inputs, gaps, labels) for kind in ("CfC", "LTC")]
    with one_thread():
        for _ in range(rounds):
            for row in rows:
                started = time.perf_counter()
                row.step()
                row.seconds = min(row.seconds, time.perf_counter() - started)
    return rows


def _kinds(seeds: int) -> list[tuple[Any, int]]:
    together = [(kind, seeds) for kind in (DecayCell, Cascade, Ctrnn, Gru, Cfc)]
    alone = (DecayCell, Cascade, Ctrnn, NeuralOde, Gru, Cfc, Ltc)
    return [(kind, 1) for kind in alone] + together


def _ours(kind: Any, models: int, sizes: Sizes, events: EventBatch, labels: Tensor) -> Row:
    options: dict[str, Any] = {"readout": Readout("state")}
    if kind is Cfc:
        options["backbone"] = (sizes.backbone, 1)
    if kind is NeuralOde:
        options["layers"] = (sizes.backbone,)
    seeds = list(range(models))
    network: Network = kind(seeds, sizes.channels, sizes.outputs, sizes.units, **options)
    run = new_run(network, seeds, TrainingPlan(1_000_000))

    def step() -> None:
        fit_step(run, lambda _: (events, labels), class_loss)

    return Row("rivulet", kind.__name__, models, network.size(), step)


def _theirs(kind: str, sizes: Sizes, inputs: Tensor, gaps: Tensor, labels: Tensor) -> Row:
    try:
        from ncps.torch import LTC, CfC
    except ImportError:
        raise RivuletError("the comparison needs ncps: pip install 'rivulet[train]'") from None
    if kind == "CfC":
        module = CfC(sizes.channels, sizes.units, backbone_units=sizes.backbone)
    else:
        module = LTC(sizes.channels, sizes.units, input_mapping=None, output_mapping=None)
    head = nn.Linear(sizes.units, sizes.outputs)
    learned = [p for p in (*module.parameters(), *head.parameters()) if p.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=0.01)
    # A timespan for every neuron: with one a sequence its forward mixes up sequences and neurons.
    timespans = gaps.clamp_min(1e-6)[..., None].expand(-1, -1, sizes.units)

    def step() -> None:
        outputs, _ = module(inputs, timespans=timespans)
        loss = nn.functional.cross_entropy(head(outputs[:, -1]), labels)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()

    return Row("ncps", kind, 1, sum(p.numel() for p in learned), step)


def show(rows: list[Row], sizes: Sizes) -> None:
    table = Table(title=f"a step: {sizes.batch} series of {sizes.events} events, one thread")
    for name in ("trainer", "cell"):
        table.add_column(name)
    for name in ("models at once", "units", "parameters", "ms/step", "events/s"):
        table.add_column(name, justify="right")
    for row in sorted(rows, key=lambda row: row.rate(sizes)):
        numbers = (row.models, sizes.units, row.parameters)
        measured = (f"{1e3 * row.seconds:.0f}", f"{row.rate(sizes):,.0f}")
        table.add_row(row.trainer, row.cell, *map(str, numbers), *measured)
    console(soft_wrap=False).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m host_tools.train.speed")
    sizes = Sizes()
    for name in ("units", "channels", "events", "batch"):
        parser.add_argument(f"--{name}", type=int, default=getattr(sizes, name))
    parser.add_argument("--rounds", type=int, default=5, help="turns a row; the fastest counts")
    given = parser.parse_args()
    sizes = Sizes(given.units, given.channels, given.events, given.batch)
    try:
        show(compare(sizes, given.rounds), sizes)
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()

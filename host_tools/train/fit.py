"""The training loop: AdamW over batches that a recipe draws, several seeds at once.

Every model has its own random draws, its own gradient norm and its own best iteration. A resumed
run ends with the same weights as an uninterrupted one, bit for bit.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from host_tools.errors import RivuletError
from host_tools.train import checkpoint, time_constants
from host_tools.train.network import Network, Parameters, State
from host_tools.train.progress import Report
from host_tools.train.regularise import Penalties
from host_tools.train.series import EventBatch, stack
from host_tools.train.trajectory import Trajectory

# One model's batch: events of one model, and its targets (series, ...).
Draw = Callable[[torch.Generator], tuple[EventBatch, Tensor]]
# (logits, events, targets (models, series, ...)) -> (models,)
Loss = Callable[[Tensor, EventBatch, Tensor], Tensor]


@dataclass(frozen=True)
class TrainingPlan:
    """Hyperparameters of a training run."""

    iterations: int
    learning_rate: float = 0.01
    warm_up: int = 50
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.99)
    clip: float = 1.0  # each model's gradient norm
    carry: float = 0.0  # share of a batch that starts from final states of the batch before
    in_pieces: bool = False  # each series continues the same series of the batch before
    penalties: Penalties = field(default_factory=Penalties)
    validate_every: int = 50
    patience: int | None = None  # validations without a better one before a model is done
    checkpoint_every: int = 200
    int8: bool = False  # quantisation-aware: train with the device's int8 arithmetic


@dataclass
class History:
    """losses: per iteration (models,); validations: (iteration, losses, tau quantiles in s)."""

    losses: list[list[float]] = field(default_factory=list)
    validations: list[tuple[int, list[float], list[list[float]]]] = field(default_factory=list)

    def best(self) -> int:
        """Return the model of the best validation; without one, of the lowest loss at the end."""
        if self.validations:
            return int(np.min([losses for _, losses, _ in self.validations], axis=0).argmin())
        return int(np.mean(self.losses[-20:], axis=0).argmin())


@dataclass
class Run:
    """A training run: everything that a checkpoint must hold."""

    network: Network
    optimiser: Any
    randoms: list[torch.Generator]
    plan: TrainingPlan
    history: History
    iteration: int = 0
    used: State | None = None
    best: Parameters | None = None
    best_loss: list[float] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)  # validations since the best
    events: int = 0  # trained on by all models together since the run started or resumed


def fit(
    name: str,
    network: Network,
    seeds: list[int],
    draw: Draw | Sequence[Draw],
    loss: Loss,
    plan: TrainingPlan,
    validation: tuple[EventBatch, Tensor] | None = None,
    save_to: Path | None = None,
    stop_at: int | None = None,
    choice: Loss | None = None,
) -> History:
    """Train every seed's model in place.

    draw: draws the batches of all models, or a function for each model.
    validation: events of one model and targets, shared by all models. Each model then ends with
    the parameters of its best validation, and training ends early once every model has had
    `plan.patience` validations in a row without a better one.
    save_to: a checkpoint, written every `plan.checkpoint_every` iterations and resumed from if it
    is there. stop_at: return after this iteration, as an interruption would. choice: what is
    lowest at the best validation; None: the loss. Raises RivuletError, also if the loss is not
    finite.
    """
    if len(seeds) != network.models:
        raise RivuletError(f"{len(seeds)} seeds for {network.models} models")
    if plan.patience is not None and validation is None:
        raise RivuletError("early stopping needs validation data")
    if plan.int8 and network.integers is None:
        network.quantise()
    run = new_run(network, seeds, plan)
    if save_to is not None and save_to.is_file():
        checkpoint.restore(save_to, run, name)
    with Report(name, plan.iterations, run.iteration) as report:
        while run.iteration < plan.iterations and not _all_done(run):
            fit_step(run, draw, loss)
            run.iteration += 1
            done = run.iteration
            if validation is not None and done % plan.validate_every == 0:
                _validate(run, choice or loss, validation)
            report.show(done, run.events, run.history)
            ends = done == (stop_at or plan.iterations)
            if save_to is not None and (ends or done % plan.checkpoint_every == 0):
                checkpoint.write(save_to, run, name)
            if done == stop_at:
                return run.history
    if run.best is not None:
        with torch.no_grad():
            for key, parameter in network.parameters.items():
                parameter.copy_(run.best[key])
    return run.history


def new_run(network: Network, seeds: list[int], plan: TrainingPlan) -> Run:
    """Start a run: a fresh optimiser and one random generator a seed."""
    return Run(
        network,
        _optimiser(network, plan),
        [torch.Generator().manual_seed(10_000 + seed) for seed in seeds],
        plan,
        History(),
        best_loss=[math.inf] * network.models,
        stale=[0] * network.models,
    )


def _optimiser(network: Network, plan: TrainingPlan) -> Any:
    items = network.parameters.items()
    return torch.optim.AdamW(
        [
            {
                "params": [p for name, p in items if network.decays(name)],
                "weight_decay": plan.weight_decay,
            },
            {"params": [p for name, p in items if not network.decays(name)], "weight_decay": 0.0},
        ],
        betas=plan.betas,
    )


def fit_step(run: Run, draw: Draw | Sequence[Draw], loss: Loss) -> None:
    """One batch: draw, run, differentiate, step."""
    network, plan = run.network, run.plan
    rate = plan.learning_rate * min(1.0, (run.iteration + 1) / plan.warm_up)
    for group in run.optimiser.param_groups:
        group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * run.iteration / plan.iterations))
    draws = [draw] * network.models if callable(draw) else draw
    drawn = [each(random) for each, random in zip(draws, run.randoms, strict=True)]
    events = stack([events for events, _ in drawn])
    targets = torch.stack([targets for _, targets in drawn])
    run.events += int(events.received.sum())
    trajectory = Trajectory() if plan.penalties.any() else None
    features, state = network.run(events, starting_state(run, targets.shape[1]), trajectory)
    run.used = tuple(part.detach() for part in state)
    losses = loss(network.logits(features), events, targets)
    run.history.losses.append(losses.detach().tolist())
    if not all(map(math.isfinite, run.history.losses[-1])):
        raise RivuletError(
            f"the loss is NaN or infinite at iteration {run.iteration + 1}: the state runs away; "
            "lower the learning rate, or bound what the cell can reach"
        )
    if trajectory is not None:
        losses = losses + plan.penalties.of(trajectory)
    run.optimiser.zero_grad()
    losses.sum().backward()
    clip(list(network.parameters.values()), plan.clip)
    run.optimiser.step()


def starting_state(run: Run, series: int) -> State:
    """Return the batch's initial states: part zero, part final states of the batch before.

    On a board one recording follows another without a reset, so a recording starts from the state
    that another one left. Long recordings are trained on in pieces: each series then continues
    from its own final state in the batch before.
    """
    zero = run.network.zero_state(series)
    if run.plan.in_pieces:
        return run.used or zero
    fresh = series - int(series * run.plan.carry)
    if run.used is None or fresh == series:
        return zero
    picks = [torch.randperm(series, generator=random)[fresh:] for random in run.randoms]
    carried = [torch.stack([part[i, pick] for i, pick in enumerate(picks)]) for part in run.used]
    return tuple(torch.cat([z[:, :fresh], c], 1) for z, c in zip(zero, carried, strict=True))


def clip(parameters: list[Tensor], limit: float) -> None:
    """Clip every model's gradient norm to `limit`, each model separately."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
    for gradient in gradients:
        shape = (-1,) + (1,) * (gradient.dim() - 1)
        gradient *= (limit / norm.clamp_min(limit)).view(shape)


def _validate(run: Run, choice: Loss, validation: tuple[EventBatch, Tensor]) -> None:
    network, (one, targets) = run.network, validation
    events = stack([one] * network.models)
    trajectory = Trajectory()
    with torch.no_grad():
        features, _ = network.run(events, network.zero_state(len(targets)), trajectory)
        losses = choice(
            network.logits(features), events, targets.expand(network.models, *targets.shape)
        ).tolist()
    run.history.validations.append((run.iteration, losses, time_constants.overall(trajectory)))
    if run.best is None:
        run.best = {name: p.detach().clone() for name, p in network.parameters.items()}
    for i, value in enumerate(losses):
        run.stale[i] += 1
        if value < run.best_loss[i]:
            run.best_loss[i], run.stale[i] = value, 0
            for name, parameter in network.parameters.items():
                run.best[name][i] = parameter.detach()[i]


def _all_done(run: Run) -> bool:
    return run.plan.patience is not None and min(run.stale) >= run.plan.patience

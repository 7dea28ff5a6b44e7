"""Behaviour cloning with DAgger: an expert that knows the state labels what the networks see.

Ross, Gordon and Bagnell, "A Reduction of Imitation Learning and Structured Prediction to No-Regret
Online Learning", AISTATS 2011. In each round the networks act in a share of the ticks, the expert
in the others; every tick is labelled with the expert's action, and all rounds are trained on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from host_tools.controllers.networks import NetworkController, events, normalised, outputs
from host_tools.controllers.rollout import Expert, Record, Tick, rollout
from host_tools.controllers.tasks import Task
from host_tools.controllers.timing import training_draw
from host_tools.errors import RivuletError
from host_tools.printing import note
from host_tools.train.fit import TrainingPlan, clip, new_run
from host_tools.train.network import Network

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Recipe:
    """Hyperparameters, the same for every kind."""

    shares: tuple[float, ...] = (1.0, 0.5, 0.0, 0.0)  # of the expert's ticks in each round
    episodes: int = 60  # a round and model
    iterations: tuple[int, ...] = (200, 200, 200, 700)  # after each round
    window: int = 80  # ticks
    batch: int = 32  # windows a model
    learning_rate: float = 5e-3
    truth_weight: float = 0.3

    def plan(self) -> TrainingPlan:
        """Return the part of it that the optimiser needs."""
        return TrainingPlan(sum(self.iterations), self.learning_rate)


class _Shared:
    """The expert in a share of the ticks, the networks in the others."""

    def __init__(self, task: Task, network: NetworkController, share: float, seed: int) -> None:
        self._expert, self._network, self._share = Expert(task), network, share
        self._random = np.random.default_rng(seed)

    def act(self, tick: Tick) -> Floats:
        ours, theirs = self._network.act(tick), self._expert.act(tick)
        return np.where(self._random.random(ours.shape) < self._share, theirs, ours)


def imitate(
    task: Task, network: Network, timed: bool, seeds: Sequence[int], recipe: Recipe
) -> list[list[float]]:
    """Train every seed's model in place; return the losses of every iteration.

    Every model sees only what itself met. Raises RivuletError if the loss is not finite.
    """
    run = new_run(network, list(seeds), recipe.plan())
    data: list[Record] = []
    for number, (share, count) in enumerate(zip(recipe.shares, recipe.iterations, strict=True)):
        shape = (len(seeds), recipe.episodes)
        random = np.random.default_rng([number, *seeds])
        schedule = training_draw(random, shape, task.steps, task.period_s)
        acting = NetworkController(task, network, timed, recipe.episodes)
        controller = _Shared(task, acting, share, number)
        data.append(rollout(task, controller, schedule, random, keep=True))
        held = _Windows(task, data, timed, recipe)
        note(f"{task.name}: round {number + 1}, mean return {data[-1].returns.mean():.0f}")
        for _ in range(count):
            rate = 0.5 * (1 + math.cos(math.pi * run.iteration / run.plan.iterations))
            warm = min(1.0, (run.iteration + 1) / run.plan.warm_up)
            for group in run.optimiser.param_groups:
                group["lr"] = recipe.learning_rate * warm * rate
            batch, targets, weight = held.draw(run.randoms)
            found, _ = outputs(
                network, events(batch, task.period_s), network.zero_state(recipe.batch)
            )
            losses = _loss(found, targets, weight, recipe.truth_weight)
            run.history.losses.append(losses.detach().tolist())
            if not all(map(math.isfinite, run.history.losses[-1])):
                raise RivuletError("the loss is NaN or infinite: lower the learning rate")
            run.optimiser.zero_grad()
            losses.sum().backward()
            clip(list(network.parameters.values()), run.plan.clip)
            run.optimiser.step()
            run.iteration += 1
    return run.history.losses


def _loss(found: Tensor, targets: Tensor, weight: Tensor, truth_weight: float) -> Tensor:
    """Return each model's mean squared error of the action and of the estimated truth."""
    square = (found - targets).square()
    each = square[..., 0] + truth_weight * square[..., 1:].mean(-1)
    return (each * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp_min(1.0)


class _Windows:
    """Random windows of all rounds' episodes; ticks after a failure have no weight."""

    def __init__(self, task: Task, data: list[Record], timed: bool, recipe: Recipe) -> None:
        self._window, self._batch = recipe.window, recipe.batch
        offset, scale = task.action
        # (models, episodes, ticks, ...)
        inputs = [normalised(task, one.values, timed).permute(1, 2, 0, 3) for one in data]
        self._inputs = torch.cat(inputs, 1)
        labels = [
            np.concatenate(
                [(one.experts[..., None] - offset) / scale, np.moveaxis(one.truths, 1, -1)], -1
            )
            for one in data
        ]
        targets = np.concatenate([np.moveaxis(one, 0, 2) for one in labels], 1)
        self._targets = torch.from_numpy(targets.astype(np.float32))
        alive = np.concatenate([np.moveaxis(one.alive, 0, 2) for one in data], 1)
        self._alive = torch.from_numpy(alive.astype(np.float32))
        self._lived = self._alive.sum(2)

    def draw(self, randoms: list[torch.Generator]) -> tuple[Tensor, Tensor, Tensor]:
        """Return (inputs, targets, weights), one batch of windows a model."""
        parts: list[tuple[Tensor, Tensor, Tensor]] = []
        for model, random in enumerate(randoms):
            lived = self._lived[model]
            # A window begins where its model still lives; episodes count by their length.
            episode = torch.multinomial(lived, self._batch, True, generator=random)
            room = (lived[episode] - self._window).clamp_min(0) + 1
            first = (torch.rand(self._batch, generator=random) * room).long()
            at = (first[:, None] + torch.arange(self._window)).clamp_max(self._alive.shape[2] - 1)
            pick = (model, episode[:, None], at)
            parts.append((self._inputs[pick], self._targets[pick], self._alive[pick]))
        inputs, targets, weight = (torch.stack(each) for each in zip(*parts, strict=True))
        return inputs, targets, weight

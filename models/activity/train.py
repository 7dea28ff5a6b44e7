"""Train the `activity` model: python models/activity/train.py [--seeds 5] [--out DIR].

Writes weights.npz (the shipped seed), weights_b.npz (the runner-up, which the demo swaps in) and
metrics.json. Needs PyTorch and numpy; every number is the same on every run on one machine.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from evaluation import DROPS, WAYS
from networks import DecayCell, Gru, Network, State
from results import measure, save, show, write_metrics
from streams import Events, Samples, gravity, make_events, stack
from torch import Tensor
from torch.nn import functional as F

from host_tools.recordings import Recordings, load

ITERATIONS = 1000
LEARNING_RATE = 0.01
WARM_UP = 50
WEIGHT_DECAY = 0.01
CLIP = 1.0  # each model's gradient norm
COPIES = 2  # of the training set in a batch: one from the zero state, one from a used state
LABEL_SMOOTHING = 0.02
# Augmentation, drawn anew for every series.
MAX_DROP, NO_DROP_SHARE = 0.9, 0.15
MAX_JITTER_S = 0.03
STRETCH, AMPLITUDE = 0.1, 0.1  # speed and strength of the movement, +-
GRAVITY_SHARE = 0.5  # of the series
MAX_NOISE = 0.1  # standard deviation, in units of the channel's own
# The answer must be right at the end, and count from SETTLE_S on with EARLY_WEIGHT.
SETTLE_S, FULL_S, EARLY_WEIGHT = 2.0, 7.0, 0.5
SELECTION = (
    "lowest training-set loss, averaged over recordings from the zero state, the same with"
    " gravity, and as a stream, each with 0, 30, 50, 70 and 90 % of the samples dropped"
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the activity model.")
    parser.add_argument("--seeds", type=int, default=5, help="how many models to train (>= 2)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="where to write")
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        parser.error(
            "--seeds must be at least 2: the best is shipped, the second is its runner-up"
        )
    # One thread: the matrices are too small to share, and sums keep their order.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)

    recordings = load("activity", "train")
    offset, scale = normalisation(recordings)
    training = samples(recordings, offset, scale)
    seeds = list(range(arguments.seeds))
    sizes = len(recordings.channels), len(recordings.classes)
    decay, untimed, gru = DecayCell(seeds, *sizes), DecayCell(seeds, *sizes), Gru(seeds, *sizes)
    train("decay cell", decay, training, seeds)
    train("decay cell without time", untimed, training, seeds, true_gaps=False)
    train("GRU fed the interval", gru, training, seeds)

    print("judging every seed", flush=True)
    # The test set has no say in which seed is shipped.
    losses = [judge(decay, training, drop).loss for judge in WAYS.values() for drop in DROPS]
    choice = torch.stack(losses).mean(0)
    shipped, runner_up = torch.argsort(choice)[:2].tolist()

    testing = samples(load("activity", "test"), offset, scale)
    accuracy = {
        "decay": measure(decay, testing),
        "decay_run_without_time": measure(decay, testing, true_gaps=False),
        "decay_trained_and_run_without_time": measure(untimed, testing, true_gaps=False),
        "gru_fed_the_interval": measure(gru, testing),
    }
    show(accuracy)
    arguments.out.mkdir(parents=True, exist_ok=True)
    selection = {
        "rule": SELECTION,
        "training_loss": [round(value, 5) for value in choice.tolist()],
        "shipped_seed": seeds[shipped],
        "runner_up_seed": seeds[runner_up],
    }
    parameters = {"decay": decay.size(), "gru_fed_the_interval": gru.size()}
    write_metrics(arguments.out / "metrics.json", seeds, selection, parameters, accuracy)
    from_rest = accuracy["decay"]["from_rest"]
    for name, index in (("weights.npz", shipped), ("weights_b.npz", runner_up)):
        path = arguments.out / name
        save(path, decay, index, seeds[index], recordings, (offset, scale), from_rest)
        print(f"wrote {path}: seed {seeds[index]}")


def normalisation(recordings: Recordings) -> tuple[list[float], list[float]]:
    """Offset and scale a channel, over all training samples; short, since boards parse them."""
    values = recordings.values.reshape(-1, len(recordings.channels))
    return values.mean(0).round(5).tolist(), (1 / values.std(0)).round(5).tolist()


def samples(recordings: Recordings, offset: list[float], scale: list[float]) -> Samples:
    inputs = (recordings.values - np.array(offset)) * np.array(scale)
    return Samples(
        torch.tensor(inputs, dtype=torch.float32),
        torch.tensor(recordings.labels),
        torch.tensor(scale, dtype=torch.float32),
    )


def train(
    name: str, network: Network, data: Samples, seeds: list[int], true_gaps: bool = True
) -> None:
    """Train every seed's model, each on its own random draws."""
    randoms = [torch.Generator().manual_seed(10_000 + seed) for seed in seeds]
    parameters = list(network.parameters.values())
    optimiser = torch.optim.AdamW(
        [
            # Biases hold the time constants: only weights are drawn to zero.
            {"params": [p for p in parameters if p.dim() == 3], "weight_decay": WEIGHT_DECAY},
            {"params": [p for p in parameters if p.dim() == 2], "weight_decay": 0.0},
        ],
        betas=(0.9, 0.99),
    )
    used: State | None = None
    started = time.monotonic()
    for iteration in range(ITERATIONS):
        rate = LEARNING_RATE * min(1.0, (iteration + 1) / WARM_UP)
        for group in optimiser.param_groups:
            group["lr"] = rate * 0.5 * (1 + math.cos(math.pi * iteration / ITERATIONS))
        drawn = [batch(data, random) for random in randoms]
        events = stack([events for events, _ in drawn])
        labels = torch.stack([labels for _, labels in drawn])
        if not true_gaps:
            events = events.assuming_period()
        features, state = network.run(events, starting_state(network, used, labels, randoms))
        used = tuple(part.detach() for part in state)
        losses = loss(network.logits(features), events, labels)
        optimiser.zero_grad()
        losses.sum().backward()
        clip(parameters)
        optimiser.step()
        if iteration % 25 == 24:
            spent = time.monotonic() - started
            left = spent * (ITERATIONS / (iteration + 1) - 1)
            shown = f"loss {losses.mean().item():.3f}, {spent:.0f} s, {left:.0f} s left"
            print(f"\r{name}: {iteration + 1}/{ITERATIONS}, {shown} ", end="", flush=True)
    print()


def batch(data: Samples, random: torch.Generator) -> tuple[Events, Tensor]:
    """Augmented copies of the training set, in random order, for one model."""
    count = len(data.labels)
    pick = torch.cat([torch.randperm(count, generator=random) for _ in range(COPIES)])

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(pick), generator=random)

    inputs = data.inputs[pick] * uniform(1 - AMPLITUDE, 1 + AMPLITUDE)[:, None, None]
    noise = torch.randn(inputs.shape, generator=random)
    inputs = inputs + uniform(0, MAX_NOISE)[:, None, None] * noise
    tilted = uniform(0, 1) < GRAVITY_SHARE
    inputs = inputs + tilted[:, None, None] * gravity(len(pick), data.scale, random)
    drop = uniform(0, MAX_DROP) * (uniform(0, 1) >= NO_DROP_SHARE)
    stretch = uniform(1 - STRETCH, 1 + STRETCH)
    events = make_events(inputs, drop, uniform(0, MAX_JITTER_S), stretch, random)
    return events, data.labels[pick]


def starting_state(
    network: Network, used: State | None, labels: Tensor, randoms: list[torch.Generator]
) -> State:
    """Half of the batch starts from zero, half where series of the batch before ended.

    On a board one activity follows another without a reset: the state that is met there is the
    one that some other recording left.
    """
    zero = network.zero_state(labels.shape[1])
    if used is None:
        return zero
    half = labels.shape[1] // 2
    picks = [torch.randperm(labels.shape[1], generator=random)[half:] for random in randoms]
    carried = [torch.stack([part[i, pick] for i, pick in enumerate(picks)]) for part in used]
    return tuple(torch.cat([z[:, :half], c], 1) for z, c in zip(zero, carried, strict=True))


def loss(logits: Tensor, events: Events, labels: Tensor) -> Tensor:
    """One value a model: cross-entropy at the end, and a share of it over the time before."""
    truth = labels[..., None].expand(logits.shape[:-1])
    entropy = F.cross_entropy(
        logits.flatten(0, 2), truth.flatten(), reduction="none", label_smoothing=LABEL_SMOOTHING
    ).view_as(truth)
    gaps = torch.cat([events.gaps, events.rest[..., None]], 2)
    settled = ((gaps.cumsum(2) - SETTLE_S) / (FULL_S - SETTLE_S)).clamp(0, 1)
    weight = gaps * settled
    early = (entropy * weight).sum(2) / weight.sum(2).clamp_min(1e-6)
    return (entropy[..., -1] + EARLY_WEIGHT * early).mean(1)


def clip(parameters: list[Tensor]) -> None:
    """Bound the gradient's norm for each model by itself."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()
    for gradient in gradients:
        shape = (-1,) + (1,) * (gradient.dim() - 1)
        gradient *= (CLIP / norm.clamp_min(CLIP)).view(shape)


if __name__ == "__main__":
    main()

"""Train the `attitude` model: rivulet train models/attitude, or run this file.

Writes weights.npz and curve.png; compare.py then judges them beside the library's filters.
"""

from typing import Any

import numpy as np
import physics
import start
import torch
from pieces import SCALE, Pieces, played
from torch import Tensor

from host_tools import tau
from host_tools.printing import say
from host_tools.train import curve, results, time_constants
from host_tools.train.cells.decay import DecayCell
from host_tools.train.cells.relaxing import Form
from host_tools.train.fit import TrainingPlan, fit
from host_tools.train.network import Network, Readout
from host_tools.train.recipe import Options, main
from host_tools.train.series import EventBatch, stack
from host_tools.train.trajectory import Trajectory

UNITS = 48
# Small steps: the weights start as a filter, not at random.
PLAN = TrainingPlan(iterations=4000, learning_rate=6e-5, weight_decay=0.0, in_pieces=True)
BODIES, SECONDS, SLOTS, EVENTS = 128, 40.0, 32, 256
SOFT = 0.03  # rad: errors well above count by their size, smaller ones by their square
CHANNELS = [f"{sensor}_{axis}" for sensor in ("accel", "gyro", "mag") for axis in "xyz"]
CHANNELS += ["accel_age", "mag_age"]
MEASURED_IN = ["m/s^2"] * 3 + ["rad/s"] * 3 + ["uT"] * 3 + ["s"] * 2


def train(options: Options) -> None:
    seeds = list(range(1 if options.seeds is None else options.seeds))
    network = DecayCell(
        seeds, len(CHANNELS), 6, UNITS, Form(alpha_min=0.02, alpha_max=100.0), Readout("state")
    )
    full = physics.GRAVITY, physics.FIELD_UT
    start.as_filter(network, SCALE.tolist(), full, physics.DIP)
    motion = physics.simulate(BODIES, SECONDS, np.random.default_rng(1))
    draw = Pieces(motion, SECONDS, SLOTS, EVENTS)
    kept = options.checkpoint("decay")
    history = fit("decay", network, seeds, draw, loss, options.plan(PLAN), save_to=kept)
    curve.draw(options.out / "curve.png", {"decay cell": history})
    best = int(np.argmin(np.mean(history.losses[-200:], axis=0)))
    stated = metadata()
    stated["provenance"] |= {"seed": seeds[best], "tau_s": dynamics(network, motion, best)}
    results.save(options.out / "weights.npz", network, best, stated)
    say(f"wrote {options.out / 'weights.npz'}")


def loss(values: Tensor, events: EventBatch, targets: Tensor) -> Tensor:
    """The error over time, of a unit vector about its angle; each slot counts the same."""
    truth, weight = targets[..., :6], targets[..., 6]
    square = (values[..., :-1, :] - truth).square().unflatten(-1, (2, 3)).sum(-1)
    error = ((square + SOFT**2).sqrt() - SOFT).sum(-1)
    return ((error * weight).sum(2) / weight.sum(2).clamp_min(1e-6)).mean(1)


def dynamics(network: Network, motion: physics.Motion, model: int) -> dict[str, str]:
    """The distribution of each neuron's tau over recordings with nothing lost."""
    random = np.random.default_rng(3)
    each = [
        played(physics.record(motion, body, 20.0, physics.Losses(), random)) for body in range(8)
    ]
    count = min(len(one.gaps) for one in each)
    inputs = torch.from_numpy(np.stack([one.inputs[:count] for one in each]))[None]
    gaps = torch.from_numpy(np.stack([one.gaps[:count] for one in each]))[None]
    events = EventBatch(inputs, gaps, torch.zeros(1, len(each)), torch.ones_like(gaps))
    trajectory = Trajectory()
    with torch.no_grad():
        state = network.zero_state(len(each))
        network.run(stack([events] * network.models), state, trajectory)
    return tau.to_provenance(time_constants.measure(trajectory, model))


def metadata() -> dict[str, Any]:
    """Everything a board must know to run the weights, beside the cell itself."""
    return {
        "channels": CHANNELS,
        "units": MEASURED_IN,
        "normalisation": {"offset": [0.0] * len(CHANNELS), "scale": SCALE.tolist()},
        "output": "value",
        "training_dt_us": 4000,
        "policy": {"cadence_us": 20_000},
        "provenance": {
            "trained_by": "models/attitude/train.py",
            "framework": f"PyTorch {torch.__version__.split('+')[0]}",
            "data": "simulated: models/attitude/physics.py",
            "outputs": "up_x, up_y, up_z, north_x, north_y, north_z in the body's frame",
        },
    }


if __name__ == "__main__":
    main(__file__)

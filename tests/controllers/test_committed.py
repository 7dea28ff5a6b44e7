"""The committed models of models/cartpole and models/altitude do what their cards say."""

import io
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from host_tools.controllers import tasks
from host_tools.controllers.rollout import Tick, rollout
from host_tools.controllers.score import conditions
from host_tools.convert import ModelFile
from host_tools.integers.compare import feed, running
from host_tools.integers.reference import reference
from host_tools.paths import MODELS
from rivulet import model as device_model

EPISODES = 6
# Returns at half of the observations lost, and everything else wrong too.
LEAST = {"cartpole": 450.0, "altitude": 400.0}


def read(path: Path) -> ModelFile:
    data = path.read_bytes()
    settings, _ = device_model.read_header(io.BytesIO(data), len(data))
    settings.pop("probes", None)
    return ModelFile(load(data), settings)


class Integers:
    def __init__(self, model: ModelFile) -> None:
        self.run = reference(model.tensors, model.settings, EPISODES)

    def act(self, tick: Tick) -> np.ndarray:
        self.run.measured(20_000 if tick.step else 0, tick.values()[0])
        return self.run.values()[None, :, 0]


@pytest.mark.parametrize("name", tasks.NAMES)
def test_the_integer_model_controls_at_half_lost(name: str) -> None:
    task = tasks.find(name)
    model = read(MODELS / name / f"{name}-int8.safetensors")
    assert model.settings["channels"] == list(task.channels)
    assert model.settings["policy"] == {"cadence_us": 20_000}
    random = np.random.default_rng(21)
    faults = conditions(task)["50 % lost"]
    arrivals = faults.draw(random, (1, EPISODES), task.steps, task.period_s)
    assert rollout(task, Integers(model), arrivals, random).returns.mean() > LEAST[name]


@pytest.mark.parametrize("name", tasks.NAMES)
def test_the_float_model_is_the_one_that_was_quantised(name: str) -> None:
    task = tasks.find(name)
    floats = running(read(MODELS / name / f"{name}.safetensors"))
    model = read(MODELS / name / f"{name}-int8.safetensors")
    integers = reference(model.tensors, model.settings)
    random = np.random.default_rng(22)
    low, high = task.limits
    for step in range(100):
        values = task.offset + random.normal(0, 0.5, len(task.channels)) / task.scale
        feed(floats, 20_000 if step else 0, values)
        integers.measured(20_000 if step else 0, values)
        assert abs(np.asarray(floats.outputs())[0] - integers.values()[0, 0]) < 0.1 * (high - low)

"""What is trained is what a board computes: as floats by the device code, as integers too."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from host_tools.controllers import tasks  # noqa: E402
from host_tools.controllers.export import (  # noqa: E402
    IntegerController,
    calibration,
    integer_models,
    model_file,
)
from host_tools.controllers.networks import (  # noqa: E402
    KINDS,
    MOST_PARAMETERS,
    NetworkController,
    made,
)
from host_tools.controllers.rollout import Record, Tick, rollout  # noqa: E402
from host_tools.controllers.timing import training_draw  # noqa: E402
from host_tools.integers.compare import feed, running  # noqa: E402

SHAPE = (2, 3)
TICKS = 80


class _Noted:
    """A controller, with what it saw and did."""

    def __init__(self, inner) -> None:  # type: ignore[no-untyped-def]
        self.inner = inner
        self.ticks: list[Tick] = []
        self.actions: list[np.ndarray] = []

    def act(self, tick: Tick) -> np.ndarray:
        self.ticks.append(tick)
        self.actions.append(self.inner.act(tick))
        return self.actions[-1]


def played(task, controller) -> tuple[Record, _Noted]:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(8)
    noted = _Noted(controller)
    arrivals = training_draw(random, SHAPE, TICKS, task.period_s)
    return rollout(task, noted, arrivals, random, keep=True), noted


@pytest.mark.parametrize("name", tasks.NAMES)
@pytest.mark.parametrize("kind", ["decay", "cascade"])
def test_the_device_computes_what_was_trained(name: str, kind: str) -> None:
    task = tasks.find(name)
    network = made(kind, [0, 1], task)
    record, noted = played(task, NetworkController(task, network, True, SHAPE[1]))
    scale = task.action[1]
    for model in range(2):
        run = running(model_file(task, network, model))
        for step, values in enumerate(record.values[:, model, 2]):
            feed(run, 20_000 if step else 0, values.astype(np.float64))
            off = np.asarray(run.outputs())[0] - noted.actions[step][model, 2]
            assert abs(off) / scale < 1e-5
    assert len({round(float(each[0, 2]), 6) for each in noted.actions}) > 20


@pytest.mark.parametrize("horizon_ms", [20, 40])
@pytest.mark.parametrize("kind", ["decay", "cascade"])
def test_outputs_are_peeked_as_the_device_does(kind: str, horizon_ms: int) -> None:
    task = tasks.find("cartpole")
    network = made(kind, [0, 1], task)
    controller = NetworkController(task, network, True, SHAPE[1], horizon_ms / 1000)
    record, noted = played(task, controller)
    scale = task.action[1]
    moved = 0.0
    for model in range(2):
        run = running(model_file(task, network, model))
        for step, values in enumerate(record.values[:, model, 2]):
            # The state goes on from the tick, wherever the outputs were peeked.
            feed(run, 20_000 if step else 0, values.astype(np.float64))
            ahead = np.asarray(run.peek(1000 * horizon_ms))[0]
            assert abs(ahead - noted.actions[step][model, 2]) / scale < 1e-5
            moved = max(moved, abs(ahead - np.asarray(run.outputs())[0]) / scale)
    assert moved > 0.01


@pytest.mark.parametrize("kind", ["decay", "cascade"])
def test_integers_side_by_side_are_those_of_one_model_alone(kind: str) -> None:
    """Each stream of the batched reference is bit for bit a run of its own."""
    from host_tools.integers.reference import reference

    task = tasks.find("cartpole")
    network = made(kind, [0, 1], task)
    record, _ = played(task, NetworkController(task, network, True, SHAPE[1]))
    models = integer_models(task, network, record)
    _, noted = played(task, IntegerController(task, models, SHAPE[1]))
    alone = reference(models[1].tensors, models[1].settings)
    for step, tick in enumerate(noted.ticks):
        alone.measured(20_000 if step else 0, tick.values()[1, 2])
        assert alone.values()[0, 0] == noted.actions[step][1, 2]


def test_integers_are_near_the_floats() -> None:
    task = tasks.find("cartpole")
    network = made("cascade", [0, 1], task)
    record, floats = played(task, NetworkController(task, network, True, SHAPE[1]))
    models = integer_models(task, network, record)
    runs = IntegerController(task, models, SHAPE[1])
    for tick, action in zip(floats.ticks, floats.actions, strict=True):
        assert np.abs(runs.act(tick) - action).max() < 0.05 * task.limits[1]


def test_every_kind_has_its_size_and_its_inputs() -> None:
    for name in tasks.NAMES:
        task = tasks.find(name)
        sizes = {kind: made(kind, [0], task).size() for kind in KINDS}
        assert all(0.9 * MOST_PARAMETERS < size <= MOST_PARAMETERS for size in sizes.values())


def test_a_calibration_is_what_a_model_was_fed() -> None:
    task = tasks.find("cartpole")
    record, _ = played(task, NetworkController(task, made("decay", [0, 1], task), True, SHAPE[1]))
    found = calibration(task, record, 1)
    assert found.values.shape[1] == len(task.channels)
    assert np.allclose(found.values[:5], record.values[:5, 1, 0])
    assert set(found.gaps_us[1:]) == {20_000}

"""The training loop: resuming, early stopping, what it says and what it leaves."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools import tau  # noqa: E402
from host_tools.errors import RivuletError  # noqa: E402
from host_tools.train import augment, time_constants  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.collect import even  # noqa: E402
from host_tools.train.fit import TrainingPlan, fit, fit_step, new_run  # noqa: E402
from host_tools.train.losses import class_loss  # noqa: E402
from host_tools.train.network import one_thread  # noqa: E402
from host_tools.train.peers import Gru, Lstm  # noqa: E402
from host_tools.train.regularise import Penalties  # noqa: E402
from host_tools.train.series import EventBatch, stack  # noqa: E402
from host_tools.train.trajectory import Trajectory  # noqa: E402

_RANDOM = np.random.default_rng(0)
_LABELS = torch.arange(12) % 2
# Two classes that differ in their mean.
_SERIES = even(_RANDOM.normal(size=(12, 15, 2)) + _LABELS.numpy()[:, None, None], 0.1)
_SEEDS = [1, 2]


def _draw(random):
    pick = torch.randperm(12, generator=random)
    series = augment.drop(_SERIES.pick(pick), torch.full((12,), 0.3), random)
    return series.events(), _LABELS[pick]


def _train(plan, save_to=None, stop_at=None, network=None, validate=True):
    network = network or DecayCell(_SEEDS, 2, 2, 5)
    validation = (_SERIES.events(), _LABELS) if validate else None
    with one_thread():
        history = fit(
            "test", network, _SEEDS, _draw, class_loss, plan, validation, save_to, stop_at
        )
    return network, history


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path) -> None:
    plan = TrainingPlan(
        24, validate_every=5, patience=20, carry=0.5, penalties=Penalties(slope=1e-3)
    )
    whole, expected = _train(plan)
    path = tmp_path / "run.pt"
    for stop in (7, 15, None):
        network, history = _train(plan, path, stop)
    for name, parameter in whole.parameters.items():
        assert torch.equal(network.parameters[name], parameter), name
    assert history == expected
    assert len(history.losses) == 24 and len(history.validations) == 4


def test_pieces_of_a_recording_go_on_where_the_last_one_ended() -> None:
    network = DecayCell(_SEEDS, 2, 2, 5)
    whole = stack([_SERIES.events()] * 2)
    _, expected = network.run(whole, network.zero_state(12))
    run = new_run(
        network, _SEEDS, TrainingPlan(3, learning_rate=0.0, weight_decay=0.0, in_pieces=True)
    )
    for first in (0, 5, 10):
        # The time from a piece's end to the next one's first event is that event's gap.
        piece = EventBatch(
            *(part[:1, :, first : first + 5] for part in (whole.inputs, whole.gaps)),
            torch.zeros(1, 12),
            torch.ones(1, 12, 5),
        )
        fit_step(run, lambda random, piece=piece: (piece, _LABELS), class_loss)
    for got, wanted in zip(run.used[:-1], expected[:-1], strict=True):
        torch.testing.assert_close(got, wanted)


def test_a_foreign_checkpoint_is_refused(tmp_path) -> None:
    path = tmp_path / "run.pt"
    _train(TrainingPlan(3), path)
    with pytest.raises(RivuletError, match="other sizes or seeds"):
        _train(TrainingPlan(3), path, network=DecayCell(_SEEDS, 2, 2, 6))
    with pytest.raises(RivuletError, match="under another plan"):
        _train(TrainingPlan(4), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(RivuletError, match="not a checkpoint"):
        _train(TrainingPlan(3), path)


def test_every_model_ends_with_its_best_validation() -> None:
    # A rate that makes the loss jump, so that the last is not the best.
    network, history = _train(TrainingPlan(60, learning_rate=0.5, warm_up=1, validate_every=2))
    events = stack([_SERIES.events()] * 2)
    features, _ = network.run(events, network.zero_state(12))
    now = class_loss(network.logits(features), events, _LABELS.expand(2, -1)).tolist()
    best = np.min([losses for _, losses, _ in history.validations], axis=0)
    np.testing.assert_allclose(now, best, rtol=1e-5)


def test_it_stops_when_no_model_gets_better() -> None:
    plan = TrainingPlan(400, learning_rate=0.0, validate_every=2, patience=3)
    _, history = _train(plan)
    assert len(history.losses) == 2 * (1 + 3)
    with pytest.raises(RivuletError, match="validation"):
        _train(plan, validate=False)


@pytest.mark.parametrize("make", [DecayCell, Gru, Lstm])
def test_it_learns(make) -> None:
    options = {"timed": False} if make is not DecayCell else {}
    network = make(_SEEDS, 2, 2, 5, **options)
    _, history = _train(TrainingPlan(80, learning_rate=0.03), network=network, validate=False)
    assert np.mean(history.losses[-5:]) < 0.35 < np.mean(history.losses[:5])


def test_penalties_slow_the_network_down() -> None:
    rates = []
    for penalty in (0.0, 1.0):
        plan = TrainingPlan(60, learning_rate=0.1, penalties=Penalties(alpha=penalty))
        network, _ = _train(plan, validate=False)
        trajectory = Trajectory()
        with torch.no_grad():
            network.run(stack([_SERIES.events()] * 2), network.zero_state(12), trajectory)
        rates.append(trajectory.rates().mean().item())
    assert rates[1] < 0.7 * rates[0]


def test_tau_is_logged_stored_and_compared() -> None:
    network, history = _train(TrainingPlan(10, validate_every=5))
    iteration, losses, quantiles = history.validations[-1]
    assert iteration == 10 and len(losses) == 2
    assert all(sorted(model) == model and len(model) == 5 for model in quantiles)
    trajectory = Trajectory()
    with torch.no_grad():
        network.run(stack([_SERIES.events()] * 2), network.zero_state(12), trajectory)
    measured = time_constants.measure(trajectory, 0)
    stored = tau.from_provenance({"tau_s": tau.to_provenance(measured)}, measured.shape[1])
    assert list(stored) == [0.05, 0.5, 0.95]
    np.testing.assert_allclose(stored[0.5], measured[1], rtol=5e-3)
    live = measured[1].copy()
    assert tau.outside(stored, live) == []
    live[3] *= 100
    assert tau.outside(stored, live) == [3]
    assert tau.outside({}, live) == []


def test_the_curve_is_a_picture(tmp_path) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'rivulet[train]'")
    from host_tools.train import curve

    _, history = _train(TrainingPlan(6, validate_every=2))
    curve.draw(tmp_path / "curve.png", {"decay": history})
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")


def test_a_loss_that_is_no_number_ends_the_run() -> None:
    network = DecayCell(_SEEDS, 2, 2, 5)
    with torch.no_grad():
        network.parameters["drive.bias"][1, 0] = torch.nan
    with pytest.raises(RivuletError, match="iteration 1"):
        _train(TrainingPlan(3), network=network)

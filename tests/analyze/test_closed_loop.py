"""The loop of a model and a plant, beside textbook computations of the same loop."""

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are

from host_tools.analyze import analyze
from host_tools.analyze.closed_loop import ClosedLoop, close
from host_tools.analyze.dynamics import Dynamics
from host_tools.convert import convert
from host_tools.errors import RivuletError
from host_tools.plants import find

PERIOD = 0.02
OBSERVED = ["x", "v", "theta", "omega"]


def lqr() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    linear = find("cartpole").linear()
    a, b = linear.a, linear.b
    p = solve_discrete_are(a, b, np.diag([1.0, 1.0, 10.0, 1.0]), np.array([[0.1]]))
    return a, b, np.linalg.solve(0.1 + b.T @ p @ b, b.T @ p @ a)[0]


def controller(tmp_path: Path, gains: np.ndarray, offset: float = 0.0, **more: object) -> Path:
    """A cascade whose readout is the feedback itself: force = offset - gains @ observation."""
    channels = [*OBSERVED, "action.force", "age.x", "fresh.x"]
    count = len(channels)
    weights = {
        "layer1.alpha.input": np.zeros((1, count)),
        "layer1.alpha.bias": np.full(1, 5.0),
        "layer1.drive.input": np.zeros((1, count)),
        "layer1.drive.bias": np.zeros(1),
        "readout.weight": np.concatenate([[0.0], -gains, np.zeros(3)])[None],
        "readout.bias": np.array([offset]),
    }
    metadata = {
        "cell": "cascade",
        "channels": channels,
        "units": ["m", "m/s", "rad", "rad/s", "N", "s", ""],
        "convention": "current",
        "output": "value",
        "policy": {"cadence_us": 20_000},
    }
    path = tmp_path / "model.safetensors"
    convert(weights, metadata | more).save(path)
    return path


def closed(path: Path) -> ClosedLoop:
    return close(Dynamics(path), find("cartpole"))


def delayed(a: np.ndarray, b: np.ndarray, gains: np.ndarray, ticks: int) -> float:
    """The largest multiplier of the loop whose actions come some ticks later."""
    size = len(a) + ticks
    matrix = np.zeros((size, size))
    matrix[:4, :4] = a
    if not ticks:
        matrix[:4, :4] -= b @ gains[None]
    else:
        matrix[:4, 4:5] = b
        matrix[4:-1, 5:] = np.eye(ticks - 1)
        matrix[-1, :4] = -gains
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def test_the_poles_are_those_of_the_feedback(tmp_path: Path) -> None:
    a, b, gains = lqr()
    loop = closed(controller(tmp_path, gains))
    found = np.exp(loop.poles.values * PERIOD)
    for wanted in np.linalg.eigvals(a - b @ gains[None]):
        assert np.abs(found - wanted).min() < 1e-6
    assert loop.poles.stable
    assert np.allclose(loop.rest, 0.0, atol=1e-8)


def test_the_margins_are_where_the_loop_ends(tmp_path: Path) -> None:
    a, b, gains = lqr()
    loop = closed(controller(tmp_path, gains))
    assert loop.gain is not None and loop.delay_s is not None and loop.phase is not None
    for gain, inwards in zip(loop.gain, (1.01, 0.99), strict=True):
        assert (
            delayed(a, b, gain * inwards * gains, 0) < 1 < delayed(a, b, gain / inwards * gains, 0)
        )
    whole = int(loop.delay_s / PERIOD)
    assert whole >= 1
    assert delayed(a, b, gains, whole) < 1 < delayed(a, b, gains, whole + 1)
    degrees, hz = loop.phase
    assert degrees == pytest.approx(360 * hz * loop.delay_s, rel=0.02)


def test_an_offset_moves_the_equilibrium(tmp_path: Path) -> None:
    _, _, gains = lqr()
    loop = closed(controller(tmp_path, gains, offset=0.5))
    # At rest no force acts, so the feedback of the position takes the offset up.
    assert loop.rest[0] == pytest.approx(0.5 / gains[0], rel=1e-4)
    assert np.allclose(loop.rest[1:], 0.0, atol=1e-6)


def test_a_normalisation_counts_once(tmp_path: Path) -> None:
    _, _, gains = lqr()
    offset = [0.3, *[0.0] * 6]
    path = controller(tmp_path, gains, normalisation={"offset": offset, "scale": [1.0] * 7})
    assert closed(path).rest[0] == pytest.approx(0.3, rel=1e-4)


def test_an_unstable_loop_is_said(tmp_path: Path) -> None:
    _, _, gains = lqr()
    path = controller(tmp_path, 0.1 * gains)
    loop = closed(path)
    assert not loop.poles.stable and loop.gain is None
    text = "\n".join(analyze(path, plant="cartpole").lines)
    assert "! the loop with cartpole is unstable" in text


def test_the_report_has_the_loop_only_with_a_plant(tmp_path: Path) -> None:
    _, _, gains = lqr()
    path = controller(tmp_path, gains)
    alone, both = analyze(path), analyze(path, plant="cartpole")
    assert "Closed loop" not in "\n".join(alone.lines) and "closed_loop" not in alone.to_dict()
    text = "\n".join(both.lines)
    assert "+ the loop with cartpole is stable" in text and "gain margin: stable from x0." in text
    assert both.to_dict()["closed_loop"]["stable"] is True


@pytest.mark.parametrize(
    ("plant", "more", "message"),
    [
        ("cartpole", {"policy": {"cadence_us": 50_000}}, "decides every 50000 us"),
        ("pendulum", {}, "channel 'x' is no observation of the plant pendulum"),
        ("robot", {}, "outputs are the 2 actions of robot"),
        ("nothing", {}, "there is no plant 'nothing'"),
    ],
)
def test_what_does_not_fit_is_told(
    tmp_path: Path, plant: str, more: dict[str, object], message: str
) -> None:
    _, _, gains = lqr()
    if plant == "pendulum":
        more = {"policy": {"cadence_us": 50_000}}
    path = controller(tmp_path, gains, **more)
    with pytest.raises(RivuletError, match=message):
        analyze(path, plant=plant)

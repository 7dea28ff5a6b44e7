"""The attitude model: physics against closed forms, filters and start against the truth."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("ahrs", reason="needs filters: pip install 'rivulet[train]'")

from scipy.spatial.transform import Rotation  # noqa: E402

from host_tools.convert import convert  # noqa: E402
from host_tools.convert.weights import read_weights  # noqa: E402
from host_tools.paths import ROOT  # noqa: E402
from host_tools.simulate.replay import replay  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.cells.relaxing import Form  # noqa: E402
from host_tools.train.network import Readout  # noqa: E402
from host_tools.train.series import EventBatch  # noqa: E402

_ERRORS = ("GYRO_NOISE", "GYRO_SCALE", "GYRO_OFFSET", "GYRO_WALK", "ACCEL_NOISE")
_ERRORS += ("ACCEL_OFFSET", "VIBRATION", "MAG_NOISE", "MAG_OFFSET")


@pytest.fixture(scope="module")
def attitude() -> Iterator[dict[str, ModuleType]]:
    """The recipe's modules, which import one another by their bare names."""
    folder = str(ROOT / "models" / "attitude")
    names = ("physics", "filters", "pieces", "start", "compare")
    sys.path.insert(0, folder)
    try:
        yield {name: __import__(name) for name in names}
    finally:
        sys.path.remove(folder)
        for name in names:
            del sys.modules[name]


@pytest.fixture
def physics(attitude: dict[str, ModuleType]) -> Any:
    return attitude["physics"]


@pytest.fixture
def perfect(physics: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sensors without an error."""
    for name in _ERRORS:
        monkeypatch.setattr(physics, name, 0.0)
    return physics


def _constant(physics: Any, rate: list[float], start: Rotation, push: list[float]) -> Any:
    """A body that turns at a constant rate and is pushed by a constant acceleration."""
    grid = 10 * physics.GRID_HZ + 2
    rates = np.tile(rate, (grid, 1, 1))
    turn = physics.integrate(rates, Rotation.concatenate([start]))
    return physics.Motion(turn, rates, np.tile(push, (grid, 1, 1)))


def test_a_constant_rate_turns_by_rate_times_time(physics: Any) -> None:
    start, rate = Rotation.from_euler("ZYX", [1.0, 0.3, -0.2]), np.array([0.3, -0.5, 1.1])
    motion = _constant(physics, rate.tolist(), start, [0.0] * 3)
    times = np.array([0.0, 1e-4, 0.7501, 3.3333, 9.99])
    turn, rates, _ = motion.at(0, times)
    for got, t in zip(turn, times, strict=True):
        # Turned about its own axes: on the right.
        assert (got.inv() * start * Rotation.from_rotvec(rate * t)).magnitude() < 1e-9
    np.testing.assert_allclose(rates, np.tile(rate, (5, 1)))


def test_sensors_at_rest_and_pushed(perfect: Any) -> None:
    tilted = Rotation.from_euler("ZYX", [0.5, 0.0, np.pi / 6])
    motion = _constant(perfect, [0.0] * 3, tilted, [1.0, 2.0, -0.5])
    recording = perfect.record(motion, 0, 5.0, perfect.Losses(), np.random.default_rng(0))
    accel = recording.values[recording.source == perfect.ACCEL]
    felt = tilted.inv().apply([1.0, 2.0, -0.5 + perfect.GRAVITY])
    np.testing.assert_allclose(accel, np.tile(felt, (len(accel), 1)), atol=1e-9)
    assert not recording.values[recording.source == perfect.GYRO].any()
    # Roll by 30 degrees: up is cos 30 on z and sin 30 on y.
    np.testing.assert_allclose(recording.up[0], [0.0, 0.5, 3**0.5 / 2], atol=1e-12)
    field = recording.values[recording.source == perfect.MAG][0]
    dip = np.arcsin(-field @ recording.up[0] / np.linalg.norm(field))
    assert np.isclose(np.linalg.norm(field), perfect.FIELD_UT) and np.isclose(dip, perfect.DIP)


def test_integrated_gyroscope_gives_the_attitude(perfect: Any) -> None:
    motion = perfect.simulate(2, 10.0, np.random.default_rng(1))
    recording = perfect.record(motion, 1, 10.0, perfect.Losses(), np.random.default_rng(2))
    seconds = recording.times_us * 1e-6
    gyro = np.flatnonzero(recording.source == perfect.GYRO)
    turn = motion.at(1, seconds[gyro[:1]])[0][0]
    for now, after in zip(gyro[:-1], gyro[1:], strict=True):
        mean = (recording.values[now] + recording.values[after]) / 2
        turn = turn * Rotation.from_rotvec(mean * (seconds[after] - seconds[now]))
    up = turn.inv().apply([0.0, 0.0, 1.0])
    # Half a grid step at 2.5 rad/s is 0.18 deg; the rest is trapezoids over 5 ms.
    assert np.degrees(np.arccos(up @ recording.up[gyro[-1]])) < 0.3


def test_noise_is_the_data_sheets(physics: Any) -> None:
    motion = _constant(physics, [0.0] * 3, Rotation.identity(), [0.0] * 3)
    recording = physics.record(motion, 0, 10.0, physics.Losses(), np.random.default_rng(3))
    gyro = np.degrees(recording.values[recording.source == physics.GYRO])
    # 0.005 deg/s/sqrt(Hz) over 144 Hz; steps between samples carry the noise twice.
    assert np.isclose(np.diff(gyro, axis=0).std() / 2**0.5, 0.06, rtol=0.1)


def test_losses_outages_and_ages(physics: Any) -> None:
    motion = physics.simulate(1, 10.0, np.random.default_rng(4))
    losses = physics.Losses(drop=(0.5, 0.0, 0.0), outage=(physics.MAG, 2.0, 4.0))
    recording = physics.record(motion, 0, 10.0, losses, np.random.default_rng(5))
    seconds, source = recording.times_us * 1e-6, recording.source
    assert (np.diff(recording.times_us) >= 0).all()
    assert 900 < (source == physics.GYRO).sum() < 1100 and (source == physics.ACCEL).sum() > 495
    silent = (seconds >= 2.0) & (seconds < 4.0)
    assert not (source[silent] == physics.MAG).any()
    held = recording.held()
    assert (held[source == physics.ACCEL, 9] == 0).all()
    assert np.isclose(held[silent, 10].max(), physics.OLDEST_S)
    at = np.flatnonzero(source == physics.MAG)[3]
    np.testing.assert_array_equal(held[at + 1, 6:9], recording.values[at])
    assert np.isclose(held[at + 1, 10], seconds[at + 1] - seconds[at], atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("complementary", (1.0, 0.5)),
        ("Madgwick", (0.1, 0.1)),
        ("Kalman", (0.05, 0.05)),
    ],
)
def test_filters_follow_perfect_sensors(
    attitude: dict[str, ModuleType], perfect: Any, kind: str, settings: tuple[float, float]
) -> None:
    filters = attitude["filters"]
    motion = perfect.simulate(1, 6.0, np.random.default_rng(6))
    motion.push[:] = 0.0
    recording = perfect.record(motion, 0, 6.0, perfect.Losses(), np.random.default_rng(7))
    believed = filters.run(filters.KINDS[kind][0](*settings), recording)[-300:]
    for part, truth in ((believed[:, :3], recording.up), (believed[:, 3:], recording.north)):
        angle = np.degrees(np.arccos(np.clip((part * truth[-300:]).sum(1), -1, 1)))
        assert angle.max() < 3.0, kind


def test_the_start_is_a_filter(attitude: dict[str, ModuleType], perfect: Any) -> None:
    start, pieces = attitude["start"], attitude["pieces"]
    network = DecayCell([0], 11, 6, start.UNITS, Form(alpha_max=100.0), Readout("state"))
    full = perfect.GRAVITY, perfect.FIELD_UT
    start.as_filter(network, pieces.SCALE.tolist(), full, perfect.DIP)
    motion = perfect.simulate(1, 8.0, np.random.default_rng(8))
    motion.push[:] = 0.0
    one = pieces.played(perfect.record(motion, 0, 8.0, perfect.Losses(), np.random.default_rng(9)))
    inputs, gaps = (torch.from_numpy(part)[None, None] for part in (one.inputs, one.gaps))
    with torch.no_grad():
        events = EventBatch(inputs, gaps, torch.zeros(1, 1), torch.ones_like(gaps))
        features, _ = network.run(events, network.zero_state(1))
        values = network.logits(features)[0, 0, :-1].double().numpy()
    settled = one.since_s > 4.0
    for part, truth in ((values[:, :3], one.truth[:, :3]), (values[:, 3:], one.truth[:, 3:])):
        unit = part[settled] / np.linalg.norm(part[settled], axis=1)[:, None]
        angle = np.degrees(np.arccos(np.clip((unit * truth[settled]).sum(1), -1, 1)))
        assert np.sqrt((angle**2).mean()) < 5.0


def test_what_was_judged_is_what_the_device_computes(
    attitude: dict[str, ModuleType], physics: Any, tmp_path: Path
) -> None:
    weights, settings = read_weights(ROOT / "models" / "attitude" / "weights.npz")
    model = convert(weights, settings)
    assert (ROOT / "models/attitude/attitude.safetensors").read_bytes() == _saved(model, tmp_path)
    motion = physics.simulate(1, 3.0, np.random.default_rng(10))
    losses = physics.Losses(drop=(0.3, 0.3, 0.3))
    recording = physics.record(motion, 0, 3.0, losses, np.random.default_rng(11))
    judged = attitude["compare"].FloatCell(model)(recording)
    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    _write(events, settings["channels"], recording, physics)
    replay(tmp_path / "model.safetensors", events, out, "numpy")
    rows = [[float(row[f"y{i}"]) for i in range(6)] for row in csv.DictReader(out.open())]
    np.testing.assert_allclose(rows, judged, atol=1e-6)


def _saved(model: Any, folder: Path) -> bytes:
    model.save(folder / "model.safetensors")
    return (folder / "model.safetensors").read_bytes()


def _write(path: Path, channels: list[str], recording: Any, physics: Any) -> None:
    """Each event carries its own sensor's values and both ages."""
    with path.open("w") as file:
        file.write("t_us," + ",".join(channels) + "\n")
        events = zip(recording.times_us, recording.source, recording.held(), strict=True)
        for t_us, source, held in events:
            cells = [""] * 11
            for i in (*range(11)[physics.CHANNELS[source]], *physics.AGES.values()):
                cells[i] = repr(float(held[i]))
            file.write(f"{t_us}," + ",".join(cells) + "\n")

"""The analysis against systems whose poles are known in closed form, and against simulation."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from host_tools.analyze import contraction, equilibria, samples, steps
from host_tools.analyze.dynamics import Dynamics
from host_tools.analyze.gates import read_gates
from host_tools.analyze.linearise import Poles, differences, input_gain, jacobian, linearise
from host_tools.choices import Late
from host_tools.convert import convert
from host_tools.errors import RivuletError

_LOWEST, _HIGHEST = 0.25, 16.0


def decay(
    path: Path, recurrent: np.ndarray, rate: np.ndarray, bias: np.ndarray, **changes: Any
) -> Dynamics:
    """A decay cell: weights of the drive and of the rates (n, n), rate biases (n,), and one input
    that drives every unit equally."""
    n = len(bias)
    weights = {
        "alpha.recurrent": rate,
        "alpha.input": np.zeros((n, 1)),
        "alpha.bias": bias,
        "drive.recurrent": recurrent,
        "drive.input": np.full((n, 1), 0.5),
        "drive.bias": np.zeros(n),
        "readout.weight": np.ones((1, n)),
        "readout.bias": np.zeros(1),
    }
    metadata = {"alpha_min": _LOWEST, "alpha_max": _HIGHEST, "drive": "relaxing"}
    convert(weights, metadata | changes).save(path / "model.safetensors")
    return Dynamics(path / "model.safetensors")


def drawn(path: Path, seed: int, strength: float, drive: str = "relaxing", n: int = 6) -> Dynamics:
    random = np.random.default_rng(seed)
    size = strength / math.sqrt(n)
    matrices = random.normal(0, size, (2, n, n))
    return decay(path, matrices[0], matrices[1], random.normal(1, 1, n), drive=drive)


def rest(dynamics: Dynamics, u: np.ndarray | None = None) -> equilibria.Equilibrium:
    starts = equilibria.starting_points(np.ones((1, dynamics.hidden)), 4)
    found = equilibria.find(dynamics, dynamics.offset if u is None else u, starts)
    assert found.points and found.points[0].residual < 1e-9
    return found.points[0]


def by_hand(gates: Any, dynamics: Dynamics, x: np.ndarray, u: np.ndarray) -> np.ndarray:
    """df/dx of the decay cell by the chain rule, its q and alpha from the device."""
    alpha, q = dynamics.targets(x, u)
    g = q * alpha if gates.additive else q
    free = alpha < gates.high
    steep = np.where(free, -np.expm1(gates.low - alpha), 0.0)
    slope_alpha = steep[:, None] * gates.rate
    slope_g = (1.0 - g * g)[:, None] * gates.drive
    if gates.additive:
        return np.asarray(slope_g - np.diag(alpha) - x[:, None] * slope_alpha)
    return np.asarray(alpha[:, None] * slope_g - np.diag(alpha) + (g - x)[:, None] * slope_alpha)


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_the_jacobian_is_the_analytic_one(tmp_path: Path, drive: str) -> None:
    for seed in range(5):
        dynamics = drawn(tmp_path, seed, 1.5, drive)
        gates = read_gates(tmp_path / "model.safetensors", dynamics)
        random = np.random.default_rng(seed)
        for _ in range(5):
            x, u = random.uniform(-1, 1, 6), random.normal(0, 1, 1)
            found = linearise(dynamics, x, u)
            wanted = by_hand(gates, dynamics, x, u)
            assert np.abs(found.matrix - wanted).max() < 1e-8
            assert found.error < 1e-8


def test_steps_of_differences_are_chosen_by_their_error() -> None:
    """A wave of period 0.01 needs far shorter steps than the first; so does one far from zero."""
    for place in (0.3, 3000.0):
        found, error = jacobian(
            lambda x: np.sin(628.0 * x), np.array([place]), unit=np.array([1.0])
        )
        truth = 628.0 * math.cos(628.0 * place)
        assert abs(found[0, 0] - truth) < 1e-4
        assert abs(found[0, 0] - truth) < 10 * error + 1e-6


def test_without_feedback_the_poles_are_the_rates(tmp_path: Path) -> None:
    bias = np.array([-3.0, 0.0, 2.0, 9.0, 40.0])
    zero = np.zeros((5, 5))
    dynamics = decay(tmp_path, zero, zero, bias)
    alpha = np.minimum(_LOWEST + np.logaddexp(0.0, bias), _HIGHEST)
    for u in (dynamics.offset, np.array([1.3])):
        point = rest(dynamics, u)
        assert np.allclose(point.state, np.tanh(0.5 * u[0]), atol=1e-12)
        poles = point.near.poles
        assert np.allclose(np.sort(poles.values.real), np.sort(-alpha), rtol=1e-8)
        assert poles.oscillation is None
        assert poles.fastest_s == pytest.approx(1 / alpha.max(), rel=1e-8)
        assert poles.slowest_s == pytest.approx(1 / alpha.min(), rel=1e-8)
    limits = {limit.integrator: limit for limit in steps.limits(dynamics, point, u)}
    assert limits["euler"].limit_s == pytest.approx(2 / alpha.max(), rel=1e-8)
    # The real root of z^3 + 4 z^2 + 12 z + 24, where RK4's factor is 1.
    assert limits["rk4"].limit_s == pytest.approx(2.785293563405282 / alpha.max(), rel=1e-8)
    for name in ("semi_implicit", "exponential", "implicit_euler"):
        assert limits[name].limit_s == math.inf
    gates = read_gates(tmp_path / "model.safetensors", dynamics)
    assert gates is not None
    bound = contraction.bound(gates)
    assert bound.rate == pytest.approx(-_LOWEST) and bound.recurrent == 0.0
    gain = input_gain(dynamics, rest(dynamics).state, dynamics.offset)[1]
    assert gain == pytest.approx(5 * 0.5)


def oscillator(path: Path, real: float, turning: float) -> tuple[Dynamics, float]:
    """Two units around 0, where tanh is linear: lambda = alpha (real - 1 +- i turning)."""
    drive = np.array([[real, -turning], [turning, real]])
    dynamics = decay(path, drive, np.zeros((2, 2)), np.full(2, 2.0))
    return dynamics, _LOWEST + math.log1p(math.exp(2.0))


def test_a_known_complex_pair(tmp_path: Path) -> None:
    real, turning = 0.5, 2.0
    dynamics, alpha = oscillator(tmp_path, real, turning)
    point = rest(dynamics)
    wanted = alpha * complex(real - 1.0, turning)
    values = sorted(point.near.poles.values, key=lambda pole: pole.imag)
    assert values == pytest.approx([wanted.conjugate(), wanted], rel=1e-8)
    assert point.near.poles.oscillation == pytest.approx(
        (alpha * turning / (2 * math.pi), -wanted.real / abs(wanted)), rel=1e-8
    )
    limits = {limit.integrator: limit for limit in steps.limits(dynamics, point, dynamics.offset)}
    # |1 + k (real - 1 + i turning)| = 1 at this gain, whichever integrator reaches it.
    k = 2 * (1 - real) / ((1 - real) ** 2 + turning**2)
    assert limits["euler"].limit_s == pytest.approx(k / alpha, rel=1e-8)
    assert limits["semi_implicit"].limit_s == pytest.approx(k / (1 - k) / alpha, rel=1e-6)
    assert limits["exponential"].limit_s == pytest.approx(-math.log(1 - k) / alpha, rel=1e-6)
    assert limits["implicit_euler"].limit_s == math.inf
    for name in ("euler", "rk4", "semi_implicit", "exponential"):
        below, above = limits[name].trials
        assert below.measured < 1.0 < above.measured
        assert below.agrees and above.agrees


def test_what_does_not_come_to_rest_and_what_rests_in_several_places(tmp_path: Path) -> None:
    turning, _ = oscillator(tmp_path, 1.5, 1.0)
    assert not rest(turning).stable
    drive = np.array([[2.0]])
    two = decay(tmp_path, drive, np.zeros((1, 1)), np.zeros(1))
    starts = equilibria.starting_points(np.ones((1, 1)), 12)
    found = equilibria.find(two, two.offset, starts)
    # x = tanh(2 x): 0 and, by iteration, +-0.9575.
    outer = 1.0
    for _ in range(100):
        outer = math.tanh(2.0 * outer)
    assert sorted(float(point.state[0]) for point in found.points) == pytest.approx(
        [-outer, 0.0, outer], abs=1e-9
    )
    assert [point.stable for point in found.points] == [True, True, False]
    alpha = _LOWEST + math.log(2.0)
    assert found.points[2].near.poles.abscissa == pytest.approx(alpha * (2.0 - 1.0), rel=1e-8)


def test_newton_that_strays_is_led_back(tmp_path: Path) -> None:
    """From far away, where every gate is pinned and has no slope, all starts still arrive."""
    dynamics = drawn(tmp_path, 1, 2.0)
    starts = [np.full(6, -300.0), np.full(6, 500.0), np.linspace(-400.0, 400.0, 6)]
    with np.errstate(over="ignore"):
        found = equilibria.find(dynamics, dynamics.offset, starts)
    assert found.failed == 0 and found.points


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_limits_against_brute_force(tmp_path: Path, drive: str) -> None:
    """Euler and RK4 written down here, far from the linear analysis: inside of the limit a
    disturbance dies out, outside of it it does not."""
    for seed in range(4):
        dynamics = drawn(tmp_path, seed, 0.8, drive)
        u = np.array([0.4])
        point = rest(dynamics, u)

        def euler(x: np.ndarray, h: float) -> np.ndarray:
            return x + h * dynamics.field(x, u)  # noqa: B023

        def rk4(x: np.ndarray, h: float) -> np.ndarray:
            f = lambda z: dynamics.field(z, u)  # noqa: B023, E731
            a = f(x)
            b = f(x + h / 2 * a)
            c = f(x + h / 2 * b)
            return x + h / 6 * (a + 2 * b + 2 * c + f(x + h * c))

        for limit in steps.limits(dynamics, point, u):
            assert all(trial.agrees for trial in limit.trials), limit.integrator
            step = {"euler": euler, "rk4": rk4}.get(limit.integrator)
            if step is None:
                continue
            for factor, dies in ((0.97, True), (1.03, False)):
                x = point.state + 1e-4
                for _ in range(1500):
                    x = step(x, factor * limit.limit_s)
                left = np.abs(x - point.state).max()
                assert left < 1e-6 if dies else left > 1e-4


def test_rk4_limit_of_any_pole() -> None:
    """Along a fine ray the factor is below 1 up to the limit and above 1 just beyond."""
    random = np.random.default_rng(5)
    for _ in range(50):
        pole = complex(-(10 ** random.uniform(-2, 1)), 10 ** random.uniform(-2, 1))
        limit = steps.rk4_limit(np.array([pole]))
        z = pole * np.linspace(0, limit, 500)[1:-1]
        assert (np.abs(1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24) < 1.0).all()
        z = pole * limit * 1.001
        assert abs(1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24) > 1.0


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_the_bound_holds_wherever_one_looks(tmp_path: Path, drive: str) -> None:
    for seed in range(6):
        dynamics = drawn(tmp_path, seed, (0.05, 0.3, 2.0)[seed % 3], drive)
        gates = read_gates(tmp_path / "model.safetensors", dynamics)
        assert gates is not None
        bound = contraction.bound(gates)
        random = np.random.default_rng(seed)
        for _ in range(100):
            x = gates.reach * random.choice([-1.0, 1.0, random.uniform(-1, 1)], 6)
            matrix = by_hand(gates, dynamics, x, random.normal(0, 3, 1))
            assert contraction.measure_max(matrix, bound.weights) <= bound.rate + 1e-9


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_the_bound_is_reached(tmp_path: Path, drive: str) -> None:
    """One unit in the worst corner of its box, with g = 1: over all rates J comes up to it."""
    reached = []
    for bias in np.linspace(-4.0, 20.0, 241):
        dynamics = decay(
            tmp_path, np.zeros((1, 1)), np.full((1, 1), 3.0), np.array([bias]), drive=drive
        )
        gates = read_gates(tmp_path / "model.safetensors", dynamics)
        assert gates is not None
        matrix = by_hand(gates, dynamics, -gates.reach, np.array([100.0]))
        reached.append(matrix[0, 0])
    assert contraction.bound(gates).rate == pytest.approx(max(reached), abs=0.01)


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_what_is_proved_to_contract_does(tmp_path: Path, drive: str) -> None:
    """Two solutions by scipy under the same moving input approach at least as fast as proved."""
    dynamics = drawn(tmp_path, 3, 0.02, drive)
    gates = read_gates(tmp_path / "model.safetensors", dynamics)
    assert gates is not None
    bound = contraction.bound(gates)
    assert bound.rate < -0.1

    def flow(start: np.ndarray, seconds: float) -> np.ndarray:
        found = solve_ivp(
            lambda t, x: dynamics.field(x, np.array([3.0 * math.sin(5.0 * t)])),
            (0.0, seconds),
            start,
            "RK45",
            rtol=1e-10,
            atol=1e-12,
        )
        return np.asarray(found.y[:, -1])

    above, below = gates.reach, -gates.reach
    first = np.abs((above - below) / bound.weights).max()
    for seconds in (0.3, 1.0, 4.0):
        left = np.abs((flow(above, seconds) - flow(below, seconds)) / bound.weights).max()
        assert left <= first * math.exp(bound.rate * seconds) * (1 + 1e-6)


def test_forgetting_of_a_system_without_feedback(tmp_path: Path) -> None:
    """Its slowest neuron forgets as exp(-alpha t): ln(100)/alpha until 1 % is left."""
    zero = np.zeros((3, 3))
    dynamics = decay(tmp_path, zero, zero, np.array([-2.0, 1.0, 3.0]))
    slow = _LOWEST + math.log1p(math.exp(-2.0))
    gaps = np.full(4000, 0.01)
    inputs = np.random.default_rng(0).normal(0, 1, (4000, 1))
    found = contraction.forgetting(dynamics, np.ones(3), gaps, inputs)
    assert found.seconds == pytest.approx(math.log(100) / slow, abs=0.011)
    assert found.exponent == pytest.approx(-slow, rel=0.1)


class Scaled:
    """A system whose step multiplies the state by its input."""

    def step(self, x: np.ndarray, u: np.ndarray, seconds: float) -> np.ndarray:
        return x * u[0]


def test_forgotten_is_what_stays_forgotten() -> None:
    factors = np.array([[0.1], [0.01], [100.0], [0.01], [2.0]])
    system: Any = Scaled()
    found = contraction.forgetting(system, np.ones(2), np.full(5, 0.5), factors)
    assert found.seconds == 2.0 and found.total_s == 2.5
    assert found.left == pytest.approx(0.002)
    assert found.exponent == pytest.approx(math.log(0.002) / 2.5)
    factors[-1] = np.inf
    grown = contraction.forgetting(system, np.ones(2), np.full(5, 0.5), factors)
    assert grown.seconds is None and grown.left == grown.exponent == math.inf


def test_the_measures_are_logarithmic_norms() -> None:
    """mu(J) is the limit of (|I + h J| - 1) / h."""
    random = np.random.default_rng(2)
    matrix, weights = random.normal(0, 1, (5, 5)), random.uniform(0.2, 2, 5)
    h = 1e-7
    step = np.eye(5) + h * matrix
    scaled = step * weights / weights[:, None]
    limit = (np.abs(scaled).sum(axis=1).max() - 1) / h
    assert contraction.measure_max(matrix, weights) == pytest.approx(limit, abs=1e-5)
    basis = random.normal(0, 1, (5, 5))
    limit = (np.linalg.norm(np.linalg.solve(basis, step @ basis), 2) - 1) / h
    assert contraction.measure_euclid(matrix, basis) == pytest.approx(limit, rel=1e-4)


def test_poles_of_an_unstable_system() -> None:
    poles = Poles(np.array([1.0 + 2.0j, 1.0 - 2.0j, -3.0 + 0.0j]))
    assert not poles.stable and poles.slowest_s == math.inf
    assert poles.oscillation == pytest.approx((1 / math.pi, -1 / math.sqrt(5)))
    assert steps.euler_limit(poles.values) == steps.rk4_limit(poles.values) == 0.0


def test_inputs_are_held_between_events(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text("t_us,u0\n0,\n100000,2\n300000,\n250000,8\n300000,3\n")
    drive = np.zeros((2, 2))
    for convention, driving in (("previous", [0, 0, 2, 2]), ("current", [0, 2, 2, 3])):
        dynamics = decay(tmp_path, drive, drive, np.zeros(2), convention=convention)
        seen = samples.along(dynamics, path, Late.drop)
        assert seen.driving[:, 0].tolist() == driving
        assert seen.inputs[:, 0].tolist() == [0, 2, 2, 3]
        assert seen.gaps_s == pytest.approx([0.0, 0.1, 0.2, 0.0])
        assert seen.late == 1 and "4 events; 1 late events dropped" in str(seen)
    with pytest.raises(RivuletError, match="line 5: t_us goes back from 300000 to 250000"):
        samples.along(dynamics, path)


def test_differences_of_a_linear_map_are_exact() -> None:
    matrix = np.random.default_rng(1).normal(0, 1, (3, 4))
    found = differences(lambda x: matrix @ x, np.ones(4), np.full(4, 0.5))
    assert np.allclose(found, matrix, atol=1e-14)

"""Controllers against scipy: a PID's transfer function, an LQR's loop, and what limits do."""

from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import linalg, signal

from rivulet.control.policies import Policies

Floats = NDArray[np.float64]
_DT_US = 20_000
_DT = _DT_US * 1e-6
_NUMBER = st.floats(-4, 4, width=32)


class Controller:
    """One controller on outputs, each step _DT after the last."""

    def __init__(self, outputs: int, **entry: Any) -> None:
        policy = {"cadence_us": _DT_US, "controllers": [{"name": "u", **entry}]}
        self._policy = Policies({"policy": policy, "output": "value", "classes": []}, outputs)
        self._out = array("f", bytes(4 * (outputs + 1)))

    def step(self, *values: float) -> float:
        self._policy.drive(array("f", values), self._out, _DT_US)
        return self._out[-1]


@given(st.lists(_NUMBER, min_size=3, max_size=60), _NUMBER, _NUMBER, _NUMBER, st.floats(0, 1))
def test_a_pid_is_its_transfer_function(
    inputs: list[float], kp: float, ki: float, kd: float, tau_s: float
) -> None:
    if not (kp or ki or kd):
        return
    # At rest at first: the first value makes no slope, and no integral.
    inputs = [inputs[0], *inputs]
    made = Controller(
        1, kind="pid", input="y0", setpoint=0, kp=kp, ki=ki, kd=kd, derivative_tau_s=tau_s
    )
    found = [made.step(value) for value in inputs]
    error = -np.array(inputs, np.float64)
    integral = signal.lfilter([ki * _DT], [1.0, -1.0], np.r_[0.0, error[1:]])
    # d = (1 - z^-1) / (tau (1 - z^-1) + T)
    slope = signal.lfilter([1.0, -1.0], [tau_s + _DT, -tau_s], error - error[0])
    wanted = kp * error + integral + kd * slope
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-4)


def _double_integrator() -> tuple[Floats, Floats]:
    a = np.array([[1.0, _DT], [0.0, 1.0]])
    return a, np.array([[_DT**2 / 2], [_DT]])


def test_an_lqr_of_a_double_integrator_costs_what_riccati_says() -> None:
    a, b = _double_integrator()
    q, r = np.diag([4.0, 1.0]), np.array([[0.5]])
    p = linalg.solve_discrete_are(a, b, q, r)
    gain = np.linalg.solve(r + b.T @ p @ b, b.T @ p @ a)
    made = Controller(2, kind="state_feedback", inputs=["y0", "y1"], gains=gain[0].tolist())
    x = np.array([1.0, -0.5])
    cost, expected = 0.0, x @ p @ x
    for _ in range(2000):
        u = made.step(*x)
        cost += x @ q @ x + r[0, 0] * u**2
        x = a @ x + b[:, 0] * u
    assert np.abs(x).max() < 1e-4
    assert cost == pytest.approx(expected, rel=1e-5)


def test_scheduled_gains_are_numpys_interpolation() -> None:
    points, rows = [-1.0, 0.5, 2.0], [[1.0, -2.0], [3.0, 0.0], [-1.0, 4.0]]
    made = Controller(
        3,
        kind="state_feedback",
        inputs=["y0", "y1"],
        schedule={"by": "y2", "at": points, "gains": rows},
    )
    for by in np.linspace(-3, 4, 29):
        gains = [np.interp(by, points, [row[i] for row in rows]) for i in range(2)]
        assert made.step(0.75, -1.25, by) == pytest.approx(
            -(gains[0] * 0.75 - gains[1] * 1.25), rel=1e-5, abs=1e-5
        )


@given(
    st.lists(st.tuples(_NUMBER, _NUMBER), min_size=1, max_size=200),
    st.floats(0.1, 20),
    st.floats(0.1, 2),
)
def test_limits_and_slew_hold_whatever_happens(
    rows: list[tuple[float, float]], ki: float, slew_per_s: float
) -> None:
    made = Controller(
        2,
        kind="pid",
        input="y0",
        setpoint="y1",
        kp=3,
        ki=ki,
        kd=0.1,
        limits=[-1, 0.5],
        slew_per_s=slew_per_s,
    )
    last = None
    for row in rows:
        u = made.step(*row)
        assert -1 <= u <= 0.5
        if last is not None:
            assert abs(u - last) <= slew_per_s * _DT + 1e-6
        last = u


def test_a_pi_under_saturation_settles_without_the_overshoot_of_one_that_winds_up() -> None:
    def overshoot(**own: Any) -> float:
        made = Controller(1, kind="pid", input="y0", setpoint=1, kp=2, ki=4, **own)
        x = highest = 0.0
        for _ in range(1000):
            # A first-order lag of 1 s with gain 1, whose actuator gives 1.2 at most.
            x += _DT * (min(max(made.step(x), -1.2), 1.2) - x)
            highest = max(highest, x)
        assert x == pytest.approx(1.0, abs=1e-3)
        return highest - 1.0

    wound, held = overshoot(), overshoot(limits=[-1.2, 1.2])
    assert held < 0.02 < 0.1 < wound

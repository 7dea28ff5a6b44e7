"""The CTRNN against its equations, and its exact solution where nothing feeds back."""

from math import exp, tanh

from fixtures import Weights, close, load, model_bytes, product, raises, run, settings

from rivulet.cells import cell_class
from rivulet.cells.integrators import BY_NAME
from rivulet.errors import ModelError

_N, _M = 4, 3


class Reference:
    def __init__(self, integrator="exponential", drive="relaxing", recurrent=1.0):
        self.weights = made = Weights(11)
        self.drive, self.integrator = drive, integrator
        self.rate = made.add("rate", _N, scale=2.0, offset=4.0)
        rows = made.add("drive.weight", _N, _N + _M + 1)
        if not recurrent:
            values = made.arrays["drive.weight"][1]
            for i in range(_N):
                for j in range(_N):
                    values[i * (_N + _M + 1) + j] = rows[i][j] = 0.0
        self.rows = rows
        made.add("readout.weight", 2, _N + 1)
        self.settings = settings(
            cell="ctrnn",
            convention="current",
            readout="state",
            drive=drive,
            integrator=integrator,
        )

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def step(self, state, u, seconds):
        q = [tanh(value) for value in product(self.rows, state + u + [1.0])]
        if self.drive == "additive":
            q = [value / rate for value, rate in zip(q, self.rate)]
        ha = [seconds * rate for rate in self.rate]
        if self.integrator == "semi_implicit":
            gain = [value / (1.0 + value) for value in ha]
        else:
            gain = [1.0 - exp(-value) for value in ha]
        return [x + k * (p - x) for x, k, p in zip(state, gain, q)], self.rate


def test_against_the_equations():
    for integrator in ("exponential", "semi_implicit"):
        for drive in ("relaxing", "additive"):
            reference = Reference(integrator, drive)
            run(reference.model(), reference.step)


def test_every_integrator_reaches_the_fixed_point():
    for integrator in BY_NAME:
        for drive in ("relaxing", "additive"):
            reference = Reference(integrator, drive, recurrent=0.0)
            made = reference.model()
            values = [0.5, -0.25, 1.0]
            for _ in range(3):
                made.event(100000000, (0, 1, 2), values)
            expected, _ = reference.step([0.0] * _N, values, 1e9)
            assert close(made.cell.state_floats, expected, 1e-5), integrator


def test_its_time_constants_do_not_move():
    reference = Reference()
    made = reference.model()
    for dt_us in (0, 5, 70000):
        made.event(dt_us, (0, 1, 2), (5.0, -3.0, 0.25))
        assert close(made.cell.alpha_floats, reference.rate)


def test_what_it_needs():
    check = cell_class("ctrnn").check
    good = Reference().settings
    check(good)
    for key in ("integrator", "drive"):
        changed = dict(good)
        changed[key] = "none"
        assert "unknown %s 'none' for a ctrnn cell" % key in raises(ValueError, check, changed)
    reference = Reference()
    reference.weights.arrays["rate"][1][1] = 0.0
    assert "'rate' must be above 0" in raises(ModelError, reference.model)

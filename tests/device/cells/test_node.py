"""The neural ODE cell against RK4 written out, and against a linear system solved exactly."""

from math import exp, tanh

from fixtures import FLOAT32, Weights, close, load, model_bytes, product, raises, run, settings

from rivulet.cells import cell_class

_N, _M = 3, 3


class Reference:
    def __init__(self, layers=(6,), step_s=0.125, scale=0.5):
        self.weights = made = Weights(13)
        self.step_s = step_s
        self.layers = []
        width = _N + _M
        for i, size in enumerate(list(layers) + [_N]):
            self.layers.append(
                (
                    made.add("layer%d.weight" % i, size, width, scale=scale),
                    made.add("layer%d.bias" % i, size, scale=scale),
                )
            )
            width = size
        made.add("readout.weight", 2, _N + 1)
        self.settings = settings(
            cell="node",
            convention="current",
            readout="state",
            integrator="rk4",
            activation="tanh",
            layers=list(layers),
            step_s=step_s,
        )

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def slope(self, x, u):
        z = x + u
        for i in range(len(self.layers)):
            weight, bias = self.layers[i]
            z = [a + b for a, b in zip(product(weight, z), bias)]
            if i < len(self.layers) - 1:
                z = [tanh(value) for value in z]
        return z

    def step(self, state, u, seconds):
        rates = [abs(d) / (1.0 + abs(x)) + 1e-9 for d, x in zip(self.slope(state, u), state)]
        count = int(seconds / self.step_s) + 1
        h = seconds / count
        for _ in range(count):
            k1 = self.slope(state, u)
            k2 = self.slope([x + h / 2 * k for x, k in zip(state, k1)], u)
            k3 = self.slope([x + h / 2 * k for x, k in zip(state, k2)], u)
            k4 = self.slope([x + h * k for x, k in zip(state, k3)], u)
            state = [
                x + h / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(state, k1, k2, k3, k4)
            ]
        return state, rates


def test_against_the_equations():
    for layers in ((6,), (5, 4)):
        reference = Reference(layers)
        made = reference.model()
        run(made, reference.step, count=30, longest_us=500000, tolerance=1e-4 if FLOAT32 else 1e-9)


def test_a_linear_system_is_solved():
    reference = Reference(layers=(), step_s=0.01)
    weight, bias = reference.weights.arrays["layer0.weight"][1], reference.layers[0][1]
    rates = [0.5, 2.0, 8.0]
    for i in range(_N):
        for j in range(_N + _M):
            weight[i * (_N + _M) + j] = -rates[i] if i == j else 0.0
    made = reference.model()
    made.event(300000, (0, 1, 2), (0.0, 0.0, 0.0))
    exact = [b / a * (1.0 - exp(-0.3 * a)) for a, b in zip(rates, bias)]
    assert close(made.cell.state_floats, exact, 1e-5)


def test_a_gap_is_bounded():
    reference = Reference()
    made = reference.model()
    made.event(3600 * 1000000, (0, 1, 2), (1.0, -1.0, 0.5))
    other = reference.model()
    other.event(64 * 125000, (0, 1, 2), (1.0, -1.0, 0.5))
    assert list(made.cell.state_floats) == list(other.cell.state_floats)


def test_what_the_metadata_must_hold():
    check = cell_class("node").check
    for key, value, message in (
        ("layers", 4, "list of sizes"),
        ("layers", [4, 0], "list of sizes"),
        ("activation", "elu", "unknown activation 'elu'"),
        ("step_s", 0.0, "step_s above 0"),
    ):
        changed = Reference().settings
        check(changed)
        changed[key] = value
        assert message in raises(ValueError, check, changed), key

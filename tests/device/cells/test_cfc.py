"""The CfC cell, its modes, activations and companion, against the equations."""

from math import erf, sqrt, tanh

from cfc_equations import closed_form, companion, sigmoid
from fixtures import Weights, load, model_bytes, product, raises, run, settings

from rivulet.cells import cell_class

_N, _M = 4, 3


_ACTIVATIONS = {
    "relu": lambda x: max(x, 0.0),
    "tanh": tanh,
    "lecun_tanh": lambda x: 1.7159 * tanh(0.666 * x),
    "silu": lambda x: x * sigmoid(x),
    "gelu": lambda x: 0.5 * x * (1.0 + erf(x / sqrt(2.0))),
}


class Reference:
    def __init__(self, mode="default", backbone=(6,), activation="lecun_tanh", mixed=False):
        self.weights = made = Weights(5)
        self.mode, self.mixed, self.unit_s = mode, mixed, 0.25
        self.activation = _ACTIVATIONS[activation]
        width = _N + _M
        self.layers = []
        for i in range(len(backbone)):
            self.layers.append(
                (
                    made.add("backbone%d.weight" % i, backbone[i], width, scale=0.5),
                    made.add("backbone%d.bias" % i, backbone[i]),
                )
            )
            width = backbone[i]
        rows = _N if mode == "pure" else 4 * _N
        self.heads = (
            made.add("heads.weight", rows, width, scale=0.25),
            made.add("heads.bias", rows, scale=0.5),
        )
        self.decay = None
        if mode == "pure":
            self.decay = (
                made.add("w_tau", _N, scale=0.25, offset=0.25),
                made.add("A", _N, scale=0.5),
            )
        if mixed:
            self.memory = (
                made.add("memory.input", 4 * _N, _M),
                made.add("memory.recurrent", 4 * _N, _N),
                made.add("memory.bias", 4 * _N),
            )
        made.add("readout.weight", 2, (2 if mixed else 1) * _N + 1)
        self.settings = settings(
            cell="cfc",
            convention="current",
            readout="state",
            mode=mode,
            activation=activation,
            backbone=list(backbone),
            time_unit_s=self.unit_s,
            mixed_memory=mixed,
        )

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def step(self, state, u, seconds):
        rates = []
        if self.mixed:
            state, rates = companion(self.memory, state, u, seconds)
        z = u + state[:_N]
        for weight, bias in self.layers:
            z = [self.activation(a + b) for a, b in zip(product(weight, z), bias)]
        z = [a + b for a, b in zip(product(self.heads[0], z), self.heads[1])]
        heads = [z[k : k + _N] for k in range(0, len(z), _N)]
        x, alpha = closed_form(self.mode, heads, self.decay, seconds / self.unit_s, self.unit_s)
        return x + state[_N:], alpha + rates


def test_every_mode():
    for mode in ("default", "no_gate", "pure"):
        for backbone in ((), (6,), (5, 7, 3)):
            reference = Reference(mode, backbone)
            run(reference.model(), reference.step, count=40)


def test_every_activation():
    for activation in _ACTIVATIONS:
        reference = Reference(activation=activation)
        run(reference.model(), reference.step, count=40)


def test_mixed_memory():
    for mode in ("default", "pure"):
        reference = Reference(mode, mixed=True)
        made = reference.model()
        assert made.hidden == 2 * _N
        run(made, reference.step)


def test_hours_without_an_event():
    for mode in ("default", "no_gate", "pure"):
        made = Reference(mode).model()
        made.event(0, (0, 1, 2), (0.5, -1.0, 0.25))
        made.event(9 * 3600 * 1000000, (0, 1, 2), (0.5, -1.0, 0.25))
        assert all(abs(value) <= 2.0 for value in made.cell.state_floats)


def test_rates_are_never_zero():
    reference = Reference()
    for name in ("heads.weight", "heads.bias"):
        values = reference.weights.arrays[name][1]
        values[:] = [0.0] * len(values)
    assert all(rate > 0.0 for rate in reference.model().cell.alpha_floats)


def test_what_the_metadata_must_hold():
    check = cell_class("cfc").check
    for key, value, message in (
        ("mode", "fast", "unknown mode 'fast' for a cfc cell"),
        ("activation", "elu", "unknown activation 'elu'"),
        ("backbone", [4, 0], "list of layer sizes"),
        ("backbone", 4, "list of layer sizes"),
        ("time_unit_s", -1.0, "time_unit_s above 0"),
    ):
        changed = Reference().settings
        check(changed)
        changed[key] = value
        assert message in raises(ValueError, check, changed), key
    changed = Reference().settings
    del changed["mixed_memory"]
    assert "mixed_memory" in raises(ValueError, check, changed)

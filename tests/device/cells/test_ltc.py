"""The LTC cell against its equations, written out synapse by synapse."""

from math import exp

from cfc_equations import companion
from fixtures import Weights, built, close, load, model_bytes, product, raises, run, settings

from rivulet.cells import cell_class
from rivulet.errors import ModelError

_N, _M = 5, 3
# (source, target) of a sparse wiring; sources are numbered inputs first.
_SENSORY = ((0, 2), (1, 2), (0, 3), (2, 4))
_RECURRENT = ((2, 0), (3, 0), (4, 1), (2, 2), (0, 4))


def sigmoid(x):
    return 1.0 / (1.0 + exp(-x))


class Reference:
    def __init__(self, sensory=_SENSORY, recurrent=_RECURRENT, unfolds=6, unit_s=0.5, mixed=False):
        self.weights = made = Weights(3)
        self.unfolds, self.unit_s, self.mixed = unfolds, unit_s, mixed
        self.synapses = list(sensory) + [(j + _M, i) for j, i in recurrent]
        count = (len(self.synapses),)
        self.gleak = made.add("gleak", _N, scale=0.25, offset=0.5)
        self.vleak = made.add("vleak", _N, scale=0.25)
        self.cm = made.add("cm", _N, scale=0.125, offset=0.5)
        self.w = made.add("synapse.w", *count, scale=0.5, offset=1.0)
        self.mu = made.add("synapse.mu", *count)
        self.sigma = made.add("synapse.sigma", *count, scale=2.0, offset=4.0)
        self.erev = made.add("synapse.erev", *count)
        made.put("synapse.source", count, [j for j, _ in self.synapses])
        made.put("synapse.target", count, [i for _, i in self.synapses])
        self.scale = made.add("input.scale", _M)
        self.offset = made.add("input.offset", _M)
        if mixed:
            self.memory = (
                made.add("memory.input", 4 * _N, _M),
                made.add("memory.recurrent", 4 * _N, _N),
                made.add("memory.bias", 4 * _N),
            )
        made.add("readout.weight", 2, (2 if mixed else 1) * _N + 1)
        self.settings = settings(
            cell="ltc",
            convention="current",
            readout="state",
            unfolds=unfolds,
            epsilon=1e-8,
            time_unit_s=unit_s,
            synapses=[len(sensory), len(recurrent)],
            mixed_memory=mixed,
        )

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def step(self, state, u, seconds):
        rates = []
        if self.mixed:
            state, rates = companion(self.memory, state, u, seconds)
        v, memory = state[:_N], state[_N:]
        mapped = [value * a + b for value, a, b in zip(u, self.scale, self.offset)]
        h = seconds / self.unit_s / self.unfolds
        for _ in range(self.unfolds):
            joint = mapped + v
            above = [c / h * x + g * e for c, x, g, e in zip(self.cm, v, self.gleak, self.vleak)]
            below = [g + 1e-8 for g in self.gleak]
            for k in range(len(self.synapses)):
                j, i = self.synapses[k]
                g = self.w[k] * sigmoid(self.sigma[k] * (joint[j] - self.mu[k]))
                above[i] += g * self.erev[k]
                below[i] += g
            alpha = [b / c / self.unit_s for b, c in zip(below, self.cm)]
            v = [a / (c / h + b) for a, b, c in zip(above, below, self.cm)]
        return v + memory, alpha + rates


def test_against_the_equations():
    for unfolds, unit_s in ((6, 0.5), (1, 1.0), (12, 3.0)):
        reference = Reference(unfolds=unfolds, unit_s=unit_s)
        run(reference.model(), reference.step)


def test_any_wiring():
    full = [(j, i) for i in range(_N) for j in range(_N)]
    for sensory, recurrent in ((_SENSORY, ()), ((), _RECURRENT), (((2, 1),), full)):
        reference = Reference(sensory, recurrent)
        run(reference.model(), reference.step, count=20)


def test_mixed_memory():
    reference = Reference(mixed=True)
    made = reference.model()
    assert made.hidden == 2 * _N
    run(made, reference.step)


def test_the_outputs_are_a_map_of_the_state():
    reference = Reference()
    made = reference.model()
    run(made, reference.step, count=10)
    shape, values = reference.weights.arrays["readout.weight"]
    rows = [values[: _N + 1], values[_N + 1 :]]
    assert close(list(made.outputs()), product(rows, list(made.cell.state_floats) + [1.0]))


def test_a_gap_of_hours_and_a_steep_synapse_stay_finite():
    reference = Reference()
    for k in range(len(reference.synapses)):
        reference.weights.arrays["synapse.sigma"][1][k] = 4000.0
    made = reference.model()
    for dt_us in (0, 1, 36000000000):
        made.event(dt_us, (0, 1, 2), (900.0, -900.0, 0.5))
        assert all(value - value == 0.0 for value in made.cell.state_floats)


def test_peek_and_reset_include_the_memory():
    made = Reference(mixed=True).model()
    fresh = list(made.cell.state_floats), list(made.cell.alpha_floats)
    made.event(0, (0, 1, 2), (0.5, -1.0, 0.25))
    made.event(70000, (0, 1, 2), (0.5, -1.0, 0.25))
    before = list(made.cell.state_floats), list(made.cell.alpha_floats)
    made.peek(50000)
    assert (list(made.cell.state_floats), list(made.cell.alpha_floats)) == before
    made.reset()
    assert list(made.cell.state_floats) == fresh[0]
    assert len(fresh[1]) == 2 * _N and all(rate > 0.0 for rate in fresh[1])


def test_indices_outside_the_network_are_refused():
    for name, index in (("source", _N + _M), ("target", _N), ("source", 65535)):
        reference = Reference()
        reference.weights.arrays["synapse." + name][1][2] = index
        message = raises(ModelError, reference.model)
        assert "tensor 'synapse.%s' has index %d of" % (name, index) in message


def test_what_the_metadata_must_hold():
    good = Reference().settings
    check = cell_class("ltc").check
    check(good)
    for key, value, message in (
        ("unfolds", 0, "1 to 64 unfolds"),
        ("unfolds", 65, "1 to 64 unfolds"),
        ("time_unit_s", 0.0, "time_unit_s above 0"),
        ("epsilon", 0.0, "epsilon above 0"),
        ("synapses", [0, 0], "numbers of synapses"),
        ("synapses", [-1, 5], "numbers of synapses"),
        ("synapses", 9, "numbers of synapses"),
    ):
        changed = dict(good)
        changed[key] = value
        assert message in raises(ValueError, check, changed), key
    del good["mixed_memory"]
    assert "mixed_memory" in raises(ValueError, check, good)


def test_a_state_is_not_carried_over_from_another_kind_of_cell():
    made = Reference().model()
    assert not made.adopt(built(readout="state"))

"""The cascade on events, against a reference written from the equations alone.

Layer 1: alpha and q of u. Layer k: q of [x of layer k - 1 after the interval; u], alpha of the
same or of u alone. x+ = x + (1 - exp(-alpha dt)) (q - x)
"""

from math import exp, log, tanh

from fixtures import TOLERANCE, Numbers, Weights, close, load, model_bytes, product, raises
from fixtures import settings as settings_of

from rivulet.cells import cell_class
from rivulet.errors import ModelError

_CHANNELS = ["a", "b", "c"]
_M = len(_CHANNELS)


class Reference:
    def __init__(self, rates="u", sizes=(4, 3), readout_inputs=False, seed=7, **changes):
        self.rates, self.sizes = rates, sizes
        self.n = sum(sizes)
        self.weights = made = Weights(seed)
        heads = 2 if rates == "v" else 1
        inward = made.add("inward.weight", 2 * self.n, _M + 1)
        self.inward, self.below = [], [[]]
        at = 0
        for size in sizes:
            self.inward.append((inward[at : at + size], inward[at + size : at + 2 * size]))
            at += 2 * size
        for i in range(1, len(sizes)):
            rows = made.add("layer%d.weight" % (i + 1), heads * sizes[i], sizes[i - 1])
            self.below.append((rows[: -sizes[i]], rows[-sizes[i] :]))
        read = sizes[-1] + (_M if readout_inputs else 0)
        self.read = made.add("readout.weight", 2, read + 1)
        self.settings = settings_of(
            cell="cascade",
            layers=list(sizes),
            rates=rates,
            readout_inputs=readout_inputs,
            channels=_CHANNELS,
            **changes,
        )
        self.x = [0.0] * self.n
        self.u = list(self.settings["normalisation"]["offset"])

    def model(self):
        return load(model_bytes(self.settings, self.weights.arrays))

    def gates(self, i, below):
        """(alpha, q) of layer i."""
        sums = [product(rows, self.u + [1.0]) for rows in self.inward[i]]
        if i:
            for k in range(2):
                if self.below[i][k]:
                    fed = product(self.below[i][k], below)
                    sums[k] = [a + b for a, b in zip(sums[k], fed)]
        lowest, highest = self.settings["alpha_min"], self.settings["alpha_max"]
        alpha = [min(lowest + log(1.0 + exp(value)), highest) for value in sums[0]]
        return alpha, [tanh(value) for value in sums[1]]

    def advance(self, seconds):
        """Move; returns the rates."""
        rates, below = [], []
        at = 0
        for i in range(len(self.sizes)):
            alpha, q = self.gates(i, below)
            end = at + self.sizes[i]
            below = [
                x + (1.0 - exp(-a * seconds)) * (g - x)
                for x, a, g in zip(self.x[at:end], alpha, q)
            ]
            self.x[at:end] = below
            rates += alpha
            at = end
        return rates

    def outputs(self):
        """Of a readout from the state."""
        seen = self.x[self.n - self.sizes[-1] :]
        if self.settings["readout_inputs"]:
            seen = seen + self.u
        return product(self.read, seen + [1.0])


def run(reference, count, seed=9, still=0):
    """Both over the same events; `still` of ten events repeat the inputs of the one before."""
    model = reference.model()
    numbers = Numbers(seed)
    values = reference.u
    for _ in range(count):
        if numbers.below(10) >= still:
            values = [numbers.unit() for _ in range(_M)]
        dt_us = numbers.below(2000000) // 10 ** numbers.below(7)
        if reference.settings["convention"] == "current":
            reference.u = values
        model.event(dt_us, (0, 1, 2), values)
        if dt_us:
            rates = reference.advance(dt_us * 1e-6)
            assert close(model.cell.alpha_floats, rates, 10 * TOLERANCE), dt_us
        reference.u = values
        assert close(model.cell.state_floats, reference.x), dt_us
        if reference.settings["readout"] == "state" and dt_us:
            assert close(model.outputs(), reference.outputs()), dt_us
    return model


def test_every_kind_against_the_equations():
    for rates in ("u", "v"):
        for sizes in ((4, 3), (5,), (1, 1), (3, 2, 4)):
            for convention in ("previous", "current"):
                for readout_inputs in (False, True):
                    reference = Reference(
                        rates, sizes, readout_inputs, convention=convention, readout="state"
                    )
                    run(reference, 25)


def test_inputs_that_stay_change_nothing_that_is_kept():
    for rates in ("u", "v"):
        run(Reference(rates), 60, still=8)


def test_a_look_ahead_keeps_what_is_kept():
    """peek() evaluates the gates under inputs that no event has moved the state by yet."""
    for rates in ("u", "v"):
        reference = Reference(rates, convention="previous")
        model, twin = reference.model(), reference.model()
        for dt_us, values in ((200000, (0.5, 1.0, -0.5)), (70000, (-1.0, 0.25, 0.5))):
            model.event(dt_us, (0, 1, 2), values)
            twin.event(dt_us, (0, 1, 2), values)
            model.peek(300000)
        assert list(model.cell.alpha_floats) == list(twin.cell.alpha_floats)
        for one in (model, twin):
            one.event(90000, (), ())
        assert list(model.cell.state_floats) == list(twin.cell.state_floats)
        assert list(model.cell.alpha_floats) == list(twin.cell.alpha_floats)


def test_splitting_an_interval_changes_nothing_in_layer_1():
    values = (0.75, -0.5, 1.0)
    for rates in ("u", "v"):
        whole, parts = Reference(rates).model(), Reference(rates).model()
        for model in (whole, parts):
            model.event(0, (0, 1, 2), values)
        whole.event(700000, (0, 1, 2), values)
        for _ in range(7):
            parts.event(100000, (0, 1, 2), values)
        assert close(parts.cell.state_floats[:4], whole.cell.state_floats[:4])
        assert not close(parts.cell.state_floats[4:], whole.cell.state_floats[4:], 1e-4)


def test_the_state_stays_within_one():
    for rates in ("u", "v"):
        model = Reference(rates).model()
        numbers = Numbers(4)
        for _ in range(200):
            values = [100.0 * numbers.unit() for _ in range(_M)]
            model.event(numbers.below(1 << 30), (0, 1, 2), values)
            assert max(abs(x) for x in model.cell.state_floats) <= 1.0
            assert all(0.5 <= alpha <= 20.0 for alpha in model.cell.alpha_floats)


def test_the_mean_is_of_the_last_layer():
    reference = Reference(readout="mean", readout_inputs=True, convention="current")
    model = run(reference, 20)
    seen = list(model.readout.feature_floats)[4:] + list(model.cell.input_floats)
    assert close(model.outputs(), product(reference.read, seen + [1.0]))


def test_a_model_of_other_weights_goes_on_from_the_state():
    old, new = run(Reference(), 10), Reference(seed=8).model()
    assert new.adopt(old)
    assert list(new.cell.state_floats) == list(old.cell.state_floats)
    assert list(new.cell.alpha_floats) != list(old.cell.alpha_floats)
    assert not Reference(sizes=(4, 4)).model().adopt(old)


def test_what_a_cell_needs_is_checked():
    check = cell_class("cascade").check
    good = Reference().settings
    check(good)
    for key, value, message in (
        ("layers", [], "its layers"),
        ("layers", None, "its layers"),
        ("layers", [0, 2], "its layers"),
        ("rates", "x", "unknown rates 'x' for a cascade cell"),
        ("rates", None, "unknown rates"),
        ("alpha_min", 0.0, "0 < alpha_min"),
        ("alpha_max", 0.5, "alpha_min < alpha_max"),
    ):
        changed = dict(good)
        changed[key] = value
        assert message in raises(ValueError, check, changed), (key, value)
    del good["readout_inputs"]
    assert "readout_inputs" in raises(ValueError, check, good)


def test_a_readout_of_another_width_is_refused():
    for changes, message in (
        ({"readout_inputs": True}, "the readout takes 3 values, not the 6 there are"),
        ({"readout_inputs": "yes"}, "'readout_inputs' must be true or false"),
        ({"rates": "v"}, "tensor 'layer2.weight' is (3, 4); 7 units and 3 channels need (6, 4)"),
    ):
        reference = Reference()
        reference.settings.update(changes)
        assert message in raises(ModelError, reference.model)

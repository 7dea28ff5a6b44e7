"""The decay cell on events, against a reference written from the equations alone.

v = [x; u; 1]; alpha = min(alpha_min + softplus(A v), alpha_max); g = tanh(G v)
q = g (relaxing) or g / alpha (additive); dx/dt = alpha (q - x)
"""

from math import exp, log, tanh

from fixtures import TOLERANCE, Numbers, built, close, raises, tensors

from rivulet.cells import cell_class

_INTEGRATORS = ("exponential", "semi_implicit", "euler")


class Reference:
    def __init__(self, arrays, metadata):
        (rows, width), values = arrays["gates.weight"]
        self.rows = [values[i * width : (i + 1) * width] for i in range(rows)]
        self.n = rows // 2
        self.settings = metadata
        self.x = [0.0] * self.n
        self.u = list(metadata["normalisation"]["offset"])

    def gates(self):
        lowest, highest = self.settings["alpha_min"], self.settings["alpha_max"]
        v = self.x + self.u + [1.0]
        products = [sum(w * e for w, e in zip(row, v)) for row in self.rows]
        alpha = [min(lowest + log(1.0 + exp(p)), highest) for p in products[: self.n]]
        target = [tanh(p) for p in products[self.n :]]
        if self.settings["drive"] == "additive":
            target = [g / a for g, a in zip(target, alpha)]
        return alpha, target

    def step(self, h, gain):
        alpha, target = self.gates()
        self.x = [x + gain(h * a) * (q - x) for x, a, q in zip(self.x, alpha, target)]

    def advance(self, h):
        name = self.settings["integrator"]
        if name == "exponential":
            self.step(h, lambda ha: 1.0 - exp(-ha))
        elif name == "semi_implicit":
            self.step(h, lambda ha: ha / (1.0 + ha))
        else:
            count = int(h * self.settings["alpha_max"]) + 1
            for _ in range(count):
                self.step(h / count, lambda ha: ha)

    def event(self, dt_us, values):
        if self.settings["convention"] == "current":
            self.u = values
        if dt_us:
            self.advance(dt_us * 1e-6)
        self.u = values


def pair(arrays=None, **changes):
    arrays = arrays or tensors()
    model = built(arrays, **changes)
    return model, Reference(arrays, model.settings)


def run(model, reference, count, longest_us=2000000, seed=9):
    numbers = Numbers(seed)
    for _ in range(count):
        values = [numbers.unit() for _ in reference.u]
        dt_us = numbers.below(longest_us) // 10 ** numbers.below(7)
        model.event(dt_us, tuple(range(len(values))), values)
        reference.event(dt_us, values)
        assert close(model.cell.state_floats, reference.x), (dt_us, model.settings)


def test_every_kind_of_cell_against_the_equations():
    for integrator in _INTEGRATORS:
        for drive in ("relaxing", "additive"):
            for convention in ("previous", "current"):
                run(
                    *pair(integrator=integrator, drive=drive, convention=convention),
                    count=60,
                )


def test_any_size():
    for hidden, inputs in ((1, 1), (1, 5), (2, 1), (17, 2), (33, 7)):
        names = ["c%d" % i for i in range(inputs)]
        model, reference = pair(
            tensors(hidden, inputs, 3, seed=hidden),
            channels=names,
            classes=["x", "y", "z"],
            normalisation={"offset": [0.25] * inputs, "scale": [1.0] * inputs},
        )
        assert model.hidden == hidden and model.output_count == 3
        run(model, reference, count=10)
        assert len(list(model.outputs())) == 3


def test_it_starts_at_rest_with_the_inputs_at_their_offsets():
    model, reference = pair()
    assert list(model.cell.state_floats) == [0.0] * 4
    assert list(model.cell.input_floats) == [0.5, 0.0, -0.25]
    assert close(model.cell.alpha_floats, reference.gates()[0])


def test_no_time_changes_nothing_but_the_input():
    for convention in ("previous", "current"):
        model, reference = pair(convention=convention)
        run(model, reference, count=5)
        state = list(model.cell.state_floats)
        outputs = list(model.outputs())
        mean = list(model.readout.feature_floats)
        alpha = list(model.cell.alpha_floats)
        model.event(0, (0, 1, 2), (0.125, 0.25, 0.375))
        assert list(model.cell.input_floats) == [0.125, 0.25, 0.375]
        assert list(model.cell.state_floats) == state
        assert list(model.readout.feature_floats) == mean
        assert list(model.cell.alpha_floats) == alpha
        assert list(model.outputs()) == outputs


def test_what_drives_the_interval_is_the_convention():
    values = [1.0, -1.0, 0.5]
    for convention, driving in (("previous", [0.5, 0.0, -0.25]), ("current", values)):
        model, reference = pair(convention=convention)
        model.event(300000, (0, 1, 2), values)
        reference.u = driving
        reference.advance(0.3)
        assert close(model.cell.state_floats, reference.x)
        assert list(model.cell.input_floats) == values


def test_alpha_reaches_its_bounds():
    for weight, bound in ((100.0, 20.0), (-100.0, 0.5), (1000.0, 20.0), (-1000.0, 0.5)):
        arrays = tensors()
        values = arrays["gates.weight"][1]
        # The bias of every rate; 1000 overflows the exponential itself.
        for row in range(4):
            values[row * 8 + 7] = weight
        for drive in ("relaxing", "additive"):
            model = built(arrays, drive=drive)
            model.event(0, (0, 1, 2), (0.0, 0.0, 0.0))
            model.event(100000, (0, 1, 2), (0.0, 0.0, 0.0))
            assert close(model.cell.alpha_floats, [bound] * 4)
            assert all(value - value == 0.0 for value in model.cell.state_floats)


def test_a_relaxing_state_never_leaves_its_range():
    for integrator in _INTEGRATORS:
        model, _ = pair(integrator=integrator)
        numbers = Numbers(4)
        for _ in range(200):
            values = [50.0 * numbers.unit() for _ in range(3)]
            model.event(numbers.below(3000000), (0, 1, 2), values)
            assert max(abs(x) for x in model.cell.state_floats) <= 1.0 + TOLERANCE


def test_hours_without_an_event():
    hours = 9 * 3600 * 1000000
    for integrator in _INTEGRATORS:
        for drive in ("relaxing", "additive"):
            # Without what the state feeds back, the end is known: x = q.
            model, reference = pair(
                tensors(recurrent=0.0), integrator=integrator, drive=drive, readout="state"
            )
            model.event(hours, (0, 1, 2), (0.0, 0.0, 0.0))
            assert close(model.cell.state_floats, reference.gates()[1], 1e-4)
            model, _ = pair(integrator=integrator, drive=drive)
            model.event(100000, (0, 1, 2), (1.0, 0.5, 0.25))
            model.event(30 * 24 * hours // 9, (0, 1, 2), (0.0, 0.0, 0.0))
            assert all(abs(x) <= 2.0 for x in model.cell.state_floats)  # 1 / alpha_min
            assert all(value - value == 0.0 for value in model.outputs())


def test_the_cell_of_a_name():
    assert cell_class("decay").__name__ == "Cell"
    assert "unknown cell 'nothing'" in raises(ValueError, cell_class, "nothing")
    for name in ("", "../decay", "decay.Cell", "a b"):
        assert "not a word" in raises(ValueError, cell_class, name)


def test_what_a_cell_needs_is_checked():
    check = cell_class("decay").check
    good = {"integrator": "euler", "drive": "additive", "alpha_min": 0.1, "alpha_max": 1.0}
    check(good)
    for key, value, message in (
        ("integrator", "rk9", "unknown integrator 'rk9'"),
        ("integrator", None, "unknown integrator"),
        ("drive", "none", "unknown drive 'none'"),
        ("alpha_min", 0.0, "0 < alpha_min"),
        ("alpha_min", -1.0, "0 < alpha_min"),
        ("alpha_max", 0.1, "alpha_min < alpha_max"),
    ):
        changed = dict(good)
        changed[key] = value
        assert message in raises(ValueError, check, changed), (key, value)


def test_a_thousand_events_stay_on_the_reference():
    run(*pair(), count=1000)

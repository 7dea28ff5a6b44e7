"""What a new model takes over from the one that ran before it."""

from fixtures import built, close, tensors


def moved(arrays=None, **changes):
    made = built(arrays, **changes)
    for dt_us in (0, 70000, 200000):
        made.event(dt_us, (0, 1, 2), (0.5, -1.0, 0.25))
    return made


def kept(made):
    cell, head = made.cell, made.readout
    views = (cell.state_floats, cell.input_floats, head.feature_floats)
    return [list(view) for view in views] + [head.missing]


def test_a_model_of_the_same_shape_goes_on():
    old = moved()
    new = built(tensors(seed=5), integrator="euler")
    assert new.adopt(old)
    assert kept(new) == kept(old)
    # Other weights, other rates, from the first look on.
    new.peek(0)
    other = built(tensors(seed=5))
    other.cell.state_floats[:] = old.cell.state_floats
    other.cell.input_floats[:] = old.cell.input_floats
    other.cell.evaluate()
    assert close(new.cell.alpha_floats, list(other.cell.alpha_floats))
    assert not close(new.cell.alpha_floats, list(old.cell.alpha_floats), 1e-3)


def test_the_old_model_keeps_what_it_had():
    old = moved()
    before = kept(old)
    new = built(tensors(seed=5))
    new.adopt(old)
    new.event(100000, (0, 1, 2), (3.0, 3.0, 3.0))
    assert kept(old) == before


def test_another_number_of_outputs_does_not_matter():
    new = built(tensors(outputs=3), classes=["x", "y", "z"])
    assert new.adopt(moved())


def test_another_shape_starts_afresh():
    old = moved()
    for new in (
        built(tensors(hidden=5)),
        built(channels=["a", "c", "b"]),
        built(channels=["a", "b", "d"]),
        built(
            tensors(inputs=2),
            channels=["a", "b"],
            normalisation={"offset": [0.0, 0.0], "scale": [1.0, 1.0]},
        ),
    ):
        fresh = kept(new)
        assert not new.adopt(old)
        assert kept(new) == fresh

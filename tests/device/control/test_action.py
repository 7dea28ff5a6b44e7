"""What drives the actuators."""

from array import array

from rivulet.control.action import Action


def classes(*names):
    action = Action()
    action.use(names, [0.0] * len(names), -1)
    return action


def said(action):
    return action.resting, action.decision, action.name, list(action.values)


def test_before_there_is_a_model():
    action = Action()
    assert said(action) == ("start", -1, "", [0.0] * 8)
    action.rest("no model")
    assert said(action) == ("no model", -1, "", [0.0] * 8)


def test_a_model_that_acts_and_rests():
    action = classes("still", "walking", "running")
    action.act(array("f", [0.5, 2.0, -1.0]), 1)
    assert said(action) == ("", 1, "walking", [0.5, 2.0, -1.0])
    action.rest("guard")
    assert said(action) == ("guard", -1, "", [0.0] * 3)


def test_the_safe_values_are_those_of_rest():
    action = Action()
    action.use((), [0.25, -7.0], -1)
    action.act(array("f", [1.0, 2.0]), -1)
    assert said(action) == ("", -1, "", [1.0, 2.0])
    action.rest("released")
    assert said(action) == ("released", -1, "", [0.25, -7.0])


def test_a_class_may_be_what_is_safe():
    action = Action()
    action.use(("still", "walking"), [1.0, 0.0], 0)
    action.rest("stale")
    assert said(action) == ("stale", 0, "still", [1.0, 0.0])


def test_what_an_actuator_does_to_the_values_does_not_stay():
    action = Action()
    action.use((), [0.25], -1)
    action.rest("guard")
    action.values[0] = 9.0
    action.rest("guard")
    assert list(action.values) == [0.25]


def test_the_object_is_the_same_and_its_values_have_the_models_number():
    action = Action()
    for count in (1, 12, 12, 3):
        action.use((), [0.0] * count, -1)
        assert len(action.values) == count
    action.use_none()
    assert len(action.values) == 8
    action.use((), [0.0] * 12, -1)
    action.use_none()
    action.rest("no model")
    assert said(action) == ("no model", -1, "", [0.0] * 12)


def test_what_is_decided_stays_where_the_classes_do():
    action = classes("still", "walking")
    action.act(array("f", [0.0, 1.0]), 1)
    action.use(("still", "walking"), [0.0, 0.0], -1)
    assert (action.decision, action.name) == (1, "walking")
    action.use(("walking", "still"), [0.0, 0.0], -1)
    assert (action.decision, action.name) == (-1, "")

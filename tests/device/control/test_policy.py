"""The discrete head."""

from array import array

from rivulet.control.policy import Policy


def policy(output, classes=("a", "b", "c")):
    return Policy({"policy": {"cadence_us": 250000}, "output": output, "classes": classes})


def decide(head, *outputs):
    return head.decide(array("f", outputs))


def test_the_cadence_is_the_files():
    assert policy("class").cadence_us == 250000


def test_the_largest_output_is_the_class():
    head = policy("class")
    assert decide(head, 0.5, -1.0, 2.0) == 2
    assert decide(head, -0.5, -1.0, -2.0) == 0
    assert isinstance(decide(head, 1.0, 2.0, 0.0), int)


def test_the_first_of_equal_outputs():
    assert decide(policy("class"), 1.0, 2.0, 2.0) == 1


def test_classes_are_named_by_text():
    assert policy("class", ["still", 7, None]).names == ("still", "7", "None")


def test_a_model_with_values_decides_nothing():
    head = policy("value", None)
    assert decide(head, 0.5, 2.0) == -1 and head.names == ()

"""The discrete head."""

from rivulet.kernels import np
from rivulet.policy import Policy


def policy(output, cadence_us=250000):
    return Policy({"policy": {"cadence_us": cadence_us}, "output": output})


def test_no_decision_before_the_first():
    assert policy("class").decision == -1
    assert policy("class").cadence_us == 250000


def test_the_largest_output_is_the_class():
    head = policy("class")
    assert head.decide(np.array([0.5, -1.0, 2.0])) == 2
    assert head.decision == 2
    assert head.decide(np.array([-0.5, -1.0, -2.0])) == 0
    assert head.decision == 0
    assert isinstance(head.decision, int)


def test_the_first_of_equal_outputs():
    assert policy("class").decide(np.array([1.0, 2.0, 2.0])) == 1


def test_a_model_with_values_decides_nothing():
    head = policy("value")
    assert head.decide(np.array([0.5, 2.0])) == -1
    assert head.decision == -1

"""Policies with memory: classes that are held, states, controllers, and what a rest forgets."""

from array import array

from fixtures import ACTION_TOLERANCE, Numbers
from fixtures import close as close_to

from rivulet.control.policy import Policy, policy_of

_CLASSES = ["still", "walk", "run"]
# Logarithms of probabilities: 0.7, 0.2, 0.1 and so on.
_STILL = (-0.3567, -1.6094, -2.3026)
_WALK = (-1.6094, -0.3567, -2.3026)
_CLOSE = (-0.7985, -0.8916, -2.0402)  # 0.45, 0.41, 0.13
_UNSURE = (-1.0, -1.1, -1.2)


def close(one, other):
    return close_to(one, other, ACTION_TOLERANCE)


def made(**policy):
    policy["cadence_us"] = 100000
    return policy_of({"policy": policy, "output": "class", "classes": _CLASSES}, 3)


def decisions(policy, *rows, ms=100):
    return [policy.decide(array("f", row), 1000 * ms) for row in rows]


def test_a_plain_policy_stays_the_plain_one():
    assert type(made()) is Policy and type(made(horizon_ms=12.5)) is Policy
    assert made().horizon_us == 0 and made(horizon_ms=12.5).horizon_us == 12500


def test_another_class_needs_a_lead():
    policy = held(hysteresis=0.1)
    assert decisions(policy, _WALK, _CLOSE, _STILL, _CLOSE) == [1, 1, 0, 0]
    policy = held(hysteresis=0.02)
    assert decisions(policy, _WALK, _CLOSE, _STILL, _CLOSE) == [1, 0, 0, 0]


def held(**entry):
    return made(classes=entry)


def test_a_decision_stands_for_its_dwell():
    policy = held(dwell_ms=250)
    rows = (_STILL, _WALK, _WALK, _WALK, _STILL, _STILL, _STILL)
    assert decisions(policy, *rows) == [0, 0, 0, 1, 1, 1, 0]
    # Parts of a millisecond add up.
    policy = held(dwell_ms=1)
    values = array("f", _WALK)
    policy.decide(array("f", _STILL), 300)
    assert [policy.decide(values, 300) for _ in range(4)] == [0, 0, 0, 1]


def test_none_of_the_classes_is_decided_below_a_confidence():
    policy = held(confidence=0.6)
    assert decisions(policy, _UNSURE, _STILL, _CLOSE, _WALK) == [-1, 0, -1, 1]
    # A class that is decided is given up later than it was taken.
    policy = held(confidence=0.6, hysteresis=0.2)
    assert decisions(policy, _CLOSE, _STILL, _CLOSE, _UNSURE) == [-1, 0, 0, -1]


def test_a_rest_forgets():
    policy = held(dwell_ms=10000, hysteresis=0.5)
    assert decisions(policy, _WALK, _STILL) == [1, 1]
    policy.rest()
    assert decisions(policy, _STILL) == [0]


def machine(*ways, classes=_CLASSES):
    states = [
        {"name": "idle", "to": list(ways)},
        {"name": "go", "to": [["y0", "<", 0, 0, "idle"]]},
    ]
    settings = {
        "policy": {"cadence_us": 100000, "states": states},
        "output": "class" if classes else "value",
        "classes": classes,
    }
    return policy_of(settings, 3)


def test_a_state_is_left_when_its_comparison_has_held():
    policy = machine(["y0", ">", 0.5, 200, "go"], classes=[])
    assert policy.names == policy.states == ("idle", "go")
    high, low, below = (0.75, 0, 0), (0.25, 0, 0), (-1.0, 0, 0)
    assert decisions(policy, high, high, low, high, high, high) == [0, 0, 0, 0, 0, 1]
    assert decisions(policy, high, low, below, below) == [1, 1, 0, 0]
    # It begins anew: what has held before counts no more.
    assert decisions(policy, high, high, high) == [0, 0, 1]


def test_each_comparison():
    for comparison, wanted in (
        ("<", [1, 0, 0]),
        ("<=", [1, 1, 0]),
        (">", [0, 0, 1]),
        (">=", [0, 1, 1]),
    ):
        found = []
        for value in (0.25, 0.5, 0.75):
            policy = machine(["y1", comparison, 0.5, 0, "go"], classes=[])
            found += decisions(policy, (1.0, value, 0))
        assert found == wanted, comparison


def test_states_by_classes_by_their_probabilities_and_by_time():
    policy = machine(["class", "==", "walk", 100, "go"])
    assert decisions(policy, _STILL, _WALK, _WALK) == [0, 0, 1]
    policy = machine(["class", "!=", "still", 0, "go"])
    assert decisions(policy, _STILL, _WALK) == [0, 1]
    policy = machine(["walk", ">", 0.65, 0, "go"])
    assert decisions(policy, _CLOSE, _WALK) == [0, 1]
    policy = machine(["time", ">=", 0.25, 0, "go"], classes=[])
    assert decisions(policy, (1, 1, 1), (1, 1, 1), (1, 1, 1)) == [0, 0, 1]


def test_of_several_ways_the_first_is_taken():
    states = [
        {"name": "a", "to": [["y0", ">", 0.5, 100, "b"], ["y0", ">", 0, 0, "c"]]},
        {"name": "b"},
        {"name": "c"},
    ]
    settings = {"policy": {"cadence_us": 1, "states": states}, "output": "value", "classes": []}
    assert decisions(policy_of(settings, 1), (0.75,), (0.75,)) == [2, 2]
    states[0]["to"][0][3] = 0
    assert decisions(policy_of(settings, 1), (0.75,), (0.75,)) == [1, 1]
    # At rest a machine is in no state, and goes on from the first.
    policy = policy_of(settings, 1)
    decisions(policy, (0.75,))
    policy.rest()
    assert policy.decide_safe(array("f", (0.75,))) == -1
    assert decisions(policy, (0.0,)) == [0]


def test_a_random_machine_goes_where_its_ways_say():
    numbers = Numbers(7)
    names = ["s%d" % i for i in range(5)]
    for _ in range(20):
        states = []
        for name in names:
            ways = [
                [
                    "y%d" % numbers.below(2),
                    ("<", "<=", ">", ">=")[numbers.below(4)],
                    numbers.unit(),
                    100 * numbers.below(4),
                    names[numbers.below(5)],
                ]
                for _ in range(numbers.below(4))
            ]
            states.append({"name": name, "to": ways})
        settings = {
            "policy": {"cadence_us": 1, "states": states},
            "output": "value",
            "classes": [],
        }
        policy = policy_of(settings, 2)
        rows = []  # since the state was entered
        state = 0
        for _ in range(60):
            row = (numbers.unit(), numbers.unit())
            rows.append(row)
            wanted = expected(states[state]["to"], rows)
            if wanted is not None:
                state, rows = names.index(wanted), []
            assert policy.decide(array("f", row), 100000) == state


def expected(ways, rows):
    """The state to go to by the whole history since the last one was entered, or None."""
    for name, comparison, threshold, held_ms, to in ways:
        true = 0
        for row in reversed(rows):
            value = row[int(name[1:])]
            holds = {
                "<": value < threshold,
                "<=": value <= threshold,
                ">": value > threshold,
                ">=": value >= threshold,
            }
            if not holds[comparison]:
                break
            true += 1
        if true and 100 * (true - 1) >= held_ms:
            return to
    return None


def driven(entry, *rows, ms=100, policy=None, outputs=3):
    """What one controller computes, decision by decision."""
    policy = policy or controller(entry, outputs)
    out = array("f", bytes(4 * (outputs + 1)))
    found = []
    for row in rows:
        policy.drive(array("f", row), out, 1000 * ms)
        found.append(out[outputs])
    return found


def controller(entry, outputs=3):
    entry = dict(entry, name="u")
    settings = {
        "policy": {"cadence_us": 1, "controllers": [entry]},
        "output": "value",
        "classes": [],
    }
    return policy_of(settings, outputs)


def test_a_pid_by_hand():
    entry = {"kind": "pid", "input": "y1", "setpoint": "y0", "kp": 2, "ki": 4, "kd": 0.5}
    rows = ((1.0, 0.0, 0), (1.0, 0.5, 0), (1.0, 0.5, 0))
    # The first time there is neither an integral nor a slope.
    assert close(driven(entry, *rows), [2.0, 1.0 + 0.2 - 2.5, 1.0 + 0.4])


def test_the_derivative_is_filtered_and_blind_to_the_setpoint():
    entry = {"kind": "pid", "input": "y1", "setpoint": "y0", "kd": 1, "derivative_tau_s": 0.1}
    found = driven(entry, (0, 0, 0), (5, 0, 0), (5, 1, 0), (5, 1, 0))
    # Backward Euler of 0.1 d' + d = fall.
    assert close(found, [0.0, 0.0, -5.0, -2.5])


def test_an_integral_does_not_wind_up():
    entry = {"kind": "pid", "input": "y0", "setpoint": 1, "ki": 1, "kp": 1, "limits": [0, 0.5]}
    policy = controller(entry)
    assert set(driven(entry, *[(0, 0, 0)] * 50, policy=policy)) == {0.5}
    # As soon as the error turns, the value comes down from its limit.
    assert driven(entry, (2.0, 0, 0), policy=policy)[0] == 0.0
    # Nor while the slew holds it back.
    entry = dict(entry, limits=[0, 100], slew_per_s=0.1, kp=0)
    policy = controller(entry)
    risen = driven(entry, *[(0, 0, 0)] * 50, policy=policy)
    assert close([risen[-1]], [0.49])
    assert driven(entry, (1.5, 0, 0), policy=policy)[0] < risen[-1]


def test_state_feedback_and_its_schedule():
    entry = {"kind": "state_feedback", "inputs": ["y0", "y1"], "gains": [2, -1], "offset": 0.5}
    assert close(driven(entry, (1.0, 0.5, 0)), [0.5 - 2.0 + 0.5])
    entry = dict(entry, setpoints=[1, "y2"])
    assert close(driven(entry, (1.0, 0.5, 0.5)), [0.5])
    del entry["gains"]
    entry["schedule"] = {"by": "y2", "at": [0, 1, 3], "gains": [[1, 0], [3, 0], [7, 0]]}
    rows = [(2.0, 0, by) for by in (-1, 0, 0.5, 1, 2, 3, 9)]
    assert close(driven(entry, *rows), [0.5 - gain for gain in (1, 1, 2, 3, 5, 7, 7)])


def test_scheduled_gains_of_a_pid_change_without_a_jump():
    schedule = {"by": "y2", "at": [0, 1], "ki": [1, 10]}
    entry = {"kind": "pid", "input": "y0", "setpoint": 1, "schedule": schedule}
    policy = controller(entry)
    before = driven(entry, *[(0, 0, 0)] * 6, policy=policy)[-1]
    assert close([before], [0.5])
    # At once nothing but the pace of the integral is another one.
    assert close(driven(entry, (0, 0, 1), (1, 0, 0), policy=policy), [1.5, 1.5])


def test_a_value_that_is_no_number_sets_a_controller_back():
    entry = {"kind": "pid", "input": "y0", "kp": 3e38, "ki": 3e38}
    policy = controller(entry)
    for value in driven(entry, (1e30, 0, 0), (-3e38, 0, 0), (3e38, 0, 0), policy=policy):
        assert value - value != 0.0
    policy.rest()
    assert driven(entry, (0, 0, 0), (0, 0, 0), policy=policy) == [0.0, 0.0]


def test_limits_slew_and_rest():
    entry = {"kind": "state_feedback", "inputs": ["y0"], "gains": [-1], "slew_per_s": 2}
    policy = controller(dict(entry, limits=[-1, 1]))
    # The first value is not held back: nothing is known of the one before.
    assert close(driven(entry, (9, 0, 0), (-9, 0, 0), (-9, 0, 0), policy=policy), [1, 0.8, 0.6])
    policy.rest()
    assert close(driven(entry, (-9, 0, 0), policy=policy), [-1])

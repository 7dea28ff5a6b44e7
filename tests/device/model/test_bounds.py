"""The `guards` of a model file, and what becomes of a model that breaks them."""

from array import array

from fake_board import Bench
from fixtures import ACTION_TOLERANCE, Scratch, built, close, load, model_bytes, raises, settings
from integer_files import made as integer_made

from rivulet.arrays import floats
from rivulet.control.guard import Guard
from rivulet.errors import ModelError

_NAN = float("nan")
_INFINITY = float("inf")
_VALUES = {"output": "value", "classes": []}


def guarded(model=None, **guards):
    """(guard, model)"""
    model = model or built(guards=guards, **_VALUES)
    guard = Guard()
    guard.install(model)
    return guard, model


def passed(guard, model, values, stale=None):
    """What may be acted on for outputs of these values; why there must be rest, else."""
    action = guard.look(model)
    guard.candidate[:] = array("f", values)
    return guard.outputs(model, action, stale) or list(guard.good)


def test_what_the_file_may_not_say():
    for guards, message in (
        ([], "guards must be an object"),
        ({"state": {"min": 0}}, "action of state is 'None'"),
        ({"sate": {}}, "no 'sate'"),
        ({"state": {"min": 0, "max": 0, "action": "hold"}}, "not below its max"),
        ({"state": {"action": "hold"}}, "neither min nor max"),
        ({"state": {"min": "low", "action": "hold"}}, "must be a number"),
        ({"state": {"min": True, "action": "hold"}}, "must be a number"),
        ({"state": {"min": 1 << 300, "action": "hold"}}, "must be a number"),
        ({"state": {"min": [], "action": "hold"}}, "0 numbers as min of state"),
        ({"outputs": {"min": [], "action": "hold"}}, "0 numbers as min of outputs"),
        ({"state": {"min": [0, 1], "action": "hold"}}, "2 numbers as min of state, which has 0"),
        ({"alpha": {"max": 9, "action": "clamp"}}, "action of alpha is 'clamp'"),
        ({"outputs": {"max": [1], "action": "clamp"}}, "1 numbers as max of outputs"),
        ({"channels": {"q": {"min": 0}}}, "no 'q'"),
        ({"channels": {"a": {}}}, "neither min nor max"),
        ({"stale": {"after_ms": 0}}, "whole number from 1"),
        ({"stale": {"after_ms": 10, "action": "clamp"}}, "not one of flag"),
        ({"stuck": {"after_ms": 0.5}}, "whole number"),
        ({"safe": {"name": "stop"}}, "needs its outputs"),
        ({"safe": {"name": "stop", "outputs": [0]}}, "1 safe outputs, the model has 2"),
        ({"safe": {"outputs": [0, 0]}}, "needs a name"),
    ):
        data = model_bytes(settings(guards=guards, **_VALUES))
        assert message in raises(ModelError, load, data), message
    data = model_bytes(settings(guards={"safe": {"name": "flying"}}))
    assert "one of the classes" in raises(ModelError, load, data)
    built(guards={"safe": {"name": "still"}})


def test_without_guards_numbers_pass_and_others_do_not():
    guard, model = guarded()
    assert passed(guard, model, [_NAN, 1.0]) == "guard", "nothing good yet"
    large = list(array("f", [1e30, -2.0]))
    assert passed(guard, model, large) == large
    for bad in (_NAN, _INFINITY, -_INFINITY):
        assert passed(guard, model, [0.0, bad]) == large
        assert "output 1 was" in guard.reason
    assert guard.trips == 4
    assert passed(guard, model, [3.0, 4.0]) == [3.0, 4.0] and guard.reason == ""


def test_what_becomes_of_outputs_out_of_bounds():
    for action, expected in (
        ("clamp", [-1.0, 2.0]),
        ("hold", [0.5, 0.25]),
        ("reset", [0.5, 0.25]),
        ("safe", "guard"),
    ):
        guard, model = guarded(
            outputs={"min": -1, "max": [5, 2], "action": action},
            safe={"name": "stop", "outputs": [0, 1]},
        )
        model.cell.state_floats[0] = 0.5
        assert passed(guard, model, [0.5, 0.25]) == [0.5, 0.25]
        assert passed(guard, model, [-3.0, 7.0]) == expected
        assert guard.trips == 1 and action in guard.reason
        assert (model.cell.state_floats[0] == 0.0) == (action == "reset")
        # What cannot be clamped is held, and what made it is gone.
        model.cell.state_floats[0] = 0.5
        assert passed(guard, model, [_NAN, 0.0]) == expected
        assert model.cell.state_floats[0] == 0.0


def test_old_outputs_are_no_better_within_bounds():
    for stale_action in ("flag", "hold", "safe"):
        for action in ("clamp", "hold", "reset", "safe"):
            guard, model = guarded(
                outputs={"max": 1, "action": action}, stale={"after_ms": 9, "action": stale_action}
            )
            assert passed(guard, model, [0.5, 0.25]) == [0.5, 0.25]
            if action == "safe":
                wanted = "guard"
            elif stale_action == "safe":
                wanted = "stale"
            else:
                held = stale_action == "hold" or action != "clamp"
                wanted = [0.5, 0.25] if held else [1.0, 0.0]
            assert passed(guard, model, [7.0, 0.0], "s is old") == wanted
            assert guard.trips == 1 and "output 0 was out of bounds" in guard.reason
            told = action != "safe" and stale_action != "flag"
            assert ("s is old: " + stale_action in guard.reason) == told


def test_a_state_or_a_rate_out_of_bounds():
    bound = {"min": -0.5, "max": 0.5}
    model = built(guards={"state": dict(bound, action="clamp")}, readout="state", **_VALUES)
    guard, model = guarded(model)
    model.cell.state_floats[2] = 0.75
    model.cell.state_floats[3] = -9.0
    clamped = passed(guard, model, [0.0, 0.0])
    assert list(model.cell.state_floats) == [0.0, 0.0, 0.5, -0.5]
    assert clamped == [0.0, 0.0]
    assert guard.trips == 1 and guard.reason == "a state was -9, out of bounds: clamp"
    passed(guard, model, [0.0, 0.0])
    assert guard.trips == 1
    guard, model = guarded(state=dict(bound, action="reset"))
    assert passed(guard, model, [1.0, 2.0]) == [1.0, 2.0]
    model.cell.state_floats[2] = 0.75
    assert passed(guard, model, [5.0, 5.0]) == [1.0, 2.0]
    assert list(model.cell.state_floats) == [0.0] * 4
    guard, model = guarded(alpha={"max": 3, "action": "hold"})
    assert passed(guard, model, [1.0, 2.0]) == [1.0, 2.0]
    model.cell.alpha_floats[1] = 3.5
    assert passed(guard, model, [5.0, 5.0]) == [1.0, 2.0]
    assert "a rate was 3.5" in guard.reason


def test_what_is_acted_on_is_what_a_clamped_state_says():
    with Scratch() as folder:
        guards = {"state": {"min": -0.5, "max": 0.5, "action": "clamp"}}
        made = Bench(folder, model_bytes(settings(guards=guards, readout="state", **_VALUES)))
        state = made.loop.model.cell.state_floats
        state[2], state[3] = 0.75, -9.0
        twin = built(readout="state", **_VALUES)
        twin.cell.state_floats[2], twin.cell.state_floats[3] = 0.5, -0.5
        twin.readout.feature_floats[:] = twin.cell.state_floats
        made.board.now += 100000
        made.turns()
        assert close(made.board.decisions[-1][2], list(floats(twin.outputs())), ACTION_TOLERANCE)


def test_an_integer_models_bounds_are_the_same():
    guards = {
        "state": {"max": 0.25, "action": "clamp"},
        "outputs": {"min": [-1, -2], "max": 1.5, "action": "clamp"},
    }
    guard, model = guarded(integer_made(guards=guards, **_VALUES))
    model.raw(1)[1] = 1 << 29
    assert passed(guard, model, [0.0, 0.0]) == [0.0, 0.0]
    assert model.raw(1)[1] == 1 << 28 and guard.trips == 1
    assert guard.reason == "a state was 0.5, out of bounds: clamp"
    assert passed(guard, model, [9.0, -9.0]) == [1.5, -2.0]


def test_a_swapped_model_holds_what_was_good_of_the_one_before():
    guard, model = guarded()
    assert passed(guard, model, [0.5, -0.25]) == [0.5, -0.25]
    other = integer_made(guards={"outputs": {"max": 0.375, "action": "hold"}}, **_VALUES)
    guard.install(other)
    assert passed(guard, other, [1000.0, 0.0]) == [0.375, -0.25], "held within the new bounds"
    # Outputs that mean something else are not held.
    guard.install(built())
    assert passed(guard, model, [_NAN, 0.0]) == "guard"


def test_the_loop_never_actuates_what_is_no_number():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(settings(**_VALUES)))
        real = made.loop.model.peek

        def spoiled(ahead_us):
            outputs = real(ahead_us)
            floats(outputs)[0] = _NAN
            return outputs

        made.loop.model.peek = made.loop.model.outputs = lambda ahead_us=1: spoiled(1)
        for _ in range(3):
            made.board.now += 100000
            made.turns()
        assert [rest[1:] for rest in made.board.rests[2:]] == [("guard", -1, [0.0, 0.0])] * 3
        assert made.board.decisions == []
        assert made.loop.guard.trips == 3 and made.loop.control.action.decision == -1
        _, lines = made.port.take()
        assert lines == [b"guard: output 0 was nan: reset"], "said once"
        del made.loop.model.peek, made.loop.model.outputs
        made.board.now += 100000
        made.turns(2)
        assert len(made.board.decisions[-1][2]) == 2
        assert made.port.take()[1] == [b"guard: the outputs are good again"]


def test_a_class_may_be_what_is_safe():
    with Scratch() as folder:
        guards = {
            "safe": {"name": "walking"},
            "outputs": {"max": -1000, "action": "safe"},
        }
        made = Bench(folder, model_bytes(settings(guards=guards)))
        made.board.now += 100000
        made.turns()
        assert (
            made.board.rests[-1][1:] == ("guard", 1, [0.0, 1.0])
            and made.loop.control.action.decision == 1
        )
        assert made.loop.control.action.name == "walking"

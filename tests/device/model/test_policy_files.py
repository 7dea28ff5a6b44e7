"""Policies of format rivulet-2, and channels that the firmware feeds: what a file may say."""

from fixtures import load, model_bytes, raises, settings, tensors

from rivulet.errors import ModelError
from rivulet.model import fed

_PID = {"name": "heat", "kind": "pid", "input": "y0", "setpoint": 0.5, "kp": 2}
_FEEDBACK = {"name": "force", "kind": "state_feedback", "inputs": ["y0", "y1"], "gains": [1, 2]}


def made(policy=None, **changes):
    changes.setdefault("format", "rivulet-2")
    policy = {"cadence_us": 20000} if policy is None else dict(policy, cadence_us=20000)
    return load(model_bytes(settings(policy=policy, **changes)))


def refused(words, policy=None, **changes):
    said = raises(ModelError, lambda: made(policy, **changes))
    assert words in said, said
    assert "\n" not in said and len(said) < 200


def values(words, policy, **changes):
    refused(words, policy, output="value", classes=[], **changes)


def states(*ways):
    return {"states": [{"name": "idle", "to": list(ways)}, {"name": "run"}]}


def test_what_is_good():
    made()
    made({"horizon_ms": 40.5})
    made({"classes": {"hysteresis": 0.1, "dwell_ms": 300, "confidence": 0.9}})
    made(states(["walking", ">", 0.5, 200, "run"]))
    made(states(["class", "==", "walking", 200, "run"], ["time", ">=", 2, 0, "run"]))
    scheduled = dict(_FEEDBACK, schedule={"by": "y1", "at": [0, 1], "gains": [[1, 2], [3, 4]]})
    del scheduled["gains"]
    for controllers in ([_PID], [_PID, _FEEDBACK], [scheduled]):
        made({"controllers": controllers}, output="value", classes=[])


def test_more_than_a_cadence_needs_the_second_format():
    for key, value in (("horizon_ms", 5), ("hysteresis", 1), ("classes", {})):
        refused("policy: '%s' needs the format rivulet-2" % key, {key: value}, format="rivulet-1")
    refused("policy has no 'hysteresis'", {"hysteresis": 1})


def test_classes():
    refused("needs a model that decides between classes", {"classes": {}}, output="value")
    for entry, words in (
        ({"lead": 1}, "has no 'lead'"),
        ({"hysteresis": -0.1}, "hysteresis must be a lead in probability"),
        ({"hysteresis": 1}, "hysteresis must be a lead in probability"),
        ({"dwell_ms": 1.5}, "dwell_ms"),
        ({"dwell_ms": -1}, "dwell_ms"),
        ({"confidence": 1.01}, "confidence must be a probability"),
        ({"confidence": 0.5}, "confidence 0.5 is always reached"),
        ({"confidence": 0.8, "hysteresis": 0.3}, "never gives a class up"),
        ([], "must be an object"),
    ):
        refused(words, {"classes": entry})


def test_states():
    for way, words in (
        (["y9", ">", 0, 0, "run"], "the model has no output 'y9'; it has y0 to y1"),
        (["y00", ">", 0, 0, "run"], "the model has no output 'y00'"),
        (["walking", ">", 1, 0, "run"], "'walking > 1' is out of reach: it is from 0 to 1"),
        (["walking", "<", 0, 0, "run"], "out of reach"),
        (["walking", ">=", 1.5, 0, "run"], "out of reach"),
        (["walking", "<=", -0.5, 0, "run"], "out of reach"),
        (["time", "<", 0, 0, "run"], "out of reach"),
        (["walking", "=", 0.5, 0, "run"], "'=' is none of"),
        (["class", ">", "walking", 0, "run"], "compared with == or !="),
        (["class", "==", "flying", 0, "run"], "'flying' is no class"),
        (["y0", ">", "1", 0, "run"], "a threshold"),
        (["y0", ">", 0, -1, "run"], "the milliseconds it has held"),
        (["y0", ">", 0, 0, "stop"], "leads to 'stop', which is no state"),
        (["y0", ">", 0, 0], "must be a list of 5"),
        ("y0 > 0", "must be a list of 5"),
        ([["y0"], ">", 0, 0, "run"], "must name a value"),
        (["y0", ">", 0, 0, {}], "which is no state"),
    ):
        refused(words, states(way))
    refused("state 'run' is never reached from 'idle'", states())
    refused("twice", {"states": [{"name": "a"}, {"name": "a"}]})
    refused("has a meaning already", {"states": [{"name": "walking"}]})
    refused("there must be 1 to 16", {"states": []})
    refused("policy: state 'a' has no 'from'", {"states": [{"name": "a", "from": 1}]})
    guards = {"outputs": {"min": -1, "max": [1, 2], "action": "clamp"}}
    made(states(["y1", ">", 1.5, 0, "run"]), guards=guards)
    refused("'y0 > 1.5' is out of reach", states(["y0", ">", 1.5, 0, "run"]), guards=guards)


def test_controllers():
    for changes, words in (
        ({"kind": "fuzzy"}, "its kind is 'fuzzy', not one of pid, state_feedback"),
        ({"gains": [1]}, "has no 'gains'"),
        ({"input": "y2"}, "the model has no output 'y2'"),
        ({"setpoint": "speed"}, "the model has no output 'speed'"),
        ({"kp": 0}, "it needs kp, ki or kd"),
        ({"limits": [1, 1]}, "the lowest of its limits"),
        ({"limits": [1]}, "must be a list of 2"),
        ({"slew_per_s": 0}, "slew_per_s"),
        ({"derivative_tau_s": -1}, "derivative_tau_s"),
        ({"name": "y1"}, "has a meaning already"),
        ({"schedule": {"by": "y1", "at": [0, 1]}}, "changes nothing"),
        ({"schedule": {"by": "y1", "at": [1, 0], "kp": [1, 2]}}, "at must rise"),
        ({"schedule": {"by": "y1", "at": [0, 1], "kp": [1]}}, "must be a list of 2"),
        ({"schedule": {"by": "t", "at": [0, 1], "kp": [1, 2]}}, "has no output 't'"),
    ):
        values(words, {"controllers": [dict(_PID, **changes)]})
    for changes, words in (
        ({"gains": [1]}, "must be a list of 2"),
        ({"inputs": []}, "inputs must be 1 to 16"),
        ({"setpoints": [1]}, "must be a list of 2"),
        (
            {"schedule": {"by": "y1", "at": [0, 1], "gains": [[1, 2], [1, 2]]}},
            "stand in its sched",
        ),
    ):
        values(words, {"controllers": [dict(_FEEDBACK, **changes)]})
    guards = {"outputs": {"min": -1, "max": 0, "action": "clamp"}}
    values("setpoint 0.5 is out of reach", {"controllers": [_PID]}, guards=guards)


def test_channels_that_the_firmware_feeds():
    fed_channels = ["a", "action.motor", "age.a"]
    good = {"channels": fed_channels, "convention": "current"}
    assert fed.names(made(**good).settings) == ["action.motor", "age.a"]
    refused("which needs the convention 'current'", channels=fed_channels)
    refused(
        "'fresh.b' needs the channel 'b'", channels=["a", "c", "fresh.b"], convention="current"
    )
    refused(
        "'age.age.a' needs the channel 'age.a' of a sensor",
        channels=["a", "age.a", "age.age.a"],
        convention="current",
    )
    refused(
        "no sensor feeds any",
        channels=["action.a", "action.b", "action.c"],
        convention="current",
    )
    # In the first format such a name is a sensor's, as it always was.
    old = load(model_bytes(settings(channels=fed_channels), tensors()))
    assert fed.names(old.settings) == []
    assert fed.parts("age.") is None and fed.parts("aged.a") is None

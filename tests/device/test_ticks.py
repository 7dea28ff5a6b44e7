"""Models that the firmware feeds: one move a tick, with actions, ages and fresh flags."""

import hashlib
import struct

from fake_board import Bench, Board, Sensor
from fixtures import Scratch, built, close, model_bytes, raises, settings, tensors
from integer_files import RawSensor, file_of
from integer_files import tensors as integer_tensors
from kernel_cases import integer_settings

from rivulet import protocol
from rivulet.arrays.fixed import to_integer
from rivulet.control.actuators import Actuator
from rivulet.errors import ModelError

_TICK_US = 20000
_CHANNELS = ["a", "action.motor", "age.a", "b", "fresh.b", "fresh.a"]
_NORMAL = {"offset": [0.0] * 6, "scale": [1.0] * 6}
_OWN = {
    "format": "rivulet-2",
    "convention": "current",
    "channels": _CHANNELS,
    "normalisation": _NORMAL,
    "output": "value",
    "classes": [],
    "policy": {"cadence_us": _TICK_US},
}
_TENSORS = tensors(4, 6, 2)


def data(**changes):
    return model_bytes(settings(**dict(_OWN, **changes)), _TENSORS)


def twin():
    return built(_TENSORS, **_OWN)


class Driver:
    def __init__(self):
        self.given = []

    def start(self):
        pass

    def write(self, value):
        self.given.append(value)


class Rig(Board):
    """Two sensors of one channel each, and a motor that the first output drives."""

    def __init__(self, sensors, name="motor", **wired):
        super().__init__(sensors)
        self.driver = Driver()
        self._wired = {"source": "y0", "limits": (-0.5, 0.5), "safe": 0.25}
        self._wired.update(wired)
        self._name = name

    def make_actuators(self):
        return [Actuator(self._name, lambda: self.driver, **self._wired)]


def bench(folder, model=None, sensors=None, **wired):
    sensors = sensors or [Sensor("s", ("a",)), Sensor("t", ("b",))]
    made = Bench(folder, data() if model is None else model, sensors, rig=Rig(sensors, **wired))
    return made


def at(made, ms, *readings):
    """Turn at a moment; readings: (source, value)."""
    made.board.now = 1000 * ms
    for source, value in readings:
        made.sensors[source].values = [value]
        made.board.event(source)
    made.turns()


def state(made):
    return list(made.loop.model.cell.state_floats)


def inputs(made):
    return list(made.loop.model.cell.input_floats)


def motor(made):
    (actuator,) = made.loop.control.facts()["actuators"]
    return actuator["value"]


def test_events_fill_the_inputs_and_a_tick_moves_the_model():
    with Scratch() as folder:
        made = bench(folder)
        like = twin()
        at(made, 5, (0, 0.5))
        at(made, 12, (1, -1.0))
        assert inputs(made) == [0.5, 0, 0, -1.0, 0, 0] and state(made) == [0.0] * 4
        at(made, 20)
        # The last tick was the loop's start. The motor stands at its safe value.
        like.event(20000, tuple(range(6)), (0.5, 0.25, 0.015, -1.0, 1.0, 1.0))
        assert close(state(made), like.cell.state_floats)
        told = motor(made)
        assert close([told], [min(max(like.outputs()[0], -0.5), 0.5)], 2e-5)
        at(made, 33, (0, 0.75))
        assert close(state(made), like.cell.state_floats)
        at(made, 41)  # a millisecond late
        like.event(21000, tuple(range(6)), (0.75, told, 0.008, -1.0, 0.0, 1.0))
        assert close(state(made), like.cell.state_floats)
        at(made, 60)
        like.event(19000, tuple(range(6)), (0.75, motor_before(made), 0.027, -1.0, 0.0, 0.0))
        assert close(state(made), like.cell.state_floats)


def motor_before(made):
    return made.loop.model.cell.input_floats[1]


def test_the_action_is_what_the_actuator_was_given():
    with Scratch() as folder:
        made = bench(folder, limits=(-9, 9), slew_per_s=0.5)
        at(made, 1, (0, 2.0))
        before = 0.25
        for ms in range(20, 400, 20):
            at(made, ms)
            assert close([inputs(made)[1]], [before])
            assert abs(motor(made) - before) <= 0.0101
            before = motor(made)
        assert before != 0.25


def test_ticks_before_the_first_event_move_nothing():
    with Scratch() as folder:
        made = bench(folder)
        for ms in range(1, 200):
            at(made, ms)
        assert state(made) == [0.0] * 4 and made.loop.progress.ticks == 180000
        at(made, 199, (0, 0.5))
        told = motor(made)  # the outputs of the beginning
        at(made, 200)
        like = twin()
        # A tick after the last one, however new the event is.
        like.event(20000, tuple(range(6)), (0.5, told, 0.001, 0.0, 0.0, 1.0))
        assert close(state(made), like.cell.state_floats)
        assert made.loop.progress.ticks == 200000


def test_the_cadence_does_not_drift_and_a_stall_leaves_ticks_out():
    with Scratch() as folder:
        made = bench(folder)
        at(made, 1, (0, 0.5))
        ticked = []
        for ms in range(2, 300, 7):
            before = made.loop.progress.ticks
            at(made, ms)
            if made.loop.progress.ticks != before:
                ticked.append(ms)
        # Each at the first turn after a multiple of 20 ms.
        assert ticked == [
            next(ms for ms in range(2, 300, 7) if ms >= due) for due in range(20, 290, 20)
        ]
        assert made.loop.lateness.worst == 6000
        at(made, 300)
        at(made, 375)
        assert made.loop.progress.ticks == 375000
        at(made, 379)
        assert made.loop.progress.ticks == 375000
        at(made, 380)
        assert made.loop.progress.ticks == 380000 and made.loop.lateness.worst == 55000


def test_a_reading_that_is_no_number_is_no_good_event():
    with Scratch() as folder:
        made = bench(folder)
        at(made, 5, (0, 0.5), (1, 0.0))
        at(made, 20)
        at(made, 25, (0, float("nan")))
        at(made, 40)
        assert close(inputs(made), [0.5, inputs(made)[1], 0.035, 0.0, 0.0, 0.0])


def test_silent_sensors_make_the_outputs_stale():
    with Scratch() as folder:
        made = bench(folder, data(guards={"stale": {"after_ms": 100, "action": "safe"}}))
        for ms in range(1, 60):
            at(made, ms, (0, 0.5), (1, 0.0))
        assert made.loop.health.stale is None and made.loop.health.unfed == []
        for ms in range(60, 300):
            at(made, ms, (1, 0.0))
        assert made.loop.health.stale is not None
        assert made.loop.control.action.resting == "stale" and motor(made) == 0.25
        # The model goes on, so that it knows how old what it holds is.
        assert inputs(made)[2] > 0.2


def test_a_rig_without_the_actuator_refuses_the_model():
    with Scratch() as folder:
        made = bench(folder, data(), name="fan")
        assert made.loop.model is None
        said = "stored model: it takes 'action.motor'; the actuators of this rig: fan"
        assert said in made.loop.boot_error
    with Scratch() as folder:
        made = bench(folder, model_bytes(), [Sensor("s", ("a", "b", "c"))])
        new = data()
        digest = hashlib.sha256(new).digest()
        made.ask(protocol.PUSH_BEGIN, struct.pack(protocol.PUSH_BEGIN_BODY, len(new), digest))
        for begin in range(0, len(new), 192):
            made.ask(protocol.PUSH_DATA, struct.pack("<I", begin) + new[begin : begin + 192])
        assert made.ask(protocol.PUSH_END)[0] == protocol.OK
        assert made.loop.model.channels == _CHANNELS
    with Scratch() as folder:
        made = bench(folder, data(), [Sensor("s", ("a",))])
        assert "the age of 'b', which no sensor of this rig feeds" in made.loop.boot_error


def test_the_same_model_goes_on_after_a_swap():
    with Scratch() as folder:
        made = bench(folder)
        at(made, 5, (0, 0.5), (1, 0.0))
        at(made, 20)
        at(made, 40)
        kept = state(made)
        new = data(provenance={"again": 1})
        digest = hashlib.sha256(new).digest()
        made.ask(protocol.PUSH_BEGIN, struct.pack(protocol.PUSH_BEGIN_BODY, len(new), digest))
        for begin in range(0, len(new), 192):
            made.ask(protocol.PUSH_DATA, struct.pack("<I", begin) + new[begin : begin + 192])
        assert "kept" in made.ask(protocol.PUSH_END)[2]
        assert state(made) == kept
        like = twin()
        assert like.adopt(made.loop.model)
        told = motor(made)
        at(made, 60)
        like.event(20000, tuple(range(6)), (0.5, told, 0.055, 0.0, 0.0, 0.0))
        assert close(state(made), like.cell.state_floats)


def test_an_integer_model_is_fed_alike():
    normal = {"offset": [0, 0.5, 0.02, 0, 0, 0], "scale": [1, 4, 50, 1, 1, 2]}
    own = dict(_OWN, units=["m"] * 6, normalisation=normal)
    model = file_of(integer_tensors(4, 6, 2), integer_settings(**own))

    class Raw(RawSensor):
        scales = (1 / 256,)

        def read_raw(self, out):
            out[0] = int(self.values[0] * 256)

    with Scratch() as folder:
        made = bench(folder, model, [Raw("s", ("a",)), Sensor("t", ("b",))])
        at(made, 5, (0, 0.5), (1, -1.0))
        assert made.loop.model.physical(1) == [0.0] * 4
        at(made, 20)
        like = built_integers(model)
        values = (0.5, 0.25, 0.015, -1.0, 1.0, 1.0)
        assert close(made.loop.model.physical(3), values, 1e-3)
        like.event(20000, like.slots(_CHANNELS), made.loop.model.physical(3))
        assert close(made.loop.model.physical(1), like.physical(1), 1e-3)
        # What is beyond the range of its normalisation stays at the end of it.
        at(made, 900)
        assert close([made.loop.model.physical(3)[2]], [0.02 + 8 / 50], 1e-3)


def built_integers(model):
    from fixtures import load

    return load(model)


def test_floats_as_integers():
    from array import array

    for value in (0.0, 1.0, -1.0, 0.5, 3.999, -127.25, 1e-40, 2.0**-20, 1e30, -1e30):
        for bits in (-4, 0, 3, 10, 24):
            wanted = value * 2.0**bits
            wanted = (
                int(abs(wanted) + 0.5) * (1 if wanted > 0 else -1) if abs(wanted) < 1e6 else 9e9
            )
            if abs(wanted) > 32767:
                wanted = 32767 if value > 0 else -32767
            assert to_integer(array("f", (value,)), bits) == wanted, (value, bits)


def test_outputs_are_peeked_ahead_by_the_horizon():
    with Scratch() as folder:
        model = model_bytes(
            settings(
                format="rivulet-2",
                output="value",
                classes=[],
                policy={"cadence_us": _TICK_US, "horizon_ms": 250},
            )
        )
        made = Bench(folder, model)
        made.sensors[0].values = [0.5, 1.0, -1.0]
        made.board.event(0)
        made.turns()
        made.board.now = 5000
        made.board.event(0)
        made.turns()
        like = built(output="value", classes=[])
        for dt_us in (0, 5000):
            like.event(dt_us, (0, 1, 2), (0.5, 1.0, -1.0))
        made.board.now = 20000
        made.turns()
        ((_, _, found),) = made.board.decisions
        assert close(found, list(like.peek(15000 + 250000)), 2e-5)
        assert not close(found, list(like.peek(15000)), 1e-3)


def test_what_a_rig_lacks_is_said_in_words():
    from rivulet.control.fed import FedInputs

    made = twin()
    said = raises(ModelError, FedInputs, made, [("action.x", "action", "x")], [], [], [])
    assert said == "it takes 'action.x'; the actuators of this rig: none"


def test_controllers_and_states_drive_actuators_and_a_rest_sets_them_back():
    policy = {
        "cadence_us": _TICK_US,
        "states": [
            {"name": "idle", "to": [["time", ">=", 0.06, 0, "go"]]},
            {"name": "go", "to": [["y0", "<", -1e9, 0, "idle"]]},
        ],
        "controllers": [
            {"name": "pull", "kind": "pid", "input": "y0", "setpoint": "y0", "kp": 1},
            {
                "name": "push",
                "kind": "state_feedback",
                "inputs": ["y1"],
                "gains": [0],
                "offset": 0.5,
            },
        ],
    }
    guards = {"stale": {"after_ms": 100, "action": "safe"}}
    with Scratch() as folder:
        made = bench(folder, data(policy=policy, guards=guards), source="push", limits=(-9, 9))
        states = []
        for ms in range(0, 120, 20):
            at(made, ms + 5, (0, 0.5), (1, 0.0))
            at(made, ms + 20)
            states.append(made.loop.control.action.name)
            assert motor(made) == 0.5
        assert states == ["idle", "idle", "go", "go", "go", "go"]
        assert made.loop.control.states == ("idle", "go")
        for ms in range(140, 400, 20):
            at(made, ms)
        assert (made.loop.control.action.decision, motor(made)) == (-1, 0.25)
        at(made, 405, (0, 0.5), (1, 0.0))
        at(made, 460)  # health looks twenty times a second
        assert made.loop.control.action.name == "idle" and motor(made) == 0.5

"""A motor at the end of everything: whatever happens to the model, it is within its limits, and
where nothing is acted on it is at its safe duty."""

import hashlib
import struct
import sys

from fake_board import Board, Port
from fixtures import Scratch, model_bytes, settings, tensors
from integer_files import RawSensor, file_of
from integer_files import tensors as integer_tensors
from kernel_cases import integer_settings

from rivulet import protocol
from rivulet.arrays import floats, np
from rivulet.control.action import Action
from rivulet.control.actuators import Actuator, Actuators
from rivulet.control.crossfade import STEPS
from rivulet.loop import Loop
from rivulet.store.uploads import Store

_LIMIT = 1.0
_SAFE = 0.25
_CADENCE_US = 100000
_ACTIONS = ("clamp", "hold", "reset", "safe")


def guards(action="clamp"):
    return {
        "outputs": {"min": -_LIMIT, "max": _LIMIT, "action": action},
        "safe": {"name": "stop", "outputs": [_SAFE, 0]},
        "stale": {"after_ms": 300, "action": "safe"},
    }


def in_floats(action="clamp", seed=1):
    made = settings(guards=guards(action), output="value", classes=[])
    return model_bytes(made, tensors(seed=seed))


def in_integers(action="clamp"):
    """Its outputs are within the limits, and some hundreds as raw numbers."""
    made = integer_settings(guards=guards(action), output="value", classes=[])
    arrays = integer_tensors()
    arrays["readout.multiplier"] = ("I32", (2,), [20000 | 7 << 16] * 2)
    return file_of(arrays, made)


class Both(RawSensor):
    """Gives counts to a model in integers and their values to one in floats."""

    def read(self, out):
        if self.broken:
            raise OSError(5)
        for i in range(3):
            out[i] = self.values[i] * self.scales[i]


class Motor(Board):
    """A board with one actuator, which gets the first output, and its driver. duties: (resting,
    duty) of all that it took; failing: how many of the next calls raise; `live`: what happens
    while the loop is idle."""

    def __init__(self):
        super().__init__([Both("s", ("a", "b", "c"))])
        self.port = Port()
        self.duties = []
        self.failing = 0
        self.live = None

    def actuators(self, actuators=None, ticks_ms=None, action=None):
        """The rig's; what they act on is noted with every duty."""
        self.action = action or Action()
        made = self.make_actuators() if actuators is None else actuators
        return Actuators(made, self.ticks_ms, self.action)

    def make_actuators(self):
        return [Actuator("motor", lambda: self, "y0", limits=(-_LIMIT, _LIMIT), safe=_SAFE)]

    def loop(self, folder):
        link = self.port.link()
        return Loop(self, self, link, Store(folder), actuators=self.actuators())

    def start(self):
        pass

    def write(self, value):
        if self.failing:
            self.failing -= 1
            raise IndexError("no such motor")
        self.duties.append((self.action.resting, value))

    def idle(self):
        if self.live is not None:
            self.live()

    def sample(self):
        """The sensor speaks, and means something else each time."""
        self.now += 20000
        phase = self.now // 20000 % 64
        self.sensors[0].values = [8 * phase - 256, 128 - 4 * phase, 4 * phase]
        self.event(0)

    def take(self):
        """What was told since the last call; all of it has to be harmless."""
        taken, self.duties = self.duties, []
        for resting, duty in taken:
            assert -_LIMIT <= duty <= _LIMIT, (resting, duty)
            assert not resting or duty == _SAFE, (resting, duty)
        return taken


class Machine:
    """A motor, its loop, and a host."""

    def __init__(self, folder, data):
        with open(folder + "/active.safetensors", "wb") as file:
            file.write(data)
        self.motor = Motor()
        self.loop = self.motor.loop(folder)

    def live(self, seconds, speaking=True):
        for _ in range(int(seconds * 50)):
            if speaking:
                self.motor.sample()
            else:
                self.motor.now += 20000
            self.loop.turn()

    def ask(self, kind, payload=b""):
        self.motor.port.incoming += protocol.frame(kind, 1, payload)
        for _ in range(20):
            self.loop.turn()
        frames = self.motor.port.take()[0]
        status = [body[2] for found, _, body in frames if found == protocol.REPLY]
        assert status == [protocol.OK], status

    def push(self, data):
        digest = hashlib.sha256(data).digest()
        self.ask(protocol.PUSH_BEGIN, struct.pack(protocol.PUSH_BEGIN_BODY, len(data), digest))
        for at in range(0, len(data), protocol.PUSH_CHUNK):
            piece = data[at : at + protocol.PUSH_CHUNK]
            self.ask(protocol.PUSH_DATA, struct.pack(protocol.PUSH_DATA_HEAD, at) + piece)
        self.ask(protocol.PUSH_END)
        self.ask(protocol.CONFIRM)


def acted(taken):
    """The duties of a motor that did not rest."""
    assert taken and not any(resting for resting, _ in taken), taken
    return [duty for _, duty in taken]


def rested(taken):
    """The one reason for which it did."""
    reasons = {resting for resting, _ in taken}
    assert len(reasons) == 1, taken
    return reasons.pop()


def test_a_push_from_floats_to_integers_and_back():
    with Scratch() as folder:
        machine = Machine(folder, in_floats())
        assert rested(machine.motor.take()) == "start"
        machine.live(2)
        last = acted(machine.motor.take())[-1]
        for data, integer in ((in_integers(), True), (in_floats(seed=2), False)):
            machine.push(data)
            assert machine.loop.model.integer == integer
            gap = abs(machine.loop.control.crossfade.difference[0])
            assert 0.01 < gap < 2 * _LIMIT
            # Nothing moves: what changes now is the swap's.
            seen = [last]
            for _ in range(STEPS + 2):
                machine.motor.now += _CADENCE_US
                machine.motor.event(0)
                machine.loop.turn()
                seen += acted(machine.motor.take())
            model = machine.loop.model
            assert abs(seen[-1] - model.physical(2)[0]) < 0.02
            # The new model answers its inputs meanwhile, slowly.
            assert abs(seen[1] - seen[0]) <= gap / STEPS + 0.1, seen
            machine.live(2)
            last = acted(machine.motor.take())[-1]
            assert max(abs(last - value) for value in seen) < 2 * _LIMIT


def test_a_stale_sensor_rests_the_motor_and_its_next_word_starts_it():
    for data in (in_floats(), in_integers()):
        with Scratch() as folder:
            machine = Machine(folder, data)
            machine.live(1)
            machine.motor.take()
            machine.live(0.3, speaking=False)
            machine.motor.take()
            machine.live(1, speaking=False)
            assert rested(machine.motor.take()) == "stale"
            machine.live(0.3)
            machine.motor.take()
            machine.live(1)
            acted(machine.motor.take())


def test_a_sensor_that_never_started_and_a_channel_without_one():
    for data in (in_floats(), in_integers()):
        for channels, broken in ((("a", "b", "c"), True), (("a", "b", "x"), False)):
            with Scratch() as folder:
                with open(folder + "/active.safetensors", "wb") as file:
                    file.write(data)
                motor = Motor()
                motor.sensors = [Both("s", channels)]
                motor.sensors[0].broken = broken
                loop = motor.loop(folder)
                for _ in range(50):
                    motor.now += 20000
                    if not broken:
                        motor.sample()
                    loop.turn()
                taken = motor.take()
                assert rested(taken[:2]) == "start" and rested(taken[2:]) == "stale"


def test_a_guard_lets_nothing_beyond_the_limits_through():
    for number in (0, 1):
        for action in _ACTIONS:
            with Scratch() as folder:
                machine = Machine(folder, (in_floats, in_integers)[number](action))
                machine.live(1)
                good = acted(machine.motor.take()[2:])[-1]
                model = machine.loop.model
                far = np.array([1000.0, 0.0])
                if model.integer:

                    def foresee(ahead_us, values):
                        values[0], values[1] = 1000.0, 0.0

                    model.foresee = foresee
                model.peek = lambda ahead_us, far=far: far
                model.outputs = lambda far=far: far
                machine.live(1)
                taken = machine.motor.take()
                if action == "safe":
                    assert rested(taken) == "guard"
                else:
                    wanted = _LIMIT if action == "clamp" else good
                    assert acted(taken) == [wanted] * len(taken)
                if not model.integer:
                    floats(far)[0] = float("nan")
                    machine.live(1)
                    taken = machine.motor.take()
                    assert action != "safe" or rested(taken) == "guard"


def test_actuators_that_fail_rest_and_the_loop_goes_on():
    with Scratch() as folder:
        machine = Machine(folder, in_floats())
        machine.live(1)
        machine.motor.take()
        for failing, wanted in ((1, "fault"), (2, None)):
            machine.motor.port.take()
            errors = machine.loop.control.errors
            machine.motor.failing = failing
            machine.live(0.1)
            taken = machine.motor.take()
            assert (rested(taken) if taken else None) == wanted
            assert machine.loop.control.errors - errors == failing
            machine.live(1)
            acted(machine.motor.take())
            *told, again = machine.motor.port.take()[1]
            assert again == b"actuators: they answer again"
            # Once, and with the place.
            assert len(told) == (wanted is not None)
            for line in told:
                assert (
                    line.startswith(b"fault: actuator motor: ") and b"test_motor.py, line" in line
                )
                assert line.endswith(b": IndexError: no such motor")


class App:
    """firmware/app.py around a motor, as on a board that has just started."""

    # What it takes from the modules of a board.
    _NAMES = ("app", "board", "micropython", "rig")

    def __init__(self, motor, folder):
        self.errors = []
        self.stdin = self.stdout = self
        self.buffer = None
        self._kept = {name: sys.modules[name] for name in self._NAMES if name in sys.modules}
        sys.modules.pop("app", None)
        sys.modules["board"] = sys.modules["rig"] = motor
        sys.modules.setdefault("micropython", self)
        import app

        app.sys = self
        app.Link = lambda stdin, stdout: motor.port.link()
        app.Store = lambda trial_s, trust: Store(folder, trial_s, trust)
        app.SnapshotFile = lambda cause: None
        app.Actuators = motor.actuators
        self.run = app.run
        for name in self._NAMES:
            sys.modules.pop(name, None)
        sys.modules.update(self._kept)

    def kbd_intr(self, character):
        pass

    def print_exception(self, error):
        self.errors.append(str(error))


def test_however_the_program_ends_the_motor_rests():
    def crash(motor):
        raise ValueError("a bug")

    def interrupt(motor):
        raise KeyboardInterrupt

    def release(motor):
        motor.port.incoming += protocol.frame(protocol.RELEASE, 1)

    for data in (in_floats(), in_integers()):
        for end, why, again in (
            (release, "released", False),
            (crash, "fault", True),
            (interrupt, "released", False),
        ):
            for failing in range(3):
                with Scratch() as folder:
                    with open(folder + "/active.safetensors", "wb") as file:
                        file.write(data)
                    motor = Motor()
                    app = App(motor, folder)

                    def live(motor=motor, end=end, failing=failing):
                        if motor.now < 1000000:
                            motor.sample()
                            return
                        motor.live = lambda: None
                        motor.failing = failing
                        end(motor)

                    motor.live = live
                    assert app.run(False) == again
                    taken = motor.take()
                    assert len(taken) > 5 and taken[0][0] == "start"
                    last = ([why] if not failing else ["fault"])[: 2 - failing]
                    assert [resting for resting, _ in taken if resting] == ["start"] * 2 + last
                    assert app.errors == ["no such motor"] * failing + ["a bug"] * again


def test_a_crash_before_there_is_a_loop_rests():
    with Scratch() as folder:
        motor = Motor()

        def no_sensors():
            raise ValueError("a bug")

        motor.make_sensors = no_sensors
        app = App(motor, folder)
        assert app.run(False) and app.errors == ["a bug"]
        assert motor.take() == [("start", _SAFE), ("fault", _SAFE)]

"""Steady decisions against the loop's full definition of a decision, on random streams.

Two boards get the same stream. One decides steadily where it can, the other always in full.
"""

import hashlib

from fake_board import Bench, Board, Sensor
from fixtures import Numbers, Scratch, model_bytes, settings
from integer_files import file_of, tensors
from kernel_cases import integer_settings

from rivulet import event_path, loop
from rivulet.control.actuators import Actuator
from rivulet.sensing.triggers import failed
from rivulet.store import trial

_STEPS = 800
_PERIOD = 1 << 30
_USUAL = {"cadence_us": 20000}
_POLICY = {
    "cadence_us": 30000,
    "horizon_ms": 15,
    "classes": {"hysteresis": 0.1, "confidence": 0.7, "dwell_ms": 50},
    "controllers": [
        {"name": "heat", "kind": "pid", "input": "y0", "setpoint": 0.5, "kp": 1.0, "ki": 2.0}
    ],
}
_FED = {
    "format": "rivulet-2",
    "policy": _USUAL,
    "convention": "current",
    "channels": ["a", "b", "c", "age.a", "action.lamp"],
    "units": ["m"] * 5,
    "normalisation": {"offset": [0.0] * 5, "scale": [1.0] * 5},
}
_GUARDS = {
    "outputs": {"min": -0.5, "max": 0.5, "action": "clamp"},
    "stale": {"after_ms": 200, "action": "safe"},
}
_MODELS = (
    lambda: file_of(tensors(), integer_settings(policy=_USUAL)),
    lambda: file_of(tensors(seed=3), integer_settings(convention="current", policy=_USUAL)),
    lambda: file_of(tensors(seed=4), integer_settings(format="rivulet-2", policy=_POLICY)),
    lambda: file_of(tensors(seed=5), integer_settings(guards=_GUARDS, policy=_USUAL)),
    lambda: file_of(tensors(5, 5, 2, seed=5), integer_settings(**_FED)),
    lambda: model_bytes(settings(policy=_USUAL)),
)


class Counter(Sensor):
    """A sensor that gives integers, is watched, and fails as its script says."""

    scales = (1 / 256, 1 / 256)
    interval_us = 15000
    stuck_after_ms = 300
    limits = (-3.0, 3.0)
    failure = None

    def read_raw(self, out):
        self.read(out)

    def read(self, out):
        if self.failure is not None:
            raise self.failure
        for i in range(len(self.values)):
            out[i] = self.values[i]


class Driver:
    """An actuator's driver that notes what it gets."""

    def __init__(self, given, name):
        self._given = given
        self._name = name
        self.broken = False

    def start(self):
        self.write(None)

    def write(self, value):
        if self.broken:
            raise ValueError("jammed")
        self._given.append((self._name, value))


class Rig(Board):
    """Two sensors; a lamp that classes drive, a motor on an output, and a heater."""

    def __init__(self, sensors):
        super().__init__(sensors)
        self.given = []
        names = ("lamp", "motor", "heater")
        self.drivers = [Driver(self.given, name) for name in names]

    def make_actuators(self):
        lamp, motor, heater = self.drivers
        return [
            Actuator("lamp", lambda: lamp, table={"normal": 0.0, "worn": 0.5}, safe=0.25),
            Actuator("motor", lambda: motor, "y0", None, (-0.5, 0.5), 2.0),
            Actuator("heater", lambda: heater, "heat", None, (0.0, 1.0)),
        ]


class Never:
    """An element that stays 0."""

    def __getitem__(self, at):
        return 0

    def __setitem__(self, at, value):
        pass


class Ticks:
    """Stands in for ticks_us and ticks_ms: the time of the board whose turn it is."""

    board = None

    def us(self):
        return self.board.now & (_PERIOD - 1) if self.board else 0

    def ms(self):
        return self.board.now // 1000 & (_PERIOD - 1) if self.board else 0


class Side:
    """One of the two boards."""

    def __init__(self, folder, full):
        sensors = [Counter("left", ("c", "a")), Counter("right", ("b",))]
        self.rig = rig = Rig(sensors)
        self.made = made = Bench(folder, _MODELS[0](), sensors, now=_PERIOD - 4000000, rig=rig)
        if full:
            made.loop.control.steady = Never()
        made.store.trial_s = 0.4
        self.decided = 0
        decide = made.loop._decide_in_full

        def counting(late_us):
            self.decided += 1
            return decide(late_us)

        made.loop._decide_in_full = counting

    def turn(self, us=0):
        self.made.board.now += us
        self.made.turns()

    def read(self, us, source, values):
        sensor = self.made.sensors[source]
        sensor.values = values[: len(sensor.channels)]
        self.made.board.now += us
        self.made.board.event(source)
        self.made.turns()

    def swap(self, data, tried):
        store = self.made.store
        store.begin(len(data), hashlib.sha256(data).digest())
        for at in range(0, len(data), 512):
            store.write(at, data[at : at + 512])
        self.made.loop.swap(store.finish())
        if not tried:
            store.trial = None

    def spoil(self, value):
        """Let the model answer what no integer model does."""
        model = self.made.loop.model
        if model.integer:

            def foresee(ahead_us, values):
                values[0] = value

            known, model.foresee = model.foresee, foresee
            self.turn(100000)
            model.foresee = known

    def seen(self):
        """All that decisions leave behind."""
        made, running = self.made, self.made.loop
        control, guard, recent = running.control, running.guard, running.recent
        action = control.action
        given = list(self.rig.given)
        del self.rig.given[:]
        written, made.port.outgoing = made.port.outgoing, b""
        return (
            written,
            given,
            list(running.progress.words)
            + list(running._cadence.due)
            + [running._cadence.waited_us],
            list(running.lateness.counts) + list(running.lateness.marks),
            list(recent._rows) + list(recent._waits) + list(recent.filled),
            [guard.reason, guard.trips, guard.resets, guard._any_good, list(guard.good)],
            [action.decision, action.name, action.resting, list(action.values)],
            [control.facts(), control.errors, control._failing, control.fresh],
            control.crossfade and control.crossfade.left(),
            [running.health.stale, running.health.at_fault] + list(running.health.told),
            [running.faults.count, running.faults.last, running.swaps],
            [list(running.model.physical(number)) for number in range(4)],
        )


class Stream:
    """Random things that happen to a board; each is a function of a Side."""

    def __init__(self, seed):
        self._numbers = Numbers(seed)

    def happening(self):
        below = self._numbers.below
        number = below(1000)
        source = below(2)
        us = below(30000)
        if number < 750:
            values = [below(1200) - 600, below(1200) - 600]
            return lambda side: side.read(us, source, values)
        if number < 850:
            return lambda side: side.turn(us)
        if number < 855:
            return self._across_a_wrap
        if number < 870:
            # Longer than a sensor may be silent; across a wrap of the counter; more than a period.
            far_us = (250000, _PERIOD // 2, 3 * _PERIOD)[below(3)]
            return lambda side: side.turn(far_us)
        if number < 900:
            return lambda side: side.read(us, source, [900, 0])  # beyond the limits
        if number < 920:
            return self._failing(source, (OSError(5), ValueError("bad echo"))[below(2)])
        if number < 940:
            return self._jammed(below(3))
        if number < 950:
            return self._interrupt
        if number < 960:
            value = (float("nan"), float("inf"))[below(2)]
            return lambda side: side.spoil(value)
        if number < 970:
            return lambda side: side.made.loop.control.follow(lambda: None)
        if number < 980:
            return lambda side: side.made.loop.control.reset()
        model, tried = _MODELS[below(len(_MODELS))], below(2) == 0
        return lambda side: side.swap(model(), tried)

    def _across_a_wrap(self, side):
        side.turn(-(side.made.board.now + 50000) % _PERIOD)
        for source in (0, 1):
            side.read(1000, source, [100, 100 * source])
        # Some decisions without an event.
        for _ in range(6):
            side.turn(20000)

    def _failing(self, source, error):
        def fail(side):
            side.made.sensors[source].failure = error
            side.read(1000, source, [0, 0])
            side.turn(100000)
            side.made.sensors[source].failure = None

        return fail

    def _jammed(self, number):
        def jam(side):
            side.rig.drivers[number].broken = True
            side.turn(100000)
            side.turn(100000)
            side.rig.drivers[number].broken = False

        return jam

    def _interrupt(self, side):
        failed[0] = IndexError("in an interrupt")
        side.turn(100000)


def both(seed):
    """Drive both boards; returns them: the one that decides steadily, and the other."""
    ticks = Ticks()
    real = loop.ticks_us, trial.ticks_ms
    loop.ticks_us = event_path.ticks_us = ticks.us
    trial.ticks_ms = ticks.ms
    try:
        with Scratch() as one, Scratch() as other:
            sides = [Side(one, False), Side(other, True)]
            stream = Stream(seed)
            for side in sides:
                # Before any event.
                ticks.board = side.made.board
                for _ in range(4):
                    side.turn(20000)
            for step in range(_STEPS):
                happen = stream.happening()
                seen = []
                for side in sides:
                    ticks.board = side.made.board
                    happen(side)
                    seen.append(side.seen())
                for i in range(len(seen[0])):
                    assert repr(seen[0][i]) == repr(seen[1][i]), (step, i, seen[0][i], seen[1][i])
            return sides
    finally:
        loop.ticks_us, trial.ticks_ms = real
        event_path.ticks_us = loop.ticks_us


def test_a_steady_decision_leaves_what_a_full_one_leaves():
    for seed in (1, 2, 3):
        quick, full = both(seed)
        running = quick.made.loop
        # Each rare thing has come, and a good part of the decisions were steady ones.
        assert running.guard.trips and running.control.errors and running.faults.count
        assert running.swaps and sum(running.guard.bus_errors)
        assert full.decided - quick.decided > full.decided / 8, (full.decided, quick.decided)

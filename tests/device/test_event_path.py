"""The path of ordinary events against the loop's own definition of an event, on random streams.

Two boards get the same stream. One takes ordinary events by its path, the other has none.
"""

import hashlib
import struct

from fake_board import Bench, Loaded, Sensor
from fixtures import Numbers, Scratch, model_bytes, settings
from integer_files import file_of, tensors
from kernel_cases import integer_settings

from rivulet import event_path, latency, loop, protocol
from rivulet.sensing import clock, ring

_STEPS = 600
_WRAP = 0x3FFFFFFF
_PERIOD = 1 << 30
_LOST = 20  # of ring.py
_EXACT = 5  # of what a board leaves, the first are integers and bytes
_FED = {
    "format": "rivulet-2",
    "convention": "current",
    "channels": ["a", "b", "c", "age.a", "fresh.b"],
    "units": ["m"] * 5,
    "normalisation": {"offset": [0.0] * 5, "scale": [1.0] * 5},
}
_MODELS = (
    lambda: file_of(),
    lambda: file_of(tensors(seed=3), integer_settings(convention="current")),
    lambda: file_of(tensors(5, 5, 2, seed=5), integer_settings(**_FED)),
    lambda: model_bytes(settings()),
)


class Probe(Sensor):
    """A sensor whose reading takes time, fails and is interrupted as its board's script says."""

    failure = None
    slow_us = 0
    beside = None

    def read(self, out):
        board = self.board
        board.now += self.slow_us
        if self.beside is not None:
            source, self.beside = self.beside, None
            board.event(source)
        if self.failure is not None:
            raise self.failure
        for i in range(len(self.values)):
            out[i] = self.values[i]


class Counter(Probe):
    """The same, which gives integers too."""

    scales = (1 / 256, 1 / 256)

    def read_raw(self, out):
        Probe.read(self, out)


class Side:
    """One of the two boards. kinds: of its two sensors."""

    def __init__(self, folder, kinds, data):
        sensors = [kinds[0]("left", ("c", "a")), kinds[1]("right", ("b",))]
        self.made = made = Bench(folder, data, sensors, now=_PERIOD - 200000)
        for sensor in sensors:
            sensor.board = made.board
            sensor.values = [0, 0][: len(sensor.channels)]
        self.frames = []
        self.plain = self.collected = 0
        self.memory_errors = 0
        events = made.loop._take_events

        def counting(number):
            before = made.loop.progress.events
            events(number)
            self.collected += made.loop._collecting[0] is not None
            self.plain += made.loop.progress.events - before

        made.loop._take_events = counting

    def turn(self):
        try:
            self.made.turns()
        except MemoryError:
            self.memory_errors += 1
        self.frames.append(self.made.port.outgoing)
        self.made.port.outgoing = b""

    def lose(self, turns):
        """Let the ring not know yet what it has dropped, and let every bucket be full."""
        self.made.loop.ring.words[_LOST] = 1
        counts = self.made.loop.latency.counts
        for i in range(len(counts)):
            counts[i] = 0xFFFF
        if turns:
            self.turn()

    def swap(self, data):
        store = self.made.store
        store.begin(len(data), hashlib.sha256(data).digest())
        for at in range(0, len(data), 512):
            store.write(at, data[at : at + 512])
        self.made.loop.swap(store.finish())

    def seen(self):
        """All that events leave behind."""
        made = self.made
        running, model = made.loop, made.loop.model
        frames, self.frames = self.frames, []
        return (
            frames,
            list(running.progress.words),
            list(running.clock.now) + list(running.clock.stamp) + list(running.clock.marks),
            list(running.ring.words),
            list(running.latency.counts) + list(running.latency.marks),
            [list(health.seen) + [health.trouble] for health in running.health.by_source],
            [list(values) for values in running.inputs.held],
            list(running.guard.bus_errors) + list(running.guard.bad_values),
            [running.faults.count, running.faults.last, self.memory_errors],
            [list(model.physical(number)) for number in range(4)] + [list(model.snapshot()[2])],
            made.board.decisions[-3:] + made.board.rests[-3:],
        )


class Ticks:
    """Stands in for ticks_us: the time of the board whose turn it is."""

    board = None

    def __call__(self):
        return self.board.now & _WRAP if self.board else 0


class Stream:
    """Random things that happen to a board; each is a function of a Side."""

    def __init__(self, seed):
        self._numbers = Numbers(seed)

    def happening(self):
        below = self._numbers.below
        number = below(100)
        source = below(2)
        if number < 50:
            return self._event(source, below(30000), 0)
        if number < 60:
            return self._burst(1 + below(7))
        if number < 63:
            return self._burst(9 + below(100))
        if number < 68:
            return self._event(source, below(3000), below(200000))
        if number < 70:
            return self._event(source, (1, 3, _PERIOD, 5 * _PERIOD)[below(4)] * 3600000, 0)
        if number < 78:
            return self._failing(source, below(4), below(5))
        if number < 84:
            return self._slow(source, below(5000) * (1, 1, 3000)[below(3)], below(2))
        if number < 88:
            return self._bad(source)
        if number < 90:
            return lambda side: side.turn()
        if number < 91:
            turns = below(2)
            return lambda side: side.lose(turns)
        if number < 92:
            return self._slept(below(100000))
        if number < 94:
            body = struct.pack(protocol.COLLECT_BODY, (0, 300)[below(2)])
            return lambda side: side.made.ask(protocol.COLLECT, body)
        if number < 96:
            body = struct.pack(protocol.CONFIGURE_BODY, 15, 20.0, 20000)
            return lambda side: side.made.ask(protocol.CONFIGURE, body)
        model = _MODELS[below(len(_MODELS))]
        return lambda side: side.swap(model())

    def _values(self):
        return [self._numbers.below(2000) - 1000, self._numbers.below(2000) - 1000]

    def _event(self, source, dt_us, late_us):
        values = self._values()

        def happen(side):
            board = side.made.board
            board.now += dt_us
            side.made.sensors[source].values = values[: 2 - source]
            board.event(source, at=max(board.now - late_us, 0))
            side.turn()

        return happen

    def _burst(self, count, first=()):
        """Events that come together; first: the sources of the first ones."""
        sources = list(first) + [self._numbers.below(2) for _ in range(count)]
        moves = [(source, self._numbers.below(300)) for source in sources]

        def happen(side):
            for source, dt_us in moves:
                side.made.board.now += dt_us
                side.made.board.event(source)
            side.turn()

        return happen

    def _failing(self, source, kind, before):
        """Events of which those of one sensor fail, then a turn in which it is well again."""
        happen = self._burst(4, [1 - source] * before + [source])

        def fail(side):
            sensor = side.made.sensors[source]
            sensor.failure = (OSError(5), ValueError("bad echo"), MemoryError(), OSError(19))[kind]
            happen(side)
            sensor.failure = None
            side.turn()

        return fail

    def _slow(self, source, slow_us, beside):
        """A reading in whose midst another interrupt comes."""
        happen = self._event(source, 100, 0)

        def slow(side):
            sensor = side.made.sensors[source]
            sensor.slow_us = slow_us
            sensor.beside = beside
            happen(side)
            sensor.slow_us = 0

        return slow

    def _slept(self, slept_us):
        """A light sleep that the fine counter did not count, as Clock notes it."""

        def wake(side):
            marks = side.made.loop.clock.marks
            marks[1] = (marks[1] + slept_us) & _WRAP

        return wake

    def _bad(self, source):
        def bad(side):
            sensor = side.made.sensors[source]
            if not hasattr(sensor, "read_raw"):
                sensor.values = [float("nan")] * (2 - source)
            side.made.board.event(source)
            side.turn()

        return bad


def both(seed, kinds, data, steps=_STEPS):
    """Drive both boards; returns them, with a path and without."""
    ticks = Ticks()
    real = loop.ticks_us
    loop.ticks_us = event_path.ticks_us = ticks
    try:
        with Loaded(), Scratch() as one, Scratch() as other:
            sides = [Side(folder, kinds, data) for folder in (one, other)]
            plain = sides[1].made.loop
            plain._path, plain._ordinary = None, lambda model: None
            stream = Stream(seed)
            for step in range(steps):
                happen = stream.happening()
                seen = []
                for side in sides:
                    ticks.board = side.made.board
                    happen(side)
                    seen.append(side.seen())
                assert seen[0][:_EXACT] == seen[1][:_EXACT], (step, seen)
                assert repr(seen[0][_EXACT:]) == repr(seen[1][_EXACT:]), (step, seen)
            return sides
    finally:
        loop.ticks_us = event_path.ticks_us = real


def _agree(seed, kinds):
    path, plain = both(seed, kinds, _MODELS[0]())
    running = path.made.loop
    assert running.progress.events > _STEPS / 2
    # Each rare thing has come, and other events have gone by the path.
    assert running.progress.late and sum(running.guard.bus_errors)
    assert sum(running.ring.coalesced) and sum(running.ring.dropped)
    assert running.faults.count and path.memory_errors and running.swaps
    assert path.collected and running.telemetry.sent
    assert kinds[0] is kinds[1] or sum(running.guard.bad_values)
    assert plain.plain - path.plain > _STEPS / 10


def test_two_counters():
    _agree(1, (Counter, Counter))


def test_a_counter_first():
    _agree(2, (Counter, Probe))


def test_a_counter_last():
    _agree(3, (Probe, Counter))


def test_a_fault_of_the_step_is_not_the_sensors():
    with Scratch() as folder:
        made = Bench(folder, _MODELS[0](), [Counter("left", ("c", "a"))])
        made.sensors[0].board = made.board
        made.sensors[0].values = [100, -200]
        made.board.event(0)
        made.turns()

        def step(words, weights, dt_us, input_map):
            raise OSError(5)

        parts = made.loop._path._parts
        model = made.loop.model
        made.loop._path._parts = tuple(
            [step if part is model.stepper[0] else part for part in parts]
        )
        made.board.event(0)
        try:
            made.turns()
        except OSError:
            pass
        else:
            raise AssertionError("it was taken for a bus error")
        assert not sum(made.loop.guard.bus_errors)


def test_the_path_knows_the_layouts_of_the_parts():
    if not hasattr(ring, "_TAIL"):
        return  # MicroPython puts these constants into the code
    for module, names in (
        (ring, ("HEAD", "TAIL", "MASK", "BACKLOG", "LOST", "PASSED", "FOUND", "SLOTS", "WRAP")),
        (clock, ("EPOCH", "TICKS", "ADDED", "HALF")),
        (latency, ("BUCKETS", "LAST", "WORST")),
        (loop, ("EVENTS", "STARTED", "EPOCH", "TICKS", "WRAP")),
    ):
        for name in names:
            assert getattr(event_path, "_" + name) == getattr(module, "_" + name), name
    assert ring._LOST == _LOST
    assert loop._FOUND_TICKS == 0 and loop._FOUND_SOURCE == event_path._SOURCE
    assert event_path._EVENTS_PER_TURN == loop._EVENTS_PER_TURN

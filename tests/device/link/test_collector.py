"""Events for a host: their values and times, and what happens where the port takes too little."""

import gc
import struct
import sys
from array import array

from fake_board import Bench, Port, Sensor
from fixtures import Scratch, SkipTest, model_bytes
from integer_files import file_of
from keyed_folder import provision

from rivulet import protocol
from rivulet.arrays import floats, np
from rivulet.link.collector import Collector

_HEAD = struct.calcsize(protocol.EVENTS_HEAD)
_EVENT = struct.calcsize(protocol.EVENT_HEAD)
_PATIENCE_US = 50000


class Counts:
    """A ring and a guard that have counted nothing."""

    dropped = coalesced = array("I", (0,) * 8)
    bus_errors = [0, 0]


def events_of(body, widths):
    """((first, unsent, passed over, failed), events) of a frame; an event is (time in us, sensor,
    whether its values are counts, values)."""
    count, *counters = struct.unpack_from(protocol.EVENTS_HEAD, body, 0)
    at = _HEAD
    found = []
    for _ in range(count):
        ticks, source = struct.unpack_from(protocol.EVENT_HEAD, body, at)
        epoch, source = source >> 8, source & 0xFF
        counted, sensor = bool(source & protocol.INTEGERS), source & ~protocol.INTEGERS
        width = widths[sensor]
        form = "<%d%s" % (width, "i" if counted else "f")
        values = struct.unpack_from(form, body, at + _EVENT)
        found.append((epoch << 30 | ticks, sensor, counted, values))
        at += _EVENT + 4 * width
    assert at == len(body)
    return tuple(counters), found


def collected(port, widths):
    """(counters of the last frame, events of all) that a port was given."""
    counters, found = None, []
    for kind, _, body in port.take()[0]:
        if kind == protocol.EVENTS:
            counters, events = events_of(body, widths)
            found += events
    return counters, found


def values_of(*numbers):
    return floats(np.array(numbers))


class Made:
    """A collector of two sensors, of three values and of one."""

    widths = (3, 1)

    def __init__(self, lease_ms=60000):
        self.port = Port()
        self.link = self.port.link()
        self.collector = Collector(self.link, self.widths, Counts, Counts)
        self.collector.renew(lease_ms)

    def event(self, at, source=0, *numbers):
        self.collector.take(source, values_of(*(numbers or (1.0, 2.0, 3.0))), False)
        self.collector.stamp((at >> 30, at & 0x3FFFFFFF))

    def turn(self, elapsed_us=1000):
        goes_on = self.collector.turn(elapsed_us)
        self.link.flush()
        return goes_on

    def collected(self):
        return collected(self.port, self.widths)


def test_values_and_times_arrive_in_order():
    made = Made()
    late = (7 << 30) + 12345
    made.event(10, 0, 0.5, -1.25, 1e-3)
    made.event(20, 1, 1e30)
    made.event(late, 0, float("inf"), 0.0, -0.0)
    for _ in range(60):
        assert made.turn()
    counters, events = made.collected()
    assert counters == (0, 0, 0, 0)
    assert [event[:3] for event in events] == [(10, 0, False), (20, 1, False), (late, 0, False)]
    exact = [struct.unpack("<3f", struct.pack("<3f", 0.5, -1.25, 1e-3)), (float("inf"), 0.0, -0.0)]
    assert [events[0][3], events[2][3]] == exact
    assert events[1][3] == struct.unpack("<f", struct.pack("<f", 1e30))


def test_what_is_no_number_arrives_as_such():
    made = Made()
    made.event(10, 1, float("nan"))
    made.turn(_PATIENCE_US)
    (_, events) = made.collected()
    assert events[0][3][0] != events[0][3][0]


def test_counts_arrive_as_counts():
    made = Made()
    made.collector.take(0, array("i", (1, -2, 2147483647)), True)
    made.collector.stamp((0, 5))
    made.turn(_PATIENCE_US)
    assert made.collected()[1] == [(5, 0, True, (1, -2, 2147483647))]


def test_an_event_waits_a_moment_for_others_and_no_longer():
    made = Made()
    made.turn(_PATIENCE_US)
    made.event(1)
    made.turn(0)
    assert len(made.collected()[1]) == 1, "the port has been idle long enough"
    made.event(2)
    made.turn(_PATIENCE_US - 1)
    assert not made.collected()[1]
    made.turn(1)
    assert len(made.collected()[1]) == 1


def test_a_turn_sends_one_batch_at_most():
    made = Made()
    for number in range(60):
        made.event(number)
    most = 0
    for _ in range(30):
        made.turn()
        frames = [frame for frame in made.port.take()[0] if frame[0] == protocol.EVENTS]
        most = max(most, len(frames))
    assert most == 1


def test_a_full_port_costs_events_that_are_counted():
    made = Made()
    made.port.room = 0
    for number in range(1000):
        made.event(number)
        made.turn()
    made.port.room = 1 << 20
    for _ in range(80):
        made.turn()
    (first, unsent, _, _), events = made.collected()
    assert unsent > 800 and unsent + len(events) == 1000
    assert [event[0] for event in events] == list(range(len(events))), "the oldest are kept"
    # The gap shows in the numbers of the batches to come.
    made.event(5000)
    made.turn(_PATIENCE_US)
    (first, unsent, _, _), events = made.collected()
    assert first == 1000 and events[0][0] == 5000


def test_the_lease_ends():
    made = Made(1000)
    assert made.turn(999999)
    made.collector.renew(1000)
    assert made.turn(999999) and not made.turn(1)


def test_at_its_end_all_goes_out_and_nothing_is_added():
    made = Made()
    for number in range(30):
        made.event(number)
    made.collector.renew(0)
    made.event(99)
    assert made.collector.count == 30
    turns = 0
    while made.turn():
        turns += 1
        assert turns < 20
    made.link.drain()
    assert [event[0] for event in made.collected()[1]] == list(range(30))


def test_a_port_that_takes_nothing_does_not_keep_the_memory():
    made = Made()
    made.port.room = 0
    for number in range(30):
        made.event(number)
        made.turn()
    made.collector.renew(0)
    assert made.turn(999999) and not made.turn(1)


def test_a_wide_sensor_has_its_room():
    port = Port()
    link = port.link()
    collector = Collector(link, (100,), Counts, Counts)
    collector.renew(60000)
    for at in range(3):
        collector.take(0, values_of(*range(100)), False)
        collector.stamp((0, at))
    for _ in range(40):
        collector.turn(_PATIENCE_US)
        link.flush()
    events = collected(port, (100,))[1]
    assert [event[0] for event in events] == [0, 1, 2]
    assert events[2][3] == tuple(range(100))


def lease(milliseconds):
    return struct.pack(protocol.COLLECT_BODY, milliseconds)


def two_sensors():
    return [Sensor("s", ("a", "b", "c")), Sensor("t", ("d",))]


def play(made, count):
    """Events of both sensors by turns; what they are to come out as."""
    expected = []
    for number in range(count):
        source = number % 2
        made.board.now += 3001
        made.sensors[source].values = [number + 0.5] * len(made.sensors[source].channels)
        made.board.event(source)
        made.turns()
        expected.append((made.board.now, source, False, tuple(made.sensors[source].values)))
    return expected


def ended(made):
    """(value of the reply, counters, events) of a collection that is ended."""
    made.port.incoming += protocol.frame(protocol.COLLECT, 7, lease(0))
    made.turns(80)
    value, counters, found = None, None, []
    for kind, _, body in made.port.take()[0]:
        if kind == protocol.EVENTS:
            counters, events = events_of(body, (3, 1))
            found += events
        elif kind == protocol.REPLY:
            _, of, status, value = struct.unpack_from(protocol.REPLY_HEAD, body, 0)
            assert (of, status) == (protocol.COLLECT, protocol.OK)
    return value, counters, found


def test_the_loop_collects_with_and_without_a_model():
    for data in (None, model_bytes()):
        with Scratch() as folder:
            made = Bench(folder, data, two_sensors(), now=(1 << 30) - 5000)
            assert made.ask(protocol.COLLECT, lease(60000)) == (protocol.OK, 0, "")
            expected = play(made, 6)  # the time wraps in between
            value, counters, events = ended(made)
            assert (value, counters[1:]) == (6, (0, 0, 0))
            assert events == expected
            assert made.loop._collecting == [None], "the memory is not given back"
            if sys.implementation.name != "cpython":
                assert "rivulet.link.collector" not in sys.modules, "nor is that of the code"
            assert made.ask(protocol.COLLECT, lease(0)) == (protocol.OK, 6, ""), "asked again"
            play(made, 4)
            made.turns(80)
            assert not collected(made.port, (3, 1))[1]
            # The next one begins anew.
            assert made.ask(protocol.COLLECT, lease(60000)) == (protocol.OK, 0, "")


def test_a_reading_that_is_no_number_is_collected_as_it_was():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.ask(protocol.COLLECT, lease(60000))
        made.board.now += 1000
        made.sensors[0].values = [1.0, float("nan"), 3.0]
        made.board.event(0)
        made.turns()
        _, _, events = ended(made)
        values = events[0][3]
        assert values[0] == 1.0 and values[1] != values[1] and values[2] == 3.0
        assert made.loop.guard.bad_values[0] == 1


def test_readings_that_fail_and_events_that_were_passed_over_are_told():
    with Scratch() as folder:
        made = Bench(folder, None, two_sensors())
        made.ask(protocol.COLLECT, lease(60000))
        made.sensors[0].broken = True
        made.board.event(0)
        made.turns()
        for _ in range(200):
            made.board.now += 10
            made.board.event(1)
        made.turns(40)
        value, counters, events = ended(made)
        _, unsent, passed_over, failed = counters
        assert failed == 1 and passed_over > 100 and not unsent
        assert value == len(events) == 200 - passed_over


def test_a_keyed_board_lets_it_be_read_unless_reading_is_closed():
    for text, status in (("{}", protocol.OK), ('{"closed": true}', protocol.LOCKED)):
        with Scratch() as folder:
            made = Bench(folder, access=provision(folder, text=text))
            assert made.ask(protocol.COLLECT, lease(1000))[0] == status


def test_a_lease_of_another_length_is_refused():
    with Scratch() as folder:
        made = Bench(folder)
        for payload in (b"", b"\1", b"\1\0\0"):
            assert made.ask(protocol.COLLECT, payload)[0] == protocol.REFUSED
        assert made.loop._collecting == [None]


class Wire:
    def write(self, data, begin, count):
        return count


def test_a_collected_event_allocates_nothing():
    if not hasattr(gc, "mem_alloc"):
        raise SkipTest("this interpreter does not count its heap")
    with Scratch() as folder:
        made = Bench(folder, file_of())
        board, loop = made.board, made.loop
        if loop.model.kernel == "python":
            raise SkipTest("the plain kernel makes lists")
        counts = loop.sensors[0]
        counts.read_raw, counts.scales = lambda out: None, [1.0, 1.0, 1.0]
        loop._inputs = loop.inputs.use(loop.inputs.connect(loop.model, False), loop.model)
        made.ask(protocol.COLLECT, lease(65000))
        # What port and board allocate is not the loop's.
        board.actuate = lambda action: None
        made.link._writer = Wire()
        nobody, somebody = (), (1,)
        made.link._look = lambda timeout_ms: nobody
        made.link._look_out = lambda timeout_ms: somebody

        def run(count):
            now = board.now
            for _ in range(count):
                now = (now + 1700) & 0x3FFFFFFF
                board.now = now
                loop.ring.push(now, 0)
                loop.turn()

        run(200)
        gc.collect()
        gc.disable()
        try:
            before = gc.mem_alloc()
            run(5000)
            allocated = gc.mem_alloc() - before
        finally:
            gc.enable()
        collector = loop._collecting[0]
        assert collector.count == 5200
        assert allocated == 0, allocated

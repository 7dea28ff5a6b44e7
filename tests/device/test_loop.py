"""The whole loop on a board that does what it is told."""

import hashlib
import struct

from fake_board import Bench, Sensor
from fixtures import ACTION_TOLERANCE, Scratch, built, close, model_bytes, settings, tensors

from rivulet import protocol
from rivulet.sensing.clock import PERIOD

_NAN = float("nan")


def two_sensors():
    return [Sensor("left", ("c", "a")), Sensor("right", ("b",))]


def event(made, dt_us=0, source=0, values=None):
    """Time passes, a sensor has a value, its interrupt comes, the loop turns."""
    made.board.now += dt_us
    if values is not None:
        made.sensors[source].values = values
    made.board.event(source)
    made.turns()


def inputs(made):
    return list(made.loop.model.cell.input_floats)


def state(made):
    return list(made.loop.model.cell.state_floats)


def test_events_reach_the_model_with_their_true_intervals():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), now=PERIOD - 100000)
        twin = built()
        for dt_us, values in (
            (5000000, [0.5, 1.0, -1.0]),
            (60000, [1.0, 0.5, 0.25]),
            (90000, [-1.0, 0.5, 0.25]),  # the counter wraps
            (1, [0.0, 0.0, 0.125]),
            (3 * 3600 * 1000000, [0.25, 0.0, 0.5]),  # a quiet night
        ):
            event(made, dt_us, 0, values)
            twin.event(0 if dt_us == 5000000 else dt_us, (0, 1, 2), values)
            assert close(state(made), twin.cell.state_floats)
        assert made.loop.progress.events == 5 and made.loop.progress.late == 0


def test_the_time_of_an_event_is_its_interrupts():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        event(made)
        made.board.event(0, at=40000)
        made.board.now = 90000  # the loop was busy
        made.turns()
        twin = built()
        twin.event(0, (0, 1, 2), (0.0, 0.0, 0.0))
        twin.event(40000, (), ())
        assert close(state(made), twin.cell.state_floats)
        assert (made.loop.progress.epoch, made.loop.progress.ticks) == (0, 40000)


def test_the_first_event_has_no_interval():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        event(made, 7000000, 0, [1.0, 1.0, 1.0])
        assert state(made) == [0.0] * 4
        assert inputs(made) == [1.0, 1.0, 1.0]
        assert made.loop.progress.ticks == 7000000


def test_two_sensors_fill_their_own_channels_at_the_same_time():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two_sensors())
        made.sensors[0].values = [3.0, 1.0]
        made.sensors[1].values = [2.0]
        made.board.event(0, at=1000)
        made.board.event(1, at=1000)
        made.board.now = 1200
        made.turns()
        assert inputs(made) == [1.0, 2.0, 3.0]
        assert state(made) == [0.0] * 4
        event(made, 50000, 1, [9.0])
        assert inputs(made) == [1.0, 9.0, 3.0]
        assert any(state(made)) and made.loop.progress.late == 0 and made.loop.progress.events == 3


def test_a_late_event_is_counted_and_applied_at_the_states_time():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two_sensors())
        event(made)
        event(made, 100000, 0, [3.0, 1.0])
        before = state(made)
        made.sensors[1].values = [2.0]
        made.board.event(1, at=60000)
        made.turns()
        assert made.loop.progress.late == 1 and made.loop.progress.events == 3
        assert state(made) == before
        assert inputs(made) == [1.0, 2.0, 3.0]
        # The state's time is still that of the newest event.
        assert made.loop.progress.ticks == 100000
        event(made, 50000, 0)
        assert made.loop.progress.ticks == 150000 and made.loop.progress.late == 1


def test_a_bus_error_is_counted_and_the_next_interval_covers_it():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        event(made, 0, 0, [0.5, 1.0, -1.0])
        made.sensors[0].broken = True
        event(made, 30000)
        assert list(made.loop.guard.bus_errors[:2]) == [1, 0]
        assert made.loop.progress.events == 1 and inputs(made) == [0.5, 1.0, -1.0]
        made.sensors[0].broken = False
        event(made, 30000)
        twin = built()
        for dt_us in (0, 60000):
            twin.event(dt_us, (0, 1, 2), (0.5, 1.0, -1.0))
        assert close(state(made), twin.cell.state_floats)
        assert made.ask(protocol.HELLO)[0] == protocol.OK


def test_bad_values_are_held_and_counted():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two_sensors())
        event(made, 0, 0, [3.0, 1.0])
        event(made, 10000, 0, [_NAN, 2.0])
        event(made, 10000, 1, [float("inf")])
        assert inputs(made)[0] == 2.0 and inputs(made)[2] == 3.0
        assert list(made.loop.guard.bad_values[:2]) == [1, 1]
        assert all(x - x == 0.0 for x in state(made))


def test_a_bad_first_value_is_the_mean_and_a_later_one_what_was_read():
    data = [
        model_bytes(settings(normalisation={"offset": offset, "scale": [1.0] * 3}))
        for offset in ([1.0, 2.0, 3.0], [0.0, 0.5, 0.0])
    ]
    with Scratch() as folder:
        made = Bench(folder, data[0], two_sensors())
        event(made, 0, 1, [_NAN])
        assert inputs(made)[1] == 2.0
        event(made, 10000, 1, [5.0])
        assert inputs(made)[1] == 5.0
        made.store.begin(len(data[1]), hashlib.sha256(data[1]).digest())
        made.store.write(0, data[1])
        assert made.loop.swap(made.store.finish())
        event(made, 10000, 1, [_NAN])
        assert inputs(made)[1] == 5.0


def test_a_state_that_is_no_number_is_reset_and_said():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        event(made)
        made.loop.model.cell.state_floats[2] = _NAN
        event(made, 10000)
        assert made.loop.guard.resets == 1 and state(made) == [0.0] * 4
        made.link.drain()
        assert made.port.take()[1] == [b"state was not finite and has been reset"]


def test_a_full_ring_keeps_what_is_current_and_all_are_counted():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two_sensors())
        for i in range(100):
            made.board.event(1 if i == 90 else 0, at=i)
        made.turns(1)
        # 37 were overwritten; of the others one is passed over until eight are left.
        loop = made.loop
        assert list(loop.ring.dropped[:2]) == [37, 0]
        assert sum(loop.ring.coalesced) + loop.progress.events + len(loop.ring) == 63
        made.turns(60)
        assert list(loop.ring.coalesced[:2]) == [54, 0]
        assert loop.progress.events == 9 and loop.progress.ticks == 99 and loop.progress.late == 0


def test_latency_stays_bounded_when_events_outrun_the_loop():
    """Twice as many events as the loop can take, for long: none waits for more than a few."""
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two_sensors())
        loop = made.loop
        stamp = 0
        for turn in range(200):
            for _ in range(8):
                stamp += 100
                made.board.event(1 if stamp % 1700 == 0 else 0, at=stamp)
            made.board.now = stamp
            made.turns()
            if turn > 4:
                # Eight may wait, and one of each sensor.
                assert stamp - loop.progress.ticks <= 100 * (8 + 2 + 4)
        made.turns(10)
        pushed = 1600
        assert loop.progress.events + sum(loop.ring.coalesced) == pushed
        assert sum(loop.ring.dropped) == loop.progress.late == 0


def test_a_swap_under_overload_loses_no_count():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        data = model_bytes(arrays=tensors(seed=5))
        made.store.begin(len(data), hashlib.sha256(data).digest())
        made.store.write(0, data)
        for i in range(200):
            made.board.event(0, at=10 * i)
            if i % 8 == 7:
                made.turns()
            if i == 100:
                assert made.loop.swap(made.store.finish())
        made.turns(20)
        loop = made.loop
        assert loop.progress.events + sum(loop.ring.coalesced) + sum(loop.ring.dropped) == 200
        assert (
            loop.progress.ticks == 1990
            and loop.swaps == 1
            and all(x - x == 0.0 for x in state(made))
        )


def test_time_begins_with_the_first_event():
    """Also when the sensor's interrupt came before the loop was ready."""
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), now=1000000)
        for at in (400000, 440000):
            made.board.event(0, at=at)
        made.sensors[0].values = [0.5, 1.0, -1.0]
        made.turns()
        twin = built()
        twin.event(0, (0, 1, 2), (0.5, 1.0, -1.0))
        twin.event(40000, (0, 1, 2), (0.5, 1.0, -1.0))
        assert made.loop.progress.late == 0 and made.loop.progress.ticks == 440000
        assert close(state(made), twin.cell.state_floats)


def test_the_host_is_heard_under_any_load():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        for number in range(5):
            made.port.incoming += protocol.frame(protocol.HELLO, number)
            turns = 0
            while not made.port.take()[0]:
                for _ in range(8):
                    made.board.event(0)
                made.turns()
                turns += 1
            assert turns <= 4


def test_a_turn_is_bounded():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        for i in range(8):  # as many as wait without being coalesced
            made.board.event(0, at=i)
        for turn in range(1, 3):
            made.turns()
            assert made.loop.progress.events == 4 * turn
        assert made.board.idled == 0
        made.turns()
        assert made.board.idled == 1


def test_decisions_come_at_their_own_cadence_from_the_present():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), now=PERIOD - 1000000)
        event(made, 0, 0, [0.5, 1.0, -1.0])
        event(made, 20000, 0, [1.0, -1.0, 0.5])
        began = made.board.now - 20000
        twin = built()
        twin.event(0, (0, 1, 2), (0.5, 1.0, -1.0))
        twin.event(20000, (0, 1, 2), (1.0, -1.0, 0.5))
        before = state(made)
        for _ in range(2000):
            made.board.now += 1000
            made.turns()
        times = [now for now, _, _ in made.board.decisions]
        assert times == [began + 100000 * i for i in range(1, 21)]
        for now, decision, outputs in made.board.decisions:
            expected = list(twin.peek(now - began - 20000))
            assert close(outputs, expected, ACTION_TOLERANCE)
            assert decision == expected.index(max(expected))
        assert made.loop.control.action.decision == made.board.decisions[-1][1]
        assert state(made) == before, "deciding moves nothing"


def test_a_slow_turn_decides_once():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        made.board.now += 10 * 100000  # a slow turn
        made.turns(3)
        assert len(made.board.decisions) == 1
        _, _, outputs = made.board.decisions[0]
        assert close(outputs, list(built().outputs()), ACTION_TOLERANCE)


def test_a_swap_happens_between_events_and_time_goes_on():
    new = model_bytes(settings(integrator="euler"), tensors(seed=2))
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        event(made, 0, 0, [0.5, 1.0, -1.0])
        event(made, 40000)
        kept = state(made)
        digest = hashlib.sha256(new).digest()
        made.ask(protocol.PUSH_BEGIN, struct.pack(protocol.PUSH_BEGIN_BODY, len(new), digest))
        for at in range(0, len(new), 192):
            # Events go on while pieces arrive, and the old model takes them.
            made.ask(protocol.PUSH_DATA, struct.pack("<I", at) + new[at : at + 192])
        assert made.loop.model.settings["integrator"] == "exponential"
        made.board.event(0, at=90000)
        made.board.now = 90000
        made.port.incoming += protocol.frame(protocol.PUSH_END, 1)
        made.turns(3)
        # The request, loading and taking over have a turn each, with events in between.
        assert made.loop.swaps == 0 and made.loop.model.settings["integrator"] == "exponential"
        made.turns(1)
        old = built()
        for dt_us in (0, 40000, 50000):
            old.event(dt_us, (0, 1, 2), (0.5, 1.0, -1.0))
        assert made.loop.model.settings["integrator"] == "euler"
        assert close(state(made), old.cell.state_floats) and state(made) != kept
        assert (made.loop.swaps, made.loop.progress.events, made.loop.progress.ticks) == (
            1,
            3,
            90000,
        )
        event(made, 50000)
        twin = built(tensors(seed=2), integrator="euler")
        assert twin.adopt(old)
        twin.event(50000, (0, 1, 2), (0.5, 1.0, -1.0))
        assert close(state(made), twin.cell.state_floats)


def test_the_watchdog_is_fed_by_turns_that_were_completed_alone():
    with Scratch() as folder:
        made = Bench(folder, model_bytes())
        loop = made.loop
        fed = []
        real = loop.turn

        def turn():
            real()
            if loop.progress.turns == 3:
                raise MemoryError
            if loop.progress.turns == 5:
                loop._commands.released = True

        loop.turn = turn
        loop.run(lambda: fed.append(loop.progress.turns))
        assert fed == [1, 2, 4, 5] and loop.memory_errors == 1

"""Sensors that fall silent, repeat themselves, say what cannot be, or do not answer."""

import struct

from fake_board import Bench, Sensor
from fixtures import Scratch, model_bytes, settings
from integer_files import RawSensor, file_of
from kernel_cases import integer_settings

from rivulet import protocol


class Known(Sensor):
    """A sensor whose driver says what it must keep to."""

    interval_us = 20000
    limits = (-8.0, 8.0)
    stuck_after_ms = 400


def bench(folder, sensors=None, **guards):
    sensors = sensors or [Known("s", ("a", "b", "c"))]
    return Bench(folder, model_bytes(settings(guards=guards)), sensors)


def live(made, ms, source=0, moving=True, interval_ms=20):
    """The sensor samples for so long."""
    for _ in range(ms // interval_ms):
        made.board.now += 1000 * interval_ms
        if moving:
            # Seven values: a look at every fifth sample sees another each time.
            made.sensors[source].values[0] = made.board.now // 20000 % 7 / 8
        made.board.event(source)
        made.turns()


def pass_time(made, ms):
    for _ in range(ms // 20):
        made.board.now += 20000
        made.turns()


def said(made, source=0):
    return made.loop.health.by_source[source].said()


def test_a_sensor_that_works_is_in_no_trouble():
    with Scratch() as folder:
        made = bench(folder)
        live(made, 2000)
        assert said(made) == [] and made.loop.health.stale is None
        assert made.loop.health.by_source[0].age_ms <= 20


def test_missing_after_ten_samples_and_back_with_the_next():
    with Scratch() as folder:
        made = bench(folder)
        live(made, 200)
        pass_time(made, 180)
        assert said(made) == []
        pass_time(made, 200)
        assert said(made) == ["missing"] and made.loop.health.stale == "s says nothing new"
        assert made.loop.health.by_source[0].age_ms > 200
        live(made, 100)
        assert said(made) == [] and made.loop.health.stale is None


def test_a_sensor_that_never_spoke_is_missing():
    with Scratch() as folder:
        made = bench(folder)
        pass_time(made, 400)
        assert said(made) == ["missing"]


def test_the_models_limit_goes_before_the_drivers():
    with Scratch() as folder:
        made = bench(folder, stale={"after_ms": 5000})
        live(made, 100)
        pass_time(made, 4000)
        assert said(made) == []
        pass_time(made, 2000)
        assert said(made) == ["missing"]


def test_what_nobody_knows_is_not_looked_at():
    with Scratch() as folder:
        made = bench(folder, [Sensor("s", ("a", "b", "c"))])
        made.sensors[0].values = [1e9, 1e9, 1e9]
        live(made, 1000, moving=False)
        pass_time(made, 20000)
        assert said(made) == []


def test_stuck_is_all_channels_for_long_enough():
    with Scratch() as folder:
        made = bench(folder)
        live(made, 200)
        live(made, 300, moving=False)
        assert said(made) == []
        live(made, 300, moving=False)
        assert said(made) == ["stuck"] and made.loop.health.stale is not None
        # Silence is no sign of life.
        pass_time(made, 100)
        assert said(made) == ["stuck"]
        live(made, 100)  # one channel moves, two do not
        assert said(made) == [] and made.loop.health.stale is None


def test_out_of_range_by_the_driver_and_by_the_model():
    with Scratch() as folder:
        made = bench(folder, channels={"b": {"min": -1, "max": 2}})
        live(made, 100)
        for values, expected in (
            ([0.5, 2.0, 8.0], []),
            ([0.5, 2.5, 8.0], ["out of range"]),
            ([0.5, -1.0, -8.0], []),
            ([0.5, 0.0, 8.5], ["out of range"]),
        ):
            made.sensors[0].values = values
            live(made, 100)
            assert said(made) == expected, values
        # It is said, and no more: the model runs on.
        assert made.loop.health.stale is None


def test_counts_keep_to_limits_in_units():
    class Counting(RawSensor):
        limits = (-30000 / 256, 30000 / 256)

    with Scratch() as folder:
        guards = {"channels": {"a": {"max": 2.0}, "b": {"min": -1}}}
        data = file_of(metadata=integer_settings(guards=guards))
        made = Bench(folder, data, [Counting("s", ("a", "b", "c"))])
        made.sensors[0].values = [0, 0, 0]
        unit = Counting.scales[0]
        for channel, count, expected in (
            (0, int(2.0 / unit), []),
            (0, int(2.0 / unit) + 1, ["out of range"]),
            (0, -30000, []),
            (0, -30001, ["out of range"]),
            (1, -int(1.0 / Counting.scales[1]) - 1, ["out of range"]),
            (1, 30000, []),
            (2, 30001, ["out of range"]),
        ):
            made.sensors[0].values = [0, 0, 0]
            made.sensors[0].values[channel] = count
            live(made, 100, moving=False)
            assert said(made) == expected, (channel, count)


def test_a_limit_beyond_all_counts_is_none():
    far = 3e38

    class Fine(RawSensor):
        scales = (0.001,) * 3

    with Scratch() as folder:
        guards = {"channels": {"b": {"min": -far, "max": far}}}
        data = file_of(metadata=integer_settings(guards=guards))
        made = Bench(folder, data, [Fine("s", ("a", "b", "c"))])
        made.sensors[0].values = [0, 32767, 0]
        live(made, 200, moving=False)
        assert made.loop.boot_error == "" and said(made) == []


def test_bus_errors_until_a_reading_succeeds():
    with Scratch() as folder:
        made = bench(folder)
        live(made, 100)
        made.sensors[0].broken = True
        live(made, 100)
        assert said(made) == ["bus errors"]
        live(made, 300)
        assert said(made) == ["missing", "bus errors"], "events came, readings did not"
        made.sensors[0].broken = False
        # The first reading repeats the last one, of long ago: that is not being stuck.
        live(made, 100, moving=False)
        assert said(made) == []


def test_values_that_are_no_numbers_do_not_count_as_readings():
    with Scratch() as folder:
        made = bench(folder)
        live(made, 100)
        made.sensors[0].values[1] = float("nan")
        live(made, 400)
        assert said(made) == ["missing"]


def test_a_sensor_that_the_model_does_not_take_makes_nothing_stale():
    with Scratch() as folder:
        sensors = [Known("taken", ("a", "b", "c")), Known("other", ("x", "y", "z"))]
        made = bench(folder, sensors)
        live(made, 400)
        assert said(made, 1) == ["missing"] and made.loop.health.stale is None


def test_stale_outputs_may_be_held_or_made_safe():
    for action in ("flag", "hold", "safe"):
        with Scratch() as folder:
            made = bench(
                folder, stale={"after_ms": 300, "action": action}, safe={"name": "walking"}
            )
            live(made, 200)
            pass_time(made, 1000)
            before, outputs = made.board.decisions[-2][2], made.board.decisions[-1][2]
            if action == "flag":
                assert outputs != before and made.loop.guard.reason == ""
            else:
                if action == "hold":
                    assert outputs == before
                else:
                    assert made.board.rests[-1] == (made.board.now, "stale", 1, [0.0, 1.0])
                assert made.loop.guard.reason == "s says nothing new: " + action
            # A sensor is no fault of the model.
            assert made.loop.guard.trips == 0
            live(made, 200)
            assert made.loop.guard.reason == ""


def test_a_record_tells_ages_and_troubles():
    with Scratch() as folder:
        made = bench(folder, [Known("one", ("a", "b")), Known("two", ("c",))])
        live(made, 300)
        made.port.take()
        made.loop.telemetry.configure(0, 10.0, 1000)
        made.loop.telemetry.report()
        made.link.drain()
        payload = made.port.take()[0][0][2]
        head = struct.calcsize(protocol.TELEMETRY_HEAD)
        assert payload[head - 1] == protocol.OUTPUTS_STALE
        assert struct.unpack("<IB", payload[head : head + 5])[1] == 0
        age_ms, troubles = struct.unpack("<IB", payload[head + 5 :])
        assert 280 <= age_ms <= 300 and protocol.TROUBLES[0] == "missing" and troubles == 1

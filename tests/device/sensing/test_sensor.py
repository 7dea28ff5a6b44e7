"""A rig's sensor: its driver, its channels, its units."""

from array import array

from fixtures import raises

from rivulet.sensing.sensor import Sensor


class Driver:
    """Three channels in floats: 1, 2, 3 times `value`."""

    interval_us = 5000

    def __init__(self):
        self.value = 1
        self.absent = False
        self.stopped = 0

    def start(self, handler):
        if self.absent:
            raise OSError(19)
        self.handler = handler

    def read(self, out):
        for i in range(3):
            out[i] = (i + 1.0) * self.value

    def stop(self):
        self.stopped += 1


class Counting(Driver):
    scales = (0.5, 0.25, 0.125)

    def read_raw(self, out):
        for i in range(3):
            out[i] = (i + 1) * self.value


def started(driver, channels=("a", "b", "c"), **settings):
    made = Sensor("s", lambda: driver, channels, ("m",) * len(channels), **settings)
    made.start(None)
    return made


def values(made):
    out = [0.0] * len(made.channels)
    made.read(out)
    return out


def test_as_the_driver_has_them_nothing_stands_between():
    driver = Driver()
    made = started(driver)
    assert made.read == driver.read and made.read_raw is None and made.scales is None
    assert made.interval_us == 5000 and made.stuck_after_ms == 0
    counting = Counting()
    made = started(counting)
    assert made.read_raw == counting.read_raw and made.scales == (0.5, 0.25, 0.125)


def test_channels_that_are_picked_and_converted():
    picked = {"channels": ("z", "x"), "picked": (2, 0), "width": 3}
    assert values(started(Driver(), **picked)) == [3.0, 1.0]
    assert values(started(Driver(), factors=(10.0, 1.0, 1.0))) == [10.0, 2.0, 3.0]
    warm = started(Driver(), factors=(2.0, 2.0), offsets=(0.5, -1.0), **picked)
    assert values(warm) == [6.5, 1.0]


def test_counts_that_are_picked_and_converted():
    made = started(Counting(), channels=("z", "x"), picked=(2, 0), width=3, factors=(100.0, -4.0))
    out = array("i", (0, 0))
    made.read_raw(out)
    assert list(out) == [3, 1] and list(made.scales) == [12.5, -2.0]
    # A count without its zero would be another value.
    assert started(Counting(), offsets=(1.0, 0.0, 0.0)).read_raw is None


def test_one_that_does_not_answer_and_does_later():
    driver = Driver()
    driver.absent = True
    calls = []

    def make():
        calls.append(driver)
        return driver

    made = Sensor("s", make, ("a", "b", "c"), ("m", "m", "m"))
    made.stop()
    raises(OSError, made.read, [0.0] * 3)
    raises(OSError, made.start, None)
    raises(OSError, made.read, [0.0] * 3)
    driver.absent = False
    made.start(None)
    assert values(made) == [1.0, 2.0, 3.0] and len(calls) == 1
    made.stop()
    assert driver.stopped == 1

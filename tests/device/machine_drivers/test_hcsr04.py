"""The echo's width as a distance; nothing where there is no echo."""

import fake_machine as machine

from drivers import hcsr04
from rivulet.sensing import timers, triggers

_now = [0]
_WRAP = 0x3FFFFFFF


def _ticks():
    _now[0] = (_now[0] + 1) & _WRAP
    return _now[0]


hcsr04.ticks_us = _ticks


def _started():
    machine.port("rp2")
    timers._numbered = False
    triggers.failed[0] = None
    events = bytearray(1)

    def handler(_):
        events[0] += 1

    driver = hcsr04.Driver(None, {"trigger": 3, "echo": 4}, rate_hz=15)
    driver.start(handler)
    return driver, events


def _echo(width_us):
    machine.drive(4, 1)
    # The interrupts themselves look at the clock.
    _now[0] = (_now[0] + width_us - 1) & _WRAP
    machine.drive(4, 0)
    assert triggers.failed[0] is None


def test_an_echo_is_an_event_at_its_end():
    driver, events = _started()
    out = [0.0]
    _now[0] = 100
    machine.drive(4, 1)
    assert events[0] == 0
    _now[0] += 5826
    machine.drive(4, 0)
    assert events[0] == 1
    driver.read(out)
    assert abs(out[0] - 1.0) < 1e-3


def test_the_trigger_is_a_pulse_of_the_timers():
    _started()
    began = _now[0]
    assert machine.Timer.running[0].freq == 15 and machine.Pin.levels[3] == 0
    machine.tick()
    assert triggers.failed[0] is None
    assert machine.Pin.levels[3] == 0 and _now[0] - began >= 10


def test_no_echo_is_no_event():
    driver, events = _started()
    _echo(38000)
    assert events[0] == 0
    _echo(580)
    assert events[0] == 1
    # An edge that the rise got lost of, as after a late interrupt.
    machine.Pin.levels[4] = 1
    machine.drive(4, 0)
    assert events[0] == 1


def test_an_echo_over_the_wrap_of_the_clock():
    driver, events = _started()
    out = [0.0]
    _now[0] = _WRAP - 1000
    _echo(5828)
    driver.read(out)
    assert events[0] == 1 and abs(out[0] - 1.0) < 1e-3


def test_stop_leaves_no_interrupt_and_start_may_come_again():
    driver, events = _started()
    driver.stop()
    assert not machine.Timer.running and not machine.Pin.interrupts
    driver.stop()
    driver.start(driver._handler)
    driver.start(driver._handler)
    assert len(machine.Timer.running) == 1
    _echo(580)
    assert events[0] == 1

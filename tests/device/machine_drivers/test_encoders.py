"""Quadrature encoder and tachometer: every edge counts, speeds come from the edges' times."""

import fake_machine as machine

from drivers import quadrature, tacho
from rivulet.sensing import edges, timers, triggers

_now = [0]
_TURN = 2 * 3.141592653589793


def _ticks():
    return _now[0]


quadrature.ticks_us = tacho.ticks_us = edges.ticks_us = _ticks

_events = bytearray(1)


def _handler(_):
    _events[0] += 1


def _on(port="rp2"):
    machine.port(port)
    timers._numbered = port == "esp32"
    timers._taken[:] = [False] * 4
    triggers.failed[0] = None
    _events[0] = 0
    _now[0] = 1000


def _encoder(**settings):
    settings = dict({"pulses_per_turn": 100, "rate_hz": 50, "stopped_after_ms": 500}, **settings)
    driver = quadrature.Driver(None, {"a": 2, "b": 3}, **settings)
    driver.start(_handler)
    return driver


# a leads b: forwards.
_FORWARDS = ((2, 1), (3, 1), (2, 0), (3, 0))
_BACKWARDS = ((3, 1), (2, 1), (3, 0), (2, 0))


def _turn(steps, pulses, every_us):
    for _ in range(pulses):
        for pin, level in steps:
            _now[0] += every_us
            machine.drive(pin, level)
    assert triggers.failed[0] is None


def _read(driver, out):
    machine.tick()
    assert triggers.failed[0] is None
    driver.read(out)
    return out


def _close(a, b):
    return abs(a - b) <= 1e-5 * max(abs(a), abs(b), 1)


def test_position_counts_four_edges_a_pulse_both_ways():
    for port in ("rp2", "esp32"):
        _on(port)
        driver, out = _encoder(), [0.0, 0.0]
        _turn(_FORWARDS, 25, 100)
        assert _close(_read(driver, out)[0], _TURN / 4)
        _turn(_BACKWARDS, 50, 100)
        assert _close(_read(driver, out)[0], -_TURN / 4)
        assert out[1] < 0 and _events[0] == 2


def test_a_count_is_never_a_heap_object():
    # On a board of 32 bits, 2^30 is one, even on the way to a mask. Interrupts run without memory
    # here; on one of 64 bits the values themselves must tell.
    _on()
    driver, out = _encoder(), [0.0, 0.0]
    _turn(_BACKWARDS, 1, 100)
    _turn(_FORWARDS, 2, 100)
    assert _close(_read(driver, out)[0], _TURN / 100)
    assert driver._counter.words[edges.COUNT] == 4
    _turn(_BACKWARDS, 3, 100)
    assert driver._counter.words[edges.COUNT] + 1 < 1 << 30
    speed = tacho.Driver(None, {"pulse": 5}, pulses_per_turn=1, rate_hz=20, stopped_after_ms=500)
    speed.start(_handler)
    words = speed._counter.words
    words[edges.COUNT] = edges.COUNTS
    machine.drive(5, 1)
    assert words[edges.COUNT] == 0 and edges.COUNTS + 1 < 1 << 30
    assert triggers.failed[0] is None


def test_speed_is_that_of_the_edges():
    _on()
    driver, out = _encoder(), [0.0, 0.0]
    _turn(_FORWARDS, 3, 250)
    _read(driver, out)
    # 4000 edges a second are ten turns.
    _turn(_FORWARDS, 7, 250)
    _now[0] += 130
    assert _close(_read(driver, out)[1], 10 * _TURN)
    _now[0] += 500000
    assert _read(driver, out)[1] == 0


def test_an_edge_that_was_missed_turns_nothing():
    _on()
    driver, out = _encoder(), [0.0, 0.0]
    machine.Pin.levels[2] = 1
    machine.drive(3, 1)
    assert _read(driver, out)[0] == 0
    _turn(((2, 0), (3, 0)), 1, 100)
    assert _close(_read(driver, out)[0], 2 * _TURN / 400)


def test_the_position_begins_where_the_shaft_stands():
    _on()
    machine.Pin.levels[2] = machine.Pin.levels[3] = 1
    driver, out = _encoder(), [0.0, 0.0]
    _turn(((2, 0), (3, 0)), 1, 100)
    assert _close(_read(driver, out)[0], 2 * _TURN / 400)
    driver.start(_handler)
    assert _read(driver, out)[0] == 0


def test_a_tacho_reads_speed_and_standstill():
    _on()
    driver = tacho.Driver(None, {"pulse": 5}, pulses_per_turn=2, rate_hz=20, stopped_after_ms=500)
    driver.start(_handler)
    out = [7.0]
    assert _read(driver, out) == [0.0]
    for _ in range(4):
        _now[0] += 10000
        machine.drive(5, 1)
        machine.drive(5, 0)
        _read(driver, out)
    # A pulse every 10 ms is half a turn.
    assert _close(out[0], 50 * _TURN)
    _now[0] += 499000
    assert 0 < _read(driver, out)[0] < 2 * _TURN
    _now[0] += 1000
    assert _read(driver, out) == [0.0]
    assert triggers.failed[0] is None and _events[0] == 7


def test_stop_leaves_nothing():
    _on("esp32")
    encoder = _encoder()
    speed = tacho.Driver(None, {"pulse": 5}, pulses_per_turn=1, rate_hz=20, stopped_after_ms=500)
    speed.start(_handler)
    assert len(machine.Timer.running) == 2 and len(machine.Pin.interrupts) == 3
    encoder.stop()
    speed.stop()
    speed.stop()
    assert not machine.Timer.running and not machine.Pin.interrupts
    assert timers._taken == [False] * 4

"""The button: one event a press, however its contact bounces."""

import fake_machine as machine

from drivers import button
from rivulet.sensing import triggers

_now = [1000]
button.ticks_ms = lambda: _now[0]
_events = bytearray(1)


def _handler(_):
    _events[0] += 1


def _press(at_ms, bounces=1):
    _now[0] = at_ms
    for _ in range(bounces):
        machine.drive(4, 0)
        machine.drive(4, 1)
        _now[0] += 1
    assert triggers.failed[0] is None


def test_a_press_is_one_event_with_the_number_of_its_class():
    machine.port("rp2")
    triggers.failed[0] = None
    _events[0] = 0
    driver = button.Driver(None, {"button": 4}, 2, 200)
    driver.start(_handler)
    _press(1000)
    assert _events[0] == 1
    _press(5000, 8)
    assert _events[0] == 2
    _press(5150)  # still bouncing
    assert _events[0] == 2
    _press(5250)
    assert _events[0] == 3
    out = [0.0]
    driver.read(out)
    assert out == [2]
    driver.stop()
    _press(9000)
    assert _events[0] == 3
    driver.stop()

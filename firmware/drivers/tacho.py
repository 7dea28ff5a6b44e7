"""Tachometer: speed of a shaft from the pulses of a Hall switch, a light barrier or a fan.

Interrupts time the rising edges; a timer makes the events. The speed comes from the times of the
edges, and is 0 once no edge has come for a while.
"""

from machine import Pin

from rivulet.compat import const, ticks_us
from rivulet.sensing.edges import COUNT, COUNTS, EDGE, EdgeCounter
from rivulet.sensing.triggers import off, on_edge

KIND = "sensor"
CHANNELS = ("speed",)
UNITS = ("rad/s",)
LIMITS = None
TRIGGER = "timer"
BUS = ""
PINS = {"pulse": "in"}
SETTINGS = {
    "pulses_per_turn": (1, 1, 100000),
    "rate_hz": (20, 1, 1000),
    "stopped_after_ms": (500, 10, 10000),
}

_TICKS = const(0x3FFFFFFF)
_TURN = 2 * 3.141592653589793


class Driver:
    def __init__(self, bus, pins, pulses_per_turn, rate_hz, stopped_after_ms):
        self._pins = pins
        self._counter = EdgeCounter(rate_hz, stopped_after_ms)
        self._angle = _TURN / pulses_per_turn
        self._pin = None
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Count from now on; `handler` is called `rate_hz` times a second.

        Raises OSError if no timer is free.
        """
        self.stop()
        # Most of these sensors only pull their output low.
        self._pin = Pin(self._pins["pulse"], Pin.IN, Pin.PULL_UP)
        self._counter.start(handler)
        on_edge(self._pin, self._pulsed)

    def read(self, out):
        """Write the speed into out[0], in rad/s."""
        out[0] = self._counter.rate() * self._angle

    def stop(self):
        self._counter.stop()
        if self._pin is not None:
            off(self._pin)

    def _pulsed(self, _):
        """Count an edge, in its interrupt."""
        words = self._counter.words
        words[COUNT] = (words[COUNT] + 1) & COUNTS
        words[EDGE] = ticks_us() & _TICKS

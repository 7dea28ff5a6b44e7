"""Quadrature encoder: position and speed of a shaft, from every edge of two tracks.

Interrupts count the edges; a timer makes the events. The speed comes from the times of the edges,
so it is right at any number of edges an event. Edges that follow each other faster than the
interrupts are served lose counts.
"""

from machine import Pin

from rivulet.compat import const, ticks_us
from rivulet.sensing.edges import COUNT, COUNTS, EDGE, EdgeCounter
from rivulet.sensing.triggers import off, on_edge

KIND = "sensor"
CHANNELS = ("position", "speed")
UNITS = ("rad", "rad/s")
LIMITS = None
TRIGGER = "timer"
BUS = ""
PINS = {"a": "in", "b": "in"}
SETTINGS = {
    # Of one track, as a data sheet's PPR; the driver counts four edges for each.
    "pulses_per_turn": (20, 1, 100000),
    "rate_hz": (50, 1, 1000),
    "stopped_after_ms": (500, 10, 10000),
}

_TICKS = const(0x3FFFFFFF)
_TURN = 2 * 3.141592653589793

# By the levels (a, b) before and after an edge: which way the shaft turned. 0 where both changed,
# because an edge was missed, and where neither did.
_STEPS = (0, -1, 1, 0, 1, 0, 0, -1, -1, 0, 0, 1, 0, 1, -1, 0)


class Driver:
    def __init__(self, bus, pins, pulses_per_turn, rate_hz, stopped_after_ms):
        self._pins = pins
        self._counter = EdgeCounter(rate_hz, stopped_after_ms)
        self._angle = _TURN / (4 * pulses_per_turn)
        self._levels = bytearray(1)
        self._a = None
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Count from here, where the position is 0; `handler` is called `rate_hz` times a second.

        Raises OSError if no timer is free.
        """
        self.stop()
        # Many encoders only pull their outputs low.
        self._a = Pin(self._pins["a"], Pin.IN, Pin.PULL_UP)
        self._b = Pin(self._pins["b"], Pin.IN, Pin.PULL_UP)
        self._levels[0] = self._a.value() << 1 | self._b.value()
        self._counter.start(handler)
        for pin in (self._a, self._b):
            on_edge(pin, self._turned, rising=True, falling=True)

    def read(self, out):
        """Write position (rad, modulo 2^29 edges) and speed (rad/s) into `out`."""
        out[0] = self._counter.position() * self._angle
        out[1] = self._counter.rate() * self._angle

    def stop(self):
        self._counter.stop()
        if self._a is not None:
            off(self._a)
            off(self._b)

    def _turned(self, _):
        """Count an edge, in its interrupt."""
        levels = (self._levels[0] << 2 | self._a.value() << 1 | self._b.value()) & 15
        self._levels[0] = levels & 3
        step = _STEPS[levels]
        if step:
            words = self._counter.words
            words[COUNT] = (words[COUNT] + step) & COUNTS
            words[EDGE] = ticks_us() & _TICKS

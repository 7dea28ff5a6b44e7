"""HC-SR04 and its like: distance by the echo of an ultrasonic pulse.

A timer starts each measurement; interrupts take the times at which the echo pin rises and falls.
The event is the end of the echo. Where nothing reflects, the module ends its echo pulse by itself
some time after the longest distance: that is no event, and after ten of them the sensor counts as
missing. The echo pin of most modules drives 5 V, which a divider must bring down.
"""

from array import array

from machine import Pin

from rivulet.compat import const, ticks_us
from rivulet.sensing.triggers import every, off, on_edge

KIND = "sensor"
CHANNELS = ("distance",)
UNITS = ("m",)
LIMITS = ((0.02, 4.0),)
TRIGGER = "edges"
BUS = ""
PINS = {"trigger": "out", "echo": "in"}
SETTINGS = {"rate_hz": (15, 1, 40)}

_MASK = const(0x3FFFFFFF)
_PULSE_US = const(12)  # the data sheet asks for 10
# Of 4 m and a little: modules without an echo end their pulse after 38 ms or later.
_LONGEST_US = const(24000)
_METRES_PER_US = 343.2e-6 / 2  # there and back, at 20 degrees Celsius

# What `_words` holds.
_ROSE = const(0)  # ticks
_WAITING = const(1)  # whether the echo rose and has not fallen yet
_WIDTH = const(2)  # us, of the newest echo


class Driver:
    def __init__(self, bus, pins, rate_hz):
        self._pins = pins
        self._rate_hz = rate_hz
        self._words = array("i", (0, 0, 0))
        self._timer = None
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Measure from now on; `handler` is called at the end of every echo.

        Raises OSError if no timer is free.
        """
        self.stop()
        self._handler = handler
        self._trigger = Pin(self._pins["trigger"], Pin.OUT, value=0)
        self._echo = Pin(self._pins["echo"], Pin.IN)
        self._words[_WAITING] = 0
        self._timer = every(self._rate_hz, self._ping)
        on_edge(self._echo, self._echoed, rising=True, falling=True)

    def read(self, out):
        """Write the newest distance into out[0], in m."""
        out[0] = self._words[_WIDTH] * _METRES_PER_US

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None
            off(self._echo)

    def _ping(self, _):
        """Start a measurement, in the timer's interrupt."""
        self._trigger.value(1)
        begun = ticks_us()
        while (ticks_us() - begun) & _MASK < _PULSE_US:
            pass
        self._trigger.value(0)

    def _echoed(self, pin):
        """Time an edge of the echo, in its interrupt."""
        now = ticks_us() & _MASK
        words = self._words
        if pin.value():
            words[_ROSE] = now
            words[_WAITING] = 1
        elif words[_WAITING]:
            words[_WAITING] = 0
            width = (now - words[_ROSE]) & _MASK
            if width <= _LONGEST_US:
                words[_WIDTH] = width
                self._handler(pin)

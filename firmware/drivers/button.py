"""Push button: each press tells a model that learns which class this moment is of.

One side of the button goes to 3.3 V, the other to the pin. See docs/adaptation.md.
"""

from array import array

from machine import Pin

from rivulet.compat import ticks_diff, ticks_ms
from rivulet.sensing.triggers import off, on_edge

KIND = "sensor"
CHANNELS = ("truth",)
UNITS = ("",)
LIMITS = None
TRIGGER = "interrupt"
BUS = ""
PINS = {"button": "in"}
# class_number: counted from 0 in the order of the model's classes, spare ones included.
SETTINGS = {"class_number": (0, 0, 255), "debounce_ms": (200, 1, 5000)}


class Driver:
    def __init__(self, bus, pins, class_number, debounce_ms):
        self._pins = pins
        self._number = class_number
        self._debounce_ms = debounce_ms
        # An element, because an attribute that grows beyond 30 bits would be a heap object.
        self._pressed_ms = array("i", (0,))
        self._pin = None
        self._handler = None

    def start(self, handler):
        """Call `handler` in the interrupt of each press."""
        self.stop()
        self._handler = handler
        self._pressed_ms[0] = ticks_ms() - self._debounce_ms
        self._pin = Pin(self._pins["button"], Pin.IN, Pin.PULL_DOWN)
        on_edge(self._pin, self._edge)

    def read(self, out):
        """Write the number of the class into out[0]."""
        out[0] = self._number

    def stop(self):
        if self._pin is not None:
            off(self._pin)

    def _edge(self, _):
        """Pass a press on, in its interrupt; edges soon after it are the contact's bouncing."""
        now = ticks_ms()
        if ticks_diff(now, self._pressed_ms[0]) < self._debounce_ms:
            return
        self._pressed_ms[0] = now
        self._handler(None)

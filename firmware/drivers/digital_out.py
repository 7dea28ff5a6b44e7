"""Digital output: a relay, a valve or a transistor, on above a threshold."""

from machine import Pin

KIND = "actuator"
BUS = ""
PINS = {"out": "out"}
SETTINGS = {
    "threshold": (0.5,),
    "invert": (False, (False, True)),  # on is the low level, as on most relay boards
}
UNIT = ""  # that of whatever drives it
LIMITS = None


class Driver:
    def __init__(self, bus, pins, threshold, invert):
        self._gpio = pins["out"]
        self._threshold = threshold
        self._invert = invert

    def start(self):
        """Take the pin; the output is off."""
        self._pin = Pin(self._gpio, Pin.OUT, value=self._invert)

    def write(self, value):
        self._pin.value((value > self._threshold) != self._invert)

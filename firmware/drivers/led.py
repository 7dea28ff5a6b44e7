"""LED: lit for every value above 0."""

from machine import Pin

KIND = "actuator"
BUS = ""
PINS = {"led": "out"}
SETTINGS = {"invert": (False, (False, True))}  # lit by a low level
UNIT = "1"
LIMITS = (0.0, 1.0)


class Driver:
    def __init__(self, bus, pins, invert):
        self._gpio = pins["led"]
        self._invert = invert

    def start(self):
        """Take the pin; the LED is dark."""
        self._pin = Pin(self._gpio, Pin.OUT, value=self._invert)

    def write(self, value):
        self._pin.value((value > 0) != self._invert)

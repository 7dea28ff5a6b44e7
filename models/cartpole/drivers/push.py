"""Push on a cart to either side, always with the whole force: a bridge with a direction pin.

A force between the two pushes becomes a sequence of them with that mean, by first-order
sigma-delta modulation: one push for each decision.
"""

from machine import Pin

KIND = "actuator"
BUS = ""
PINS = {"direction": "out", "enable": "out"}
SETTINGS = {}
UNIT = "N"
LIMITS = (-10.0, 10.0)

_PUSH = 10.0


class Driver:
    def __init__(self, bus, pins):
        self._pins = pins
        self._rest = 0.0

    def start(self):
        """Take the pins; nothing pushes before the first decision."""
        self._rest = 0.0
        self._direction = Pin(self._pins["direction"], Pin.OUT, value=0)
        self._enable = Pin(self._pins["enable"], Pin.OUT, value=0)

    def write(self, value):
        wanted = value + self._rest
        push = _PUSH if wanted > 0 else -_PUSH
        self._rest = wanted - push
        self._direction.value(push > 0)
        self._enable.value(1)

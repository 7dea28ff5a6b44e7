"""Motor or fan on a driver stage: its power by pulse width, and its direction if there is a pin.

Values run from -1 (full power backwards) to 1. Without a direction pin a negative one stops it.
"""

from machine import PWM, Pin

KIND = "actuator"
BUS = ""
PINS = {"pwm": "pwm", "direction?": "out"}
SETTINGS = {
    "frequency_hz": (20000, 10, 100000),  # above 16 kHz nobody hears it
}
UNIT = "1"
LIMITS = (-1.0, 1.0)


class Driver:
    def __init__(self, bus, pins, frequency_hz):
        self._pins = pins
        self._frequency_hz = frequency_hz
        self._direction = None

    def start(self):
        """Take the pins; the motor stands still."""
        self._pwm = PWM(Pin(self._pins["pwm"]), freq=self._frequency_hz, duty_u16=0)
        if "direction" in self._pins:
            self._direction = Pin(self._pins["direction"], Pin.OUT, value=0)

    def write(self, value):
        if self._direction is not None:
            self._direction.value(value < 0)
            value = abs(value)
        self._pwm.duty_u16(int(max(value, 0) * 65535))

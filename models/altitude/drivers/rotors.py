"""Thrust of four rotors on one pulse width, taken to be proportional to it."""

from machine import PWM, Pin

KIND = "actuator"
BUS = ""
PINS = {"rotors": "pwm"}
SETTINGS = {"frequency_hz": (20000, 10, 100000)}
UNIT = "N"
LIMITS = (0.0, 0.575)

_STRONGEST = 0.575


class Driver:
    def __init__(self, bus, pins, frequency_hz):
        self._gpio = pins["rotors"]
        self._frequency_hz = frequency_hz

    def start(self):
        """Take the pin; the rotors stand still."""
        self._pwm = PWM(Pin(self._gpio), freq=self._frequency_hz, duty_u16=0)

    def write(self, value):
        self._pwm.duty_u16(int(value / _STRONGEST * 65535))

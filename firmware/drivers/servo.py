"""Model servo, or a speed controller that takes the same pulses, fifty a second.

Values run from 0, which is a pulse of `lowest_us`, to 1, which is one of `highest_us`.
"""

from machine import PWM, Pin

KIND = "actuator"
BUS = ""
PINS = {"servo": "pwm"}
SETTINGS = {"lowest_us": (1000, 400, 2600), "highest_us": (2000, 400, 2600)}
UNIT = "1"
LIMITS = (0.0, 1.0)


class Driver:
    def __init__(self, bus, pins, lowest_us, highest_us):
        self._gpio = pins["servo"]
        self._lowest_ns = lowest_us * 1000
        self._range_ns = (highest_us - lowest_us) * 1000

    def start(self):
        """Take the pin; without a pulse the servo holds no position."""
        self._pwm = PWM(Pin(self._gpio), freq=50, duty_u16=0)

    def write(self, value):
        self._pwm.duty_ns(int(self._lowest_ns + value * self._range_ns))

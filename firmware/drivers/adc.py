"""Voltage at a pin, by the chip's own converter, at a fixed rate.

The converter is read by the loop, a little after the timer's interrupt has stamped the event.
"""

from machine import ADC, Pin

from rivulet.sensing.triggers import every

KIND = "sensor"
CHANNELS = ("voltage",)
UNITS = ("V",)
LIMITS = None
TRIGGER = "timer"
BUS = ""
PINS = {"adc": "adc"}
SETTINGS = {
    "rate_hz": (50, 1, 1000),
    "reference": (3.3, 0.1, 10.0),  # V at the pin that give a full count
    # For a divider in front of the pin: V there = V at the pin * scale + offset.
    "scale": (1.0,),
    "offset": (0.0,),
}

_FULL_COUNT = 65535


class Driver:
    def __init__(self, bus, pins, rate_hz, reference, scale, offset):
        self._gpio = pins["adc"]
        self._rate_hz = rate_hz
        self._factor = reference / _FULL_COUNT * scale
        self._offset = offset
        self._timer = None
        self.interval_us = 1000000 // rate_hz
        if offset:
            self.read_raw = None  # counts know no offset
        else:
            self.scales = (self._factor,)

    def start(self, handler):
        """Measure from now on; `handler` is called `rate_hz` times a second.

        Raises OSError if no timer is free.
        """
        self.stop()
        self._adc = ADC(Pin(self._gpio))
        self._timer = every(self._rate_hz, handler)

    def read(self, out):
        """Write the voltage into out[0]."""
        out[0] = self._adc.read_u16() * self._factor + self._offset

    def read_raw(self, out):
        """Write the count into out[0], 0 to 65535."""
        out[0] = self._adc.read_u16()

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

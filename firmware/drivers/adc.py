"""Voltage at a pin by the chip's own converter, at a fixed rate, as whatever it stands for.

The converter is read by the loop, a little after the timer's interrupt has stamped the event.
"""

from machine import ADC, Pin

from rivulet.sensing.triggers import every

KIND = "sensor"
# None: the setting `channels` lists them, one table each, with the keys of CHANNEL_SETTINGS.
CHANNELS = None
UNITS = None
LIMITS = None
TRIGGER = "timer"
BUS = ""
PINS = {"adc": "adc"}
SETTINGS = {
    "rate_hz": (50, 1, 1000),
    "reference": (3.3, 0.1, 10.0),  # V at the pin that give a full count
    "channels": (None,),
}
CHANNEL_SETTINGS = {
    "name": (None,),
    "unit": ("V",),
    # Value = voltage at the pin * scale + offset.
    "scale": (1.0,),
    "offset": (0.0,),
}

_FULL_COUNT = 65535


class Driver:
    def __init__(self, bus, pins, rate_hz, reference, channels):
        self._gpio = pins["adc"]
        self._rate_hz = rate_hz
        self._factors = [reference / _FULL_COUNT * channel["scale"] for channel in channels]
        self._offsets = [channel["offset"] for channel in channels]
        self._timer = None
        self.interval_us = 1000000 // rate_hz
        if any(self._offsets):
            self.read_raw = None  # counts know no offset
        else:
            self.scales = tuple(self._factors)

    def start(self, handler):
        """Measure from now on; `handler` is called `rate_hz` times a second.

        Raises OSError if no timer is free.
        """
        self.stop()
        self._adc = ADC(Pin(self._gpio))
        self._timer = every(self._rate_hz, handler)

    def read(self, out):
        """Write every channel's value into `out`."""
        count = self._adc.read_u16()
        for index in range(len(self._factors)):
            out[index] = count * self._factors[index] + self._offsets[index]

    def read_raw(self, out):
        """Write the count, 0 to 65535, for every channel into `out`, allocating nothing."""
        count = self._adc.read_u16()
        for index in range(len(self._factors)):
            out[index] = count

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

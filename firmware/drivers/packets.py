"""Numbers that another machine sends over a UART, all channels in one packet.

A packet is 0xA5, a little-endian float32 for each channel of rivulet.toml, and the sum of those
bytes modulo 256. A packet that is damaged is left out and counted; of several that wait, the
newest counts.
"""

import struct

KIND = "sensor"
# None: the setting `channels` lists them, one table each, with the keys of CHANNEL_SETTINGS.
CHANNELS = None
UNITS = None
LIMITS = None
TRIGGER = "uart"
BUS = "uart"
PINS = {}
SETTINGS = {
    "rate_hz": (50, 1, 1000),  # of the packets
    "channels": (None,),
}
CHANNEL_SETTINGS = {"name": (None,), "unit": ("",)}

_HEAD = 0xA5


class Driver:
    def __init__(self, bus, pins, rate_hz, channels):
        self._bus = bus
        self._count = len(channels)
        self._packet = bytearray(2 + 4 * self._count)
        self._arrived = bytearray(4 * self._count)
        self._held = 0
        self.interval_us = 1000000 // rate_hz

    def start(self, handler):
        """Have `handler` called when the line falls silent after a packet."""
        self._held = 0
        self._bus.irq(handler, self._bus.IRQ_RXIDLE)

    def read(self, out):
        """Write the newest packet's numbers into `out`. Raises OSError if none is whole."""
        found = False
        while self._bus.any():
            byte = self._bus.read(1)
            if byte:
                found = self._take(byte[0]) or found
        if not found:
            raise OSError("no whole packet")
        for channel in range(self._count):
            out[channel] = struct.unpack_from("<f", self._arrived, 4 * channel)[0]

    def stop(self):
        self._bus.irq(None, 0)

    def _take(self, byte):
        """Take a byte; True if a packet ends with it, whose numbers are then in `_arrived`."""
        if self._held == 0 and byte != _HEAD:
            return False
        self._packet[self._held] = byte
        self._held += 1
        if self._held < len(self._packet):
            return False
        self._held = 0
        body = memoryview(self._packet)[1:-1]
        if sum(body) & 0xFF != byte:
            return False
        self._arrived[: len(body)] = body
        return True

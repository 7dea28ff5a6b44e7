"""A memory-mapped device that plays a sensor's channels to host_tools/on_device/player.py.

It stands in for a sensor that no chip model describes. Runs on MicroPython and CPython alike. Its
32-bit words, by offset:

    0       write 1: the driver listens, a sample raises the event pin; 0: it does not.
            read: takes the newest sample, 0; or 1 if the sensor does not answer.
    4 + 4i  value of channel i in the sample taken last, float32.
"""

import struct

# Words of one player are this far apart, in bytes; so it has at most 63 channels.
SPACE = 256


class Chip:
    """The words of one player."""

    def __init__(self, channels):
        self.armed = False
        self._newest = [0.0] * channels
        self._taken = [0.0] * channels

    def load(self, values):
        """A new sample, one value a channel."""
        for i in range(len(self._newest)):
            self._newest[i] = values[i]

    def read_word(self, offset, failing):
        if offset == 0:
            if not failing:
                self._taken[:] = self._newest
            return 1 if failing else 0
        number = offset // 4 - 1
        if number >= len(self._taken):
            return 0
        return struct.unpack("<I", struct.pack("<f", self._taken[number]))[0]

    def write_word(self, offset, value):
        if offset == 0:
            self.armed = bool(value & 1)

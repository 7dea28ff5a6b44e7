"""A driver for a sensor that a simulated board plays: no chip, its channels as words in memory.

It takes the place of a driver whose chip no chip model describes. The words are described in
boards/virtual/hardware/chips/player.py.
"""

import errno
import struct

import machine

from rivulet.sensing.triggers import off, on_edge


class Driver:
    """Plays `count` channels from the words at `address`; pins: the one that a sample pulses."""

    def __init__(self, bus, pins, address, count):
        self._address = address
        self._count = count
        self._event = pins["event"]
        self._word = bytearray(4)

    def start(self, handler):
        """Let `handler(pin)` be called in the interrupt at every sample."""
        machine.mem32[self._address] = 0
        on_edge(machine.Pin(self._event, machine.Pin.IN), handler)
        machine.mem32[self._address] = 1

    def read(self, out):
        """The newest sample into `out`; raises OSError if the sensor does not answer."""
        word, address = self._word, self._address
        if machine.mem32[address]:
            raise OSError(errno.EIO)
        for i in range(self._count):
            address += 4
            struct.pack_into("<I", word, 0, machine.mem32[address] & 0xFFFFFFFF)
            out[i] = struct.unpack("<f", word)[0]

    def stop(self):
        machine.mem32[self._address] = 0
        off(machine.Pin(self._event, machine.Pin.IN))

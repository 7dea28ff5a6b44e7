"""A driver for an actuator on a bus that nothing simulates: its value as a word in memory.

The simulated board shows the value. It takes the place of a driver that would talk to a chip.
"""

import struct

import machine


class Driver:
    """Writes each value as float32 to the word at `address`."""

    def __init__(self, bus, pins, address):
        self._address = address

    def start(self):
        """There is nothing to set up."""

    def write(self, value):
        machine.mem32[self._address] = struct.unpack("<I", struct.pack("<f", value))[0]

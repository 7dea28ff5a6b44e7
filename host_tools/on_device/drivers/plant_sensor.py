"""A sensor of a plant that a host simulates: its readings come over the wire; see plant.py."""


class Driver:
    """Gives the readings of the plant's sensor `number`. bus: the Plant of the rig."""

    def __init__(self, bus, pins, number, interval_us):
        self._plant = bus
        self._number = number
        self._values = bus.readings[number]
        self.interval_us = interval_us

    def start(self, handler):
        """Let `handler` be called when a reading has come."""
        self._plant.handlers[self._number] = handler

    def read(self, out):
        """Write the newest reading into `out`."""
        if self._plant.paused:
            # No OSError: where there is no plant the actuators have to rest, as at a fault.
            raise RuntimeError("nobody simulates the plant now: 'rivulet hil' or 'rivulet flash'")
        values = self._values
        for i in range(len(values)):
            out[i] = values[i]

    def stop(self):
        self._plant.handlers[self._number] = None

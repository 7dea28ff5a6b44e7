"""An actuator of a plant that a host simulates: its value goes over the wire; see plant.py."""


class Driver:
    """Moves the plant's actuator `number`. bus: the Plant of the rig."""

    def __init__(self, bus, pins, number):
        self._plant = bus
        self._number = number

    def start(self):
        """There is nothing to set up."""

    def write(self, value):
        self._plant.write(self._number, value)

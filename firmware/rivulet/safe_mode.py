"""Safe mode: the wire is served and nothing else, after starts that failed in a row."""

from rivulet.compat import sleep_ms, ticks_ms, ticks_us


class Resting:
    """Stands in for board and rig: no sensors are read, no actuators moved."""

    def __init__(self, name):
        self.NAME = name
        self.ticks_us = ticks_us
        self.ticks_ms = ticks_ms

    def make_sensors(self):
        return []

    def make_actuators(self):
        return []

    def idle(self):
        sleep_ms(1)

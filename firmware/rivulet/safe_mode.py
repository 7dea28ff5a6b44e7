"""Safe mode: the wire is served and nothing else, after starts that failed in a row."""

from rivulet.compat import sleep_ms, ticks_ms, ticks_us


class Resting:
    """Stands in for the board: no sensors are read, no actuators moved."""

    def __init__(self, name):
        self.NAME = name
        self.ticks_us = ticks_us
        self.ticks_ms = ticks_ms

    def make_sensors(self):
        return ()

    def idle(self):
        sleep_ms(1)

    def actuate(self, action):
        pass

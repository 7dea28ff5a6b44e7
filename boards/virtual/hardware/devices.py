"""What is wired to the virtual board; host_tools/simulate/wiring.py describes the file."""

import json


class Device:
    """One simulated sensor: a chip on the I2C bus, or a player in the address space."""

    def __init__(self, facts, source):
        self.bus = facts["bus"]  # the number of its I2C bus; None: it is memory-mapped
        self.address = facts["address"]
        self.event = facts["event"]  # the pin that a sample raises; None: no pin
        # The number of its source in the stimulus; None: nothing plays it.
        self.source = source
        self.failing = False  # it answers nothing until the next sample
        name = facts["chip"]
        model = getattr(__import__("chips." + name), name)
        self.chip = model.Chip() if self.bus is not None else model.Chip(facts["channels"])
        self.space = 0 if self.bus is not None else model.SPACE


def read(path, sources):
    """(devices, states of the pins that actuators are wired to) of a wiring file."""
    with open(path) as file:
        wiring = json.load(file)
    devices = [
        Device(facts, sources.index(facts["name"]) if facts["name"] in sources else None)
        for facts in wiring["devices"]
    ]
    return devices, {output["gpio"]: "off" for output in wiring["outputs"]}

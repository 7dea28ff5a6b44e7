"""A sensor and an actuator whose drivers' code fails, around the real loop."""

from fake_board import Bench
from fixtures import model_bytes, tensors
from wire_helpers import push

from rivulet import protocol
from rivulet.control.actuators import Actuator
from rivulet.sensing.sensor import Sensor

SAFE = -1.0
# In each the fault is in line 5.
IMPORT = """
class Driver:
    pass

import no_such_module
"""
SYNTAX = """
class Driver:
    pass

return
"""
MAKE = """
class Driver:
    def __init__(self):
        settings = {}
        self.rate_hz = settings["rate_hz"]
"""
START = """
class Driver:
    def start(self, handler):
        if True:
            raise ValueError("id 7")
"""
READ = """
class Driver:
    def start(self, handler): self.handler, self.good = handler, True
    def read(self, out):
        if not self.good: raise ValueError("bad echo")
        out[0] = out[1] = out[2] = 0.5
"""
WRITE = """
class Driver:
    def start(self): self.given, self.good = [], True
    def write(self, value):
        if not self.good and value != -1.0: raise ValueError("jammed")
        self.given.append(value)
"""


class Rig:
    """A sensor and an actuator whose drivers are these sources."""

    def __init__(self, sonar=READ, fan=WRITE):
        self.sonar, self.fan = sonar, fan
        self.driver = self.motor = None

    def _make_sonar(self):
        self.driver = made(self.sonar, "drivers/sonar.py")
        return self.driver

    def _make_fan(self):
        self.motor = made(self.fan, "drivers/fan.py")
        return self.motor

    def make_sensors(self):
        return [Sensor("sonar", self._make_sonar, ("a", "b", "c"), ("m", "m", "m"))]

    def make_actuators(self):
        return [Actuator("fan", self._make_fan, "class", limits=(-9.0, 9.0), safe=SAFE)]


def made(source, path):
    space = {}
    exec(compile(source, path, "exec"), space)
    return space["Driver"]()


def live(bench, rig, turns=1):
    """Each brings an event and a decision."""
    for _ in range(turns):
        bench.board.now += 100000
        if rig.driver is not None and hasattr(rig.driver, "handler"):
            rig.driver.handler(None)
        bench.turns(2)


def on_trial(folder, rig):
    """A bench whose model, pushed on top of another, is on trial."""
    bench = Bench(folder, model_bytes(), rig=rig)
    live(bench, rig, 3)
    assert push(bench, model_bytes(arrays=tensors(seed=2)))[0] == protocol.OK
    assert bench.store.on_trial
    bench.port.take()
    return bench


def confirmed(folder, rig):
    bench = on_trial(folder, rig)
    assert bench.store.confirm()
    return bench

"""What actuators get: values from classes and outputs, limited, slewed, safe at rest."""

from array import array

from fixtures import close

from rivulet.control.action import Action
from rivulet.control.actuators import Actuator, Actuators

_NAMES = ("normal", "worn", "broken")


class Driver:
    """Notes what it gets; broken: whether it raises; made: whether it was."""

    def __init__(self, broken=False):
        self.given = []
        self.starts = 0
        self.broken = broken

    def start(self):
        self.starts += 1
        self._check()

    def write(self, value):
        self._check()
        self.given.append(value)

    def _check(self):
        if self.broken:
            raise ValueError("jammed")


class Rig:
    """Actuators of several drivers, in time."""

    def __init__(self, *wired, names=_NAMES, outputs=3):
        self.now = 0x3FFFFFF0
        self.drivers = [driver for driver, _ in wired]
        self.all = [
            Actuator("a%d" % i, lambda driver=driver: driver, **settings)
            for i, (driver, settings) in enumerate(wired)
        ]
        self.action = Action()
        self.actuators = Actuators(self.all, lambda: self.now & 0x3FFFFFFF, self.action)
        self.action.use(names, [0.0] * outputs, -1)
        self.actuators.install(names, outputs)

    def act(self, values, decision=-1, ms=100):
        """The failures, by actuator."""
        self.now += ms
        self.action.act(array("f", values), decision)
        return [(actuator.name, str(error)) for actuator, error in self.actuators.act()]

    def rest(self, why="guard", ms=100):
        self.now += ms
        return [(actuator.name, str(error)) for actuator, error in self.actuators.rest(why)]

    def given(self):
        """What each driver got since the last call."""
        taken = [driver.given for driver in self.drivers]
        for driver in self.drivers:
            driver.given = []
        return taken


def one(**settings):
    rig = Rig((Driver(), settings))
    assert rig.rest("start") == []
    rig.given()
    return rig


def test_classes_by_number():
    rig = one()
    for decision in range(3):
        rig.act([0.0, 0.0, 0.0], decision)
    # As a LED is lit for every class but the first.
    assert rig.given() == [[0.0, 1.0, 1.0]]


def test_classes_by_table():
    rig = one(table={"normal": -3.0, "worn": 0.5, "broken": 1}, limits=(-1.0, 1.0), safe=0.25)
    for decision in range(3):
        rig.act([0.0, 0.0, 0.0], decision)
    assert rig.given() == [[-1.0, 0.5, 1]]
    # A class that it does not know is safe, and so is no class.
    rig.actuators.install(("normal", "melted", "broken"), 3)
    rig.act([0.0, 0.0, 0.0], 1)
    rig.act([0.0, 0.0, 0.0], -1)
    assert rig.given() == [[0.25, 0.25]]


def test_outputs_within_limits_and_never_nan():
    rig = one(source="y2", limits=(-1.0, 2.0), safe=0.5)
    for value in (1.25, 7.0, -7.0, float("inf"), float("nan")):
        rig.act([9.0, 9.0, value])
    assert rig.given() == [[1.25, 2.0, -1.0, 2.0, 0.5]]
    # A model without such an output does not drive it.
    rig.actuators.install((), 2)
    rig.act([9.0, 9.0, 1.0])
    assert rig.given() == [[0.5]]


def test_slew_is_by_time_and_rest_is_at_once():
    rig = one(source="y0", limits=(0.0, 1.0), slew_per_s=2.0)
    for _ in range(3):
        rig.act([1.0, 0.0, 0.0], ms=100)
    rig.act([1.0, 0.0, 0.0], ms=1000)
    rig.act([0.0, 0.0, 0.0], ms=250)
    assert close(rig.given()[0], [0.2, 0.4, 0.6, 1.0, 0.5], 1e-6)
    rig.rest()
    # It comes back from there, and not from where it was, however long it rested.
    rig.rest(ms=60000)
    rig.act([1.0, 0.0, 0.0], ms=100)
    assert close(rig.given()[0], [0.0, 0.0, 0.2], 1e-6)


def test_one_that_fails_takes_the_others_to_safe():
    good, bad = Driver(), Driver()
    rig = Rig((good, {"source": "y0", "safe": 0.25}), (bad, {"source": "y1", "safe": 0.75}))
    assert rig.rest("start") == [] and rig.given() == [[0.25], [0.75]]
    bad.broken = True
    assert rig.act([1.0, 1.0, 0.0]) == [("a1", "jammed"), ("a1", "jammed")]
    assert rig.action.resting == "fault" and rig.given() == [[1.0, 0.25], []]
    # From now on it is tried first: the other stays where it is safe.
    assert rig.act([1.0, 1.0, 0.0]) == [("a1", "jammed"), ("a1", "jammed")]
    assert rig.given() == [[0.25], []]
    bad.broken = False
    assert rig.act([1.0, 1.0, 0.0]) == [] and rig.given() == [[1.0], [1.0]]
    assert [each["value"] for each in rig.actuators.facts()] == [1.0, 1.0]


def test_one_that_does_not_start_is_tried_again_and_holds_the_others_safe():
    good, bad = Driver(), Driver(broken=True)
    rig = Rig((good, {"source": "y0", "safe": 0.25}), (bad, {"source": "y1", "safe": 0.75}))
    assert rig.rest("start") == [("a1", "jammed")] and not rig.actuators.complete
    for _ in range(49):
        assert rig.act([1.0, 1.0, 0.0]) == []
    assert bad.starts == 1 and rig.given() == [[0.25] * 50, []]
    assert rig.act([1.0, 1.0, 0.0]) == [("a1", "jammed")]
    bad.broken = False
    for _ in range(50):
        rig.act([1.0, 1.0, 0.0])
    assert bad.starts == 3 and rig.actuators.complete
    rig.given()
    rig.act([1.0, 1.0, 0.0])
    assert rig.given() == [[1.0], [1.0]]


def test_a_controller_drives_by_its_name():
    rig = Rig((Driver(), {"source": "heat", "safe": 0.25, "limits": (0.0, 1.0)}), outputs=2)
    rig.rest("start")
    rig.act([0.5, 0.75])
    # A model whose policy has no such controller does not drive it.
    assert rig.given() == [[0.25, 0.25]]
    rig.action.use((), [0.0] * 4, -1)
    rig.actuators.install((), 2, ("cool", "heat"))
    rig.act([0.0, 0.0, 0.5, 0.75])
    rig.act([0.0, 0.0, 0.5, 9.0])
    assert rig.given() == [[0.75, 1.0]]


def test_an_output_beyond_the_models_is_no_controllers_value():
    rig = Rig((Driver(), {"source": "y2", "safe": 0.25}), outputs=2)
    rig.rest("start")
    rig.action.use((), [0.0] * 3, -1)
    rig.actuators.install((), 2, ("heat",))
    rig.act([0.0, 0.0, 0.5])
    assert rig.given() == [[0.25, 0.25]]


def test_what_it_was_given_is_safe_before_the_first_value():
    rig = Rig((Driver(), {"source": "y0", "safe": 0.25}))
    (actuator,) = rig.actuators
    assert actuator.given == 0.25 and actuator.value is None
    rig.rest("start")
    rig.act([0.5, 0.0, 0.0])
    assert actuator.given == 0.5

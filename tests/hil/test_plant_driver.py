"""The board's end of a simulated plant, around the real loop."""

import struct
from binascii import unhexlify

import pytest
from drivers.plant import Plant
from drivers.plant_actuator import Driver as ActuatorDriver
from drivers.plant_sensor import Driver as SensorDriver
from fake_board import Bench, Board, Port, split
from fixtures import model_bytes, settings
from keyed_folder import KEY, provision

from rivulet import protocol
from rivulet.control.actuators import Actuator
from rivulet.hmac import hmac_sha256
from rivulet.loop import Loop
from rivulet.sensing.sensor import Sensor
from rivulet.store.uploads import Store

SAFE = -5.0
LEASE_MS = 1000
CADENCE_US = 20000


class Rig:
    """A rig as hil writes it: two sensors, with two channels and one, and an actuator."""

    def __init__(self):
        self.plant = plant = Plant((2, 1), 1)
        self._sensors = [
            Sensor("s", lambda: SensorDriver(plant, {}, 0, 20000), ("a", "b"), ("m", "m")),
            Sensor("t", lambda: SensorDriver(plant, {}, 1, 20000), ("c",), ("m",)),
        ]

    def make_sensors(self):
        return self._sensors

    def make_actuators(self):
        made = ActuatorDriver(self.plant, {}, 0)
        return [Actuator("force", lambda: made, "y0", None, (-10.0, 10.0), 0.0, SAFE)]


class PlantBench(Bench):
    """A loop with that rig. `board.now` is the board's own time."""

    def __init__(self, folder, access=None):
        data = model_bytes(settings(output="value", classes=[], policy={"cadence_us": CADENCE_US}))
        (folder / "active.safetensors").write_bytes(data)
        self.board = Board(now=7_000_000)
        self.port = Port()
        self.link = self.port.link()
        self.store = Store(str(folder))
        self.rig = Rig()
        chip = self.rig.plant.in_place_of(self.board)
        self.loop = Loop(chip, self.rig, self.link, self.store, access)

    def lease(self, flags=protocol.LOCK_STEP, lease_ms=LEASE_MS):
        return self.ask(protocol.PLANT, head(0, lease_ms, flags))

    def feed(self, payload, sequence):
        """What the board answers to readings: a list of (sequence, number, ticks, force)."""
        self.port.incoming += protocol.frame(protocol.PLANT, sequence, payload)
        self.turns(12)
        return self.actions()

    def actions(self):
        frames, _ = split(self.port.outgoing)
        self.port.outgoing = b""
        form = protocol.ACTION_HEAD + "f"
        found = [struct.unpack(form, body) for kind, _, body in frames if kind == protocol.ACTION]
        return [(sequence, number, ticks, force) for number, ticks, sequence, force in found]


def head(ticks, lease_ms=0, flags=0):
    return struct.pack(protocol.PLANT_HEAD, lease_ms, flags, ticks)


def both(ticks, a, b, c):
    """Readings of both sensors."""
    return head(ticks) + struct.pack("<B2f", 0, a, b) + struct.pack("<Bf", 1, c)


@pytest.fixture
def made(tmp_path):
    return PlantBench(tmp_path)


def inputs(made):
    return [round(float(value), 4) for value in made.loop.model.physical(3)]


def test_in_lock_step_each_message_is_answered_once_all_is_done(made):
    assert made.lease() == (protocol.OK, 1, "")
    assert [sequence for sequence, *_ in made.feed(head(1000), 1)] == [1]
    events = made.loop.progress.events
    ((sequence, number, ticks, force),) = made.feed(both(501000, 1.0, 2.0, 3.0), 2)
    assert (sequence, made.loop.progress.events - events) == (2, 2)
    assert inputs(made) == [1.0, 2.0, 3.0]
    assert force == pytest.approx(made.loop.control.guard.good[0])
    # Nothing moves the board's time but the next message.
    made.board.now += 500_000
    made.turns(20)
    assert made.actions() == [] and made.loop.clock.ticks == ticks
    ((sequence, later, then, _),) = made.feed(head(501000 + CADENCE_US - 1), 3)
    assert (sequence, later, then - ticks) == (3, number, CADENCE_US - 1)
    ((_, later, then, _),) = made.feed(head(501000 + CADENCE_US), 4)
    assert (later, then - ticks) == (number + 1, CADENCE_US)


def test_an_event_has_the_plants_time(made):
    made.lease()
    made.feed(both(0, 0.0, 0.0, 0.0), 1)
    before = made.loop.progress.ticks
    made.feed(head(7000) + struct.pack("<Bf", 1, 4.0), 2)
    assert made.loop.progress.ticks - before == 7000
    # The host's ticks wrap like the board's.
    made.feed(head(0x1FFFFFFF), 3)
    made.feed(head(0x3FFFFFF0), 4)
    ((_, _, ticks, _),) = made.feed(head(999), 5)
    assert (ticks - before) & 0x3FFFFFFF == 999


def test_a_message_that_comes_twice_is_taken_once(made):
    made.lease()
    first = made.feed(both(0, 1.0, 1.0, 1.0), 9)
    events = made.loop.progress.events
    assert made.feed(both(0, 1.0, 1.0, 1.0), 9) == first
    assert made.loop.progress.events == events


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (head(20000) + struct.pack("<B2fBf", 0, 5.0, 5.0, 2, 5.0), "there is no sensor 2"),
        (head(20000) + struct.pack("<B2fB", 0, 5.0, 5.0, 1), "the last reading is not whole"),
        (head(0x3FFFFFFF), "time goes back"),
        (head(20000, LEASE_MS) + struct.pack("<Bf", 1, 5.0), "a lease has no readings"),
        (head(20000, LEASE_MS, 0), "the lease that runs is of the other kind"),
    ],
)
def test_bad_messages_are_refused_whole(made, payload, said):
    made.lease()
    made.feed(both(10000, 1.0, 2.0, 3.0), 1)
    status, _, text = made.ask(protocol.PLANT, payload)
    assert (status, text) == (protocol.REFUSED, "bad request: " + said)
    assert inputs(made) == [1.0, 2.0, 3.0]
    assert made.actions() == []


def test_without_a_lease_nothing_is_taken(made):
    status, _, text = made.ask(protocol.PLANT, both(0, 1.0, 2.0, 3.0))
    assert status == protocol.REFUSED and "no lease runs" in text
    assert made.loop.progress.events == 0


def test_a_rig_of_another_kind_refuses(tmp_path):
    status, _, text = Bench(str(tmp_path), model_bytes()).ask(protocol.PLANT, head(0, LEASE_MS))
    assert status == protocol.REFUSED and "rivulet hil" in text


def force(made):
    return made.loop.control._actuators.facts()[0]["value"]


@pytest.mark.parametrize("flags", [0, protocol.LOCK_STEP])
def test_when_the_host_goes_the_actuators_rest(made, flags):
    made.lease(flags)
    made.feed(both(0, 1.0, 2.0, 3.0), 1)
    made.board.now += CADENCE_US
    made.feed(both(CADENCE_US, 1.0, 2.0, 3.0), 2)
    assert not made.loop.control.action.resting and force(made) != SAFE
    made.board.now += LEASE_MS * 1000
    made.turns(4)
    # Its own time goes on, and with it decisions.
    for _ in range(3):
        made.board.now += CADENCE_US
        made.turns(4)
    assert made.loop.control.action.resting == "fault" and force(made) == SAFE
    assert "nobody simulates the plant" in made.loop.faults.last
    made.lease(flags)
    made.feed(both(0, 1.0, 2.0, 3.0), 3)
    made.board.now += 100_000
    made.feed(both(100_000, 1.0, 2.0, 3.0), 4)
    assert not made.loop.control.action.resting and force(made) != SAFE


def test_the_boards_time_never_goes_back(made):
    for flags in (protocol.LOCK_STEP, 0, protocol.LOCK_STEP):
        made.lease(flags)
        before = made.loop.clock.ticks
        for step in range(3):
            made.feed(head(step * 300_000), step)
        made.lease(flags, 1)
        made.turns(3)
        assert made.loop.clock.ticks >= before + (600_000 if flags else 0)
        before = made.loop.clock.ticks
        made.board.now += 5000
        made.turns()
        assert made.loop.clock.ticks == before + 5000
        assert abs(made.loop.board.ticks_ms() * 1000 - made.loop.clock.ticks) < 3000


def test_in_real_time_every_decision_is_told(made):
    made.lease(0)
    made.feed(both(0, 1.0, 2.0, 3.0), 1)
    told = []
    for _ in range(10):
        made.board.now += CADENCE_US
        made.turns(3)
        told += made.actions()
    assert [sequence for sequence, *_ in told] == [1] * 10
    numbers = [number for _, number, *_ in told]
    assert numbers == list(range(numbers[0], numbers[0] + 10))
    assert told[1][2] - told[0][2] == CADENCE_US


def test_a_full_port_delays_an_action_and_loses_none(made):
    made.lease()
    made.feed(head(0), 1)
    made.port.room = 0
    assert made.feed(head(CADENCE_US), 2) == []
    made.port.room = 1 << 20
    made.turns(5)
    assert [sequence for sequence, *_ in made.actions()] == [2]


def authorised(made, payload):
    _, _, text = made.ask(protocol.CHALLENGE)
    command = bytes([protocol.PLANT]) + payload
    tag = hmac_sha256(KEY, protocol.COMMAND_DOMAIN, unhexlify(text), command)
    return made.ask(protocol.AUTHORISED, tag + command)


def test_a_keyed_board_takes_readings_within_an_authorised_lease_alone(tmp_path):
    made = PlantBench(tmp_path, provision(str(tmp_path)))
    bare_lease = head(0, LEASE_MS, protocol.LOCK_STEP)
    for payload in (bare_lease, both(0, 1.0, 2.0, 3.0)):
        assert made.ask(protocol.PLANT, payload)[0] == protocol.LOCKED
    assert authorised(made, bare_lease)[0] == protocol.OK
    assert [answer[0] for answer in made.feed(both(0, 1.0, 2.0, 3.0), 1)] == [1]
    # Nobody else renews it, ends it, or does anything besides.
    for lease_ms in (LEASE_MS, 1, 65535, 256):
        assert made.ask(protocol.PLANT, head(0, lease_ms, 1))[0] == protocol.LOCKED
    assert made.ask(protocol.RESET)[0] == protocol.LOCKED
    # Nor does the plant's time keep a challenge open.
    _, left_ms, _ = made.ask(protocol.CHALLENGE)
    made.board.now += 300_000
    assert made.ask(protocol.CHALLENGE)[1] == left_ms - 300
    made.feed(head(900_000), 2)
    assert made.ask(protocol.CHALLENGE)[1] == left_ms - 300
    made.board.now += LEASE_MS * 1000
    made.turns(4)
    assert made.ask(protocol.PLANT, both(20000, 1.0, 2.0, 3.0))[0] == protocol.LOCKED

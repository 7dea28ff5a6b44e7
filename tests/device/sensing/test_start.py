"""Sensors are started each by itself, and one that does not start counts as missing."""

from fake_board import Bench, Sensor
from fixtures import Scratch, model_bytes, settings
from wire_helpers import push

_GUARDS = {"stale": {"after_ms": 300, "action": "safe"}, "safe": {"name": "still"}}


class Counted(Sensor):
    """Calls `tries` whenever it is started."""

    tries = None

    def start(self, handler):
        if self.tries:
            self.tries()
        super().start(handler)


def two(left_fails=False, right_fails=False):
    made = [Counted("left", ("c", "a")), Counted("right", ("b",))]
    made[0].broken, made[1].broken = left_fails, right_fails
    return made


def live(made, seconds, *sources):
    for _ in range(int(seconds * 50)):
        made.board.now += 20000
        for source in sources:
            made.sensors[source].values[0] = made.board.now // 20000 % 7 / 8
            made.loop.ring.push(made.board.now & 0x3FFFFFFF, source)
        made.turns()


def test_each_gets_a_handler_that_stores_the_time_and_its_number():
    with Scratch() as folder:
        made = Bench(folder, None, two(), now=5000)
        ring = made.loop.ring
        assert made.loop.boot_error == ""
        for now, source in ((5000, 1), (7000, 0)):
            made.board.now = now
            made.sensors[source].handler(None)
        for found in ((5000, 1), (7000, 0)):
            assert ring.take() and tuple(ring.found) == found


def test_one_that_fails_loses_no_other():
    for left, right in ((True, False), (False, True), (True, True)):
        with Scratch() as folder:
            made = Bench(folder, None, two(left, right))
            for driver, failed in zip(made.sensors, (left, right)):
                line = "sensor %s does not answer: " % driver.name
                assert (line in made.loop.boot_error) == failed
                assert hasattr(driver, "handler") != failed


def test_those_that_failed_are_tried_again_in_turn():
    with Scratch() as folder:
        made = Bench(folder, None, two(True, True))
        tried = []
        for source in (0, 1):
            made.sensors[source].tries = lambda source=source: tried.append(source)

        def wait(seconds):
            del tried[:]
            for _ in range(2 * seconds):
                made.board.now += 500000
                made.turns()
            return tried

        # Each every five seconds.
        assert wait(20) == [0, 1] * 4
        made.sensors[0].broken = False
        assert wait(20) == [0, 1, 1, 1]
        assert made.loop.boot_error.startswith("sensor right does not answer: ")


def test_the_others_feed_the_model():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two(right_fails=True))
        assert made.loop.boot_error.startswith("sensor right does not answer: ")
        made.sensors[0].values = [3.0, 1.0]
        made.board.event(0)
        made.turns()
        assert list(made.loop.model.cell.input_floats) == [1.0, 0.0, 3.0]
        # It is missing, and its channel is not without a sensor.
        live(made, 0.1, 0)
        assert made.loop.health.unfed == []
        assert [each.said() for each in made.loop.health.by_source] == [[], ["missing"]]
        assert made.loop.health.stale == "right says nothing new"


def test_a_model_that_does_not_take_it_is_not_stale():
    with Scratch() as folder:
        broken = [Sensor("s", ("a", "b", "c")), Sensor("other", ("x",))]
        broken[1].broken = True
        made = Bench(folder, model_bytes(settings(guards=_GUARDS)), broken)
        live(made, 0.5, 0)
        assert made.loop.health.stale is None and len(made.board.decisions) > 3


def test_the_first_decision_knows_of_it_and_its_first_word_ends_it():
    with Scratch() as folder:
        data = model_bytes(settings(guards=_GUARDS, policy={"cadence_us": 10000}))
        made = Bench(folder, data, two(left_fails=True))
        made.board.now += 10000
        made.turns()
        whys = [("start", -1), ("start", 0), ("stale", 0)]
        assert [rest[1:3] for rest in made.board.rests] == whys
        assert made.board.decisions == []
        made.sensors[0].broken = False
        live(made, 5.1)
        assert made.board.decisions == []
        live(made, 0.5, 0, 1)
        assert made.loop.health.stale is None and len(made.board.decisions) > 3
        assert made.loop.guard.trips == 0
        # From now on it is a sensor like any other.
        live(made, 0.5, 1)
        assert made.board.rests[-1][1] == "stale"


def test_a_channel_without_a_sensor():
    for guards, why in ((_GUARDS, "stale"), ({}, "")):
        with Scratch() as folder:
            made = Bench(
                folder, model_bytes(settings(guards=guards)), [Sensor("s", ("b", "other"))]
            )
            live(made, 0.5, 0)
            # It is said, whatever is done about it.
            assert made.loop.health.stale == "no sensor feeds a, c"
            if why:
                assert made.board.decisions == [] and made.board.rests[-1][1] == why
                assert made.loop.guard.reason == "no sensor feeds a, c: safe"
            else:
                assert len(made.board.rests) == 2 and made.board.decisions


def test_a_push_does_not_hide_a_sensor_that_failed():
    with Scratch() as folder:
        made = Bench(folder, b"no model", two(right_fails=True))
        first, second = made.loop.boot_error.split("; ")
        assert first.startswith("sensor right") and second.startswith("stored model: ")
        assert push(made, model_bytes())[0] == 0
        assert made.loop.boot_error == first


def test_one_that_answers_later_feeds_the_model_then():
    with Scratch() as folder:
        made = Bench(folder, model_bytes(), two(right_fails=True))
        assert made.loop.health.facts()["sensors"][1]["error"] != ""
        made.sensors[1].broken = False
        live(made, 4.9, 0)
        assert made.loop.boot_error.startswith("sensor right does not answer: ")
        made.port.take()
        live(made, 0.2)
        assert made.loop.boot_error == "" and b"sensor right answers" in made.port.take()[1]
        # It is there when it has spoken, and not before.
        assert made.loop.health.by_source[1].said() == ["missing"]
        made.sensors[1].values = [2.0]
        made.board.event(1)
        made.turns()
        assert made.loop.model.cell.input_floats[1] == 2.0
        live(made, 0.2, 0, 1)
        said = made.loop.health.facts()["sensors"]
        assert [(each["error"], each["trouble"]) for each in said] == [("", []), ("", [])]

"""Faults of a person's own code: told with file and line, outputs safe, never the model's."""

import sys

from fake_board import Bench
from fixtures import Scratch, model_bytes, tensors
from own_code import IMPORT, MAKE, SAFE, START, SYNTAX, Rig, confirmed, live, made, on_trial
from wire_helpers import document, push

from rivulet import blame, protocol
from rivulet.faults import Faults
from rivulet.sensing import triggers


def said(kind, message, path="drivers/sonar.py"):
    """Whether a text names the place and the error; interpreters word some differently."""

    def check(text):
        assert (path + ", line 5: " + kind) in text and message in text, text

    return check


def test_code_that_does_not_start():
    for source, check in (
        (IMPORT, said("ImportError" if sys.implementation.name == "micropython" else "Mod", "")),
        (SYNTAX, said("SyntaxError", "")),
        (MAKE, said("KeyError", "rate_hz")),
        (START, said("ValueError", "id 7")),
    ):
        with Scratch() as folder:
            rig = Rig(source)
            bench = Bench(folder, model_bytes(), rig=rig)
            check(bench.loop.boot_error)
            assert bench.loop.boot_error.startswith("sensor sonar: drivers/")
            live(bench, rig, 3)
            facts = document(bench, protocol.STATUS)[0]
            check(facts["fault"])
            check(facts["sensors"][0]["error"])
            assert facts["faults"] == 1 and facts["sensors"][0]["channels"] == ["a", "b", "c"]
            assert facts["sensors"][0]["trouble"] == ["missing", "fault"]
            fan = {"name": "fan", "value": SAFE, "error": ""}
            assert facts["actuators"] == [fan]
            assert bench.loop.control.action.resting == "fault"
            assert bench.store.facts()["reverts"] == 0 and bench.loop.model is not None
            # A push does not erase it, and it is not the new model's.
            assert push(bench, model_bytes(arrays=tensors(seed=2)))[0] == protocol.OK
            live(bench, rig, 220)
            check(bench.loop.boot_error)
            assert bench.store.facts()["reverts"] == 0 and bench.store.on_trial
            # It was tried again and again.
            assert bench.loop.faults.count == 5


def test_code_that_does_not_start_with_a_model_on_trial():
    with Scratch() as folder:
        bench = on_trial(folder, Rig())
        before = bench.store.facts()["slot_hashes"][0]
        rig = Rig(START)
        bench = Bench(folder, rig=rig)
        assert bench.store.on_trial
        live(bench, rig)
        assert bench.loop.model_hash == before
        said("ValueError", "id 7")(bench.store.facts()["reverted"][1])


def test_a_reading_that_raises_in_a_trial_leads_to_the_model_before():
    with Scratch() as folder:
        rig = Rig()
        bench = on_trial(folder, rig)
        rig.driver.good = False
        live(bench, rig)
        facts = bench.store.facts()
        assert facts["reverts"] == 1 and facts["slot"] == "a" and not facts["trial"]
        assert facts["reverted"][1].startswith("fault: sensor sonar: ")
        said("ValueError", "bad echo")(facts["reverted"][1])
        lines = b"\n".join(bench.port.take()[1])
        assert lines.count(b"fault: sensor sonar: drivers/sonar.py, line 5: ValueError") == 2
        assert b"the model before is back: fault: sensor sonar" in lines


def test_a_reading_that_raises_later_never_touches_the_slot():
    with Scratch() as folder:
        rig = Rig()
        bench = confirmed(folder, rig)
        live(bench, rig, 3)
        digest = bench.loop.model_hash
        assert bench.loop.control.action.resting == "" and rig.motor.given[-1] >= 0.0
        rig.driver.good = False
        live(bench, rig, 20)
        facts = document(bench, protocol.STATUS)[0]
        assert facts["reverts"] == 0 and facts["model_hash"] == digest
        assert facts["faults"] == 20 and facts["sensors"][0]["trouble"][-1] == "fault"
        said("ValueError", "bad echo")(facts["sensors"][0]["error"])
        assert bench.loop.control.action.resting == "fault" and rig.motor.given[-1] == SAFE
        # A bus error is none, and does not end it; a reading does.
        events = bench.loop.progress.events
        rig.driver.good = True
        live(bench, rig, 2)
        assert bench.loop.progress.events == events + 2
        assert bench.loop.control.action.resting == "" and rig.motor.given[-1] >= 0.0
        sensor = document(bench, protocol.STATUS)[0]["sensors"][0]
        assert (sensor["error"], sensor["trouble"]) == ("", [])


def test_what_was_at_fault_before_a_push_is_not_held_against_the_model():
    with Scratch() as folder:
        rig = Rig()
        bench = confirmed(folder, rig)
        rig.driver.good = False
        live(bench, rig, 3)
        assert push(bench, model_bytes(arrays=tensors(seed=3)))[0] == protocol.OK
        assert bench.store.on_trial
        live(bench, rig, 50)
        assert bench.store.facts()["reverts"] == 0


def test_an_actuator_that_raises():
    for trial in (True, False):
        with Scratch() as folder:
            rig = Rig()
            bench = (on_trial if trial else confirmed)(folder, rig)
            live(bench, rig, 2)
            rig.motor.good = False
            live(bench, rig, 3)
            assert rig.motor.given[-1] == SAFE
            facts = document(bench, protocol.STATUS)[0]
            check = said("ValueError", "jammed", "drivers/fan.py")
            check(facts["actuators"][0]["error"])
            check(facts["fault"])
            assert facts["reverts"] == trial and facts["actuator_errors"] == facts["faults"] > 1
            if trial:
                check(facts["reverted"][1])
            rig.motor.good = True
            live(bench, rig, 2)
            facts = document(bench, protocol.STATUS)[0]
            assert facts["actuators"][0]["error"] == "" and rig.motor.given[-1] >= 0.0


def test_an_interrupt_that_raises():
    for trial in (True, False):
        with Scratch() as folder:
            rig = Rig()
            bench = (on_trial if trial else confirmed)(folder, rig)
            live(bench, rig, 2)
            rig.driver.good = False
            try:
                rig.driver.read(None)
            except ValueError as error:
                triggers.failed[0] = error
            rig.driver.good = True
            live(bench, rig)
            assert triggers.failed == [None]
            assert rig.motor.given[-1] == SAFE or trial
            said("ValueError", "bad echo")(bench.loop.faults.last)
            assert bench.store.facts()["reverts"] == trial
            # Until it raises again.
            live(bench, rig, 2)
            assert rig.motor.given[-1] >= 0.0


def test_the_innermost_frame_of_ones_own_is_to_blame():
    source = """
class Driver:
    def read(self, out):
        from rivulet.sensing.ring import EventRing
        EventRing(3)
"""
    for path, expected in (
        ("drivers/sonar.py", "drivers/sonar.py, line 5"),
        ("firmware/a/drivers/sonar.py", "drivers/sonar.py, line 5"),
        ("/firmware/b/rig.py", "rig.py, line 5"),
    ):
        try:
            made(source, path).read(None)
        except ValueError as error:
            assert blame.place(error) == expected
            assert blame.told(error).startswith(expected + ": ValueError: ring size")


def test_a_kind_of_fault_is_told_once():
    told = []
    faults = Faults(told.append)
    for number in range(20):
        try:
            raise ValueError(number)
        except ValueError as error:
            faults.note("sensor s", error)
    assert faults.count == 20 and len(told) == 1 and "ValueError: 19" in faults.last

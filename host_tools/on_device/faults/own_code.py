"""A person's own drivers that raise, under the real loop; see host_tools/faults/own_code.py."""

import json
import os

from fake_board import Bench
from fixtures import Numbers
from own_code import IMPORT, MAKE, SAFE, START, Rig, confirmed, live, on_trial

from rivulet.sensing import triggers

_SONAR = "drivers/sonar.py, line 5: "
_FAN = "drivers/fan.py, line 5: ValueError: jammed"
# Where the driver raises -> what has to be told.
_SOURCES = {"import": IMPORT, "make": MAKE, "start": START}
_TOLD = {"import": _SONAR, "make": _SONAR, "start": _SONAR, "read": _SONAR, "interrupt": _SONAR}
_TOLD["write"] = _FAN
# Decisions after which the actuator has to be safe, and the model before back.
_MOST = 2


def cleared():
    for name in os.listdir("."):
        if name.startswith("journal") or name.endswith(".safetensors"):
            os.remove(name)


def begin(where, trial, numbers):
    """(bench, rig) with the fault about to show."""
    rig = Rig()
    bench = (on_trial if trial else confirmed)(".", rig)
    live(bench, rig, 1 + numbers.below(30))
    if where in _SOURCES:
        rig = Rig(_SOURCES[where])
        bench = Bench(".", rig=rig)
    elif where == "read":
        rig.driver.good = False
    elif where == "write":
        rig.motor.good = False
    else:
        rig.driver.good = False
        try:
            rig.driver.read(None)
        except ValueError as error:
            triggers.failed[0] = error
        rig.driver.good = True
    return bench, rig


def check(where, trial, numbers):
    """What went wrong, in words; "" if nothing did."""
    cleared()
    bench, rig = begin(where, trial, numbers)
    store, loop = bench.store, bench.loop
    digest = loop.model_hash
    reverts = store.facts()["reverts"]
    rests = 0
    for _ in range(_MOST):
        live(bench, rig)
        if loop.control.action.resting == "fault" and rig.motor.given[-1] == SAFE:
            rests += 1
    facts = store.facts()
    if _TOLD[where] not in loop.faults.last:
        return "told is '%s'" % loop.faults.last
    # The model before begins with decisions of its own.
    if not rests and not trial:
        return "the actuator is not safe"
    if facts["reverts"] - reverts != trial or (loop.model_hash == digest) == trial:
        return "%d reverts" % (facts["reverts"] - reverts)
    if trial and _TOLD[where] not in facts["reverted"][1]:
        return "the reason is '%s'" % facts["reverted"][1]
    live(bench, rig, 30)
    if store.facts()["reverts"] != facts["reverts"]:
        return "the model before is left as well"
    return ""


def main(times, seed):
    numbers = Numbers(seed + 1)
    broken = []
    for where in sorted(_TOLD):
        for trial in (True, False):
            for _ in range(times):
                wrong = check(where, trial, numbers)
                if wrong:
                    kind = "on trial" if trial else "confirmed"
                    broken.append("%s, a model %s: %s" % (where, kind, wrong))
    return {"injected": 2 * times * len(_TOLD), "broken": broken[:10]}


print(json.dumps(main(**GIVEN)))

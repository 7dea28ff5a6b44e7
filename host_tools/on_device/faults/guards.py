"""Bad numbers, sensors that fail, too many events; see host_tools/faults/guards.py."""

import json
import os

from fake_board import Bench, Sensor
from fixtures import Numbers, model_bytes, settings

from rivulet.arrays import floats

_BAD = (float("nan"), float("inf"), -float("inf"), 1e30, -1e30)
_BOUND = 3.0
_ACTIONS = ("clamp", "hold", "reset", "safe")
_LIMIT_MS = 300
_LOOK_MS = 100  # the decisions' cadence
# Events that may wait, one of each sensor, and those of a turn.
_WAITING = 8 + 3 + 4


class Known(Sensor):
    interval_us = 20000
    limits = (-8.0, 8.0)


def bench(sensors, **changes):
    for name in os.listdir("."):
        if name.startswith("journal"):
            os.remove(name)
    return Bench(".", model_bytes(settings(**changes)), sensors)


def numbers_that_are_none(times, numbers):
    """Outputs, state and inputs are spoiled; what was actuated is looked at."""
    broken = []
    actuated = 0
    for action in _ACTIONS:
        guards = {
            "outputs": {"min": -_BOUND, "max": _BOUND, "action": action},
            "safe": {"name": "stop", "outputs": [0, 0]},
        }
        made = bench(None, guards=guards, output="value", classes=[])
        model = made.loop.model
        real = model.peek, model.outputs
        for _ in range(times):
            bad = _BAD[numbers.below(len(_BAD))]
            where = numbers.below(4)
            if where == 0:
                made.sensors[0].values = [0.5, bad, 0.25]
            elif where == 1:
                model.cell.state_floats[numbers.below(4)] = bad
            elif where == 2:
                spoiled = real[1]()
                floats(spoiled)[numbers.below(2)] = bad
                model.peek = lambda ahead_us, spoiled=spoiled: spoiled
                model.outputs = lambda spoiled=spoiled: spoiled
            made.board.now += 100000
            made.board.event(0)
            made.turns()
            model.peek, model.outputs = real
            made.sensors[0].values = [0.5, -0.25, 0.25]
        given = [outputs for _, _, outputs in made.board.decisions]
        # The first is that of the start, before any decision.
        given += [outputs for _, _, _, outputs in made.board.rests[1:]]
        for outputs in given:
            actuated += 1
            if len(outputs) != 2 or not all(-_BOUND <= value <= _BOUND for value in outputs):
                broken.append("%s: %s was actuated" % (action, outputs))
        if not made.loop.guard.trips:
            broken.append("%s: nothing tripped, this tests nothing" % action)
    return {"injected": times * len(_ACTIONS), "actuated": actuated, "broken": broken[:10]}


def sensors_that_fail(times, numbers):
    """Silent, stuck, out of range, not answering: each has to be said in time, and be over."""
    broken = []
    longest_ms = 0
    guards = {"stale": {"after_ms": _LIMIT_MS}, "stuck": {"after_ms": _LIMIT_MS}}
    made = bench([Known("s", ("a", "b", "c"))], guards=guards)
    sensor, sensor_health = made.sensors[0], made.loop.health.by_source[0]

    def pass_time(kind):
        made.board.now += 20000
        if kind != "stuck":
            sensor.values = [
                numbers.unit(),
                numbers.unit(),
                9.0 if kind == "out of range" else 0.5,
            ]
        sensor.broken = kind == "bus errors"
        if kind != "missing":
            made.board.event(0)
        made.turns()

    for _ in range(times):
        kind = ("missing", "stuck", "out of range", "bus errors")[numbers.below(4)]
        for _ in range(10 + numbers.below(20)):
            pass_time("")
        if sensor_health.said():
            broken.append("a sensor that works is said to be " + ", ".join(sensor_health.said()))
        begun = made.board.now
        while kind not in sensor_health.said() and made.board.now - begun < 2000000:
            pass_time(kind)
        waited_ms = (made.board.now - begun) // 1000
        longest_ms = max(longest_ms, waited_ms)
        if waited_ms > _LIMIT_MS + 5 * _LOOK_MS:
            broken.append("%s is said after %d ms" % (kind, waited_ms))
    return {"injected": times, "longest_ms": longest_ms, "broken": broken[:10]}


def more_than_can_be_taken(times, numbers):
    """Storms from three sensors: what comes out is current, and everything is counted."""
    broken = []
    made = bench([Sensor("one", ("a",)), Sensor("two", ("b",)), Sensor("three", ("c",))])
    loop = made.loop
    pushed = [0, 0, 0]
    deepest = 0
    storms = 0
    for _ in range(times):
        # Up to ten times what a turn takes, for up to ten turns; stalls overflow the ring.
        count = numbers.below(400) if numbers.below(20) == 0 else numbers.below(40)
        storms += count > 12
        for _ in range(count):
            made.board.now += 50
            source = numbers.below(3) * numbers.below(2)
            made.board.event(source)
            pushed[source] += 1
        made.turns()
        deepest = max(deepest, len(loop.ring))
        if len(loop.ring) > _WAITING:
            broken.append("%d events wait after a turn" % len(loop.ring))
    made.turns(10)
    counted = loop.progress.events + sum(loop.ring.coalesced) + sum(loop.ring.dropped)
    if counted != sum(pushed) or loop.progress.late:
        broken.append("%d of %d events are accounted for" % (counted, sum(pushed)))
    return {
        "injected": storms,
        "pushed": sum(pushed),
        "taken": loop.progress.events,
        "coalesced": sum(loop.ring.coalesced),
        "dropped": sum(loop.ring.dropped),
        "deepest": deepest,
        "broken": broken[:10],
    }


def main(times, seed):
    numbers = Numbers(seed + 1)
    return {
        "numbers": numbers_that_are_none(times, numbers),
        "sensors": sensors_that_fail(times, numbers),
        "overload": more_than_can_be_taken(times, numbers),
    }


print(json.dumps(main(**GIVEN)))

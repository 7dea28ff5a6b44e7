"""Counters that wrap, at every phase; see host_tools/faults/clock.py."""

import gc
import json
from array import array

from fake_board import Bench
from fixtures import Numbers
from in_process import load, read

import rivulet.sensing.clock
from rivulet.sensing.clock import PERIOD


def small_clock(source):
    """clock.py with a period of 2^16 us, all else in proportion; a dict of what it defines."""
    for old, new in (
        ("PERIOD = const(0x40000000)", "PERIOD = const(0x10000)"),
        ("_MASK = const(0x3FFFFFFF)", "_MASK = const(0xFFFF)"),
        ("_HALF = const(0x20000000)", "_HALF = const(0x8000)"),
        ("_STALL_MS = const(4000)", "_STALL_MS = const(4)"),
        ("_DRIFT_MS = const(2000)", "_DRIFT_MS = const(2)"),
    ):
        assert source.count(old) == 1, "clock.py has no %s" % old
        source = source.replace(old, new)
    names = {"__name__": "small_clock"}
    exec(source, names)
    return names


# Around what the counters can tell: nothing, a stall, half a period, a period, several, and the
# whole of the coarse counter's.
SMALL_GAPS = (0, 1, 999, 3999, 4001, 32767, 32768, 32769, 65535, 65536, 65537, 196607, 60000000)
OFFSETS = (0, 1, -1, 9999, -9999, 32766, -32766)


class Time:
    """True time, and counters of it that start at a phase and wrap at `period`."""

    def __init__(self, us_phase, ms_phase, period):
        self.now = 0
        self.us_phase = us_phase
        self.ms_phase = ms_phase
        self.mask = period - 1

    def ticks_us(self):
        return (self.now + self.us_phase) & self.mask

    def ticks_ms(self):
        return (self.now // 1000 + self.ms_phase) & self.mask


def every_phase(source, stride):
    """(updates, broken): all gaps from each phase of a small counter, and stamps around them."""
    names = small_clock(source)
    period = names["PERIOD"]
    count = 0
    broken = []
    for phase in range(0, period, stride):
        time = Time(phase, phase * 7919, period)
        clock = names["Clock"](time.ticks_us, time.ticks_ms)
        nobody = array("i", (0, 0))
        for gap in SMALL_GAPS:
            time.now += gap
            clock.update()
            count += 1
            true = time.now + phase
            if clock.epoch * period + clock.ticks != true:
                broken.append(
                    "phase %d: %d us off after a gap of %d"
                    % (phase, clock.epoch * period + clock.ticks - true, gap)
                )
                break
            for offset in OFFSETS:
                clock.advance((true + offset) & (period - 1), nobody, clock.stamp)
                epoch, ticks = clock.stamp
                if epoch * period + ticks != true + offset:
                    broken.append("phase %d: a stamp %d us away is misplaced" % (phase, offset))
        if len(broken) > 10:
            break
    return count, broken


# A stretch of events, microseconds apart, that is played across the wrap.
STEPS = (0, 1, 999, 40000, 300, 2000000, 7, 650000)


def played(bench, phase, values):
    """The model's state and outputs after STEPS, begun so that the counter stands at `phase`."""
    board, loop = bench.board, bench.loop
    board.now += (phase - board.now) % PERIOD
    board.event(0)
    bench.turns(2)
    loop.control.reset()
    for step, value in zip(STEPS, values):
        board.now += step
        bench.sensors[0].values = value
        board.event(0)
        # The edge came before the wrap, perhaps, and the loop looks after it.
        board.now += 50
        bench.turns(1)
        board.now -= 50
    return list(loop.model.physical(1)), list(loop.model.physical(2))


def direct(data, values):
    """The same from the model itself, whose intervals nobody cuts into ticks."""
    model = load(data)
    for step, value in zip(STEPS, values):
        model.event(step, (0, 1, 2), value)
    return list(model.physical(1)), list(model.physical(2))


def whole_period(path, samples, seed):
    """(phases, broken) for a model, at phases around the wrap and all over 2^30."""
    numbers = Numbers(seed + 1)
    values = [[numbers.unit() for _ in range(3)] for _ in STEPS]
    wanted = direct(path, values)
    bench = Bench(".", read(path))
    length = sum(STEPS)
    phases = [PERIOD - back for back in range(0, length, max(1, length // (samples // 2)))]
    phases += [
        numbers.below(1 << 15) << 15 | numbers.below(1 << 15) for _ in range(samples - len(phases))
    ]
    broken = []
    for phase in phases:
        if played(bench, phase % PERIOD, values) != wanted:
            broken.append("from %d us before the wrap the state differs" % (PERIOD - phase))
    if bench.loop.progress.late or sum(bench.loop.ring.dropped):
        broken.append("events were late or dropped")
    return len(phases), broken[:10]


def main(source, stride, samples, seed, models):
    with open(source) as file:
        count, broken = every_phase(file.read(), stride)
    report = {"small": {"updates": count, "phases": 65536 // stride, "broken": broken}}
    for path in models:
        gc.collect()
        phases, broken = whole_period(path, samples, seed)
        report[path] = {"phases": phases, "broken": broken}
    return report


print(json.dumps(main(rivulet.sensing.clock.__file__, **GIVEN)))

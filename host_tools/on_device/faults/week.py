"""Days of simulated running; see host_tools/faults/week.py."""

import gc
import json
import os
from array import array

from fixtures import Numbers
from in_process import InProcessBench, hash_of, load, read

from rivulet import loop as loop_module
from rivulet import protocol
from rivulet.sensing.clock import PERIOD
from rivulet.store import trial as trial_module

HOUR_US = 3600 * 1000000
# The fine counter wraps every 18 minutes; the coarse one, every 12 days, in the first week.
BEGIN_US = 1000 * PERIOD - 80 * HOUR_US
DAY_US = 16 * HOUR_US  # with events; then comes a night without
NIGHT_US = 8 * HOUR_US
# Of twenty parts of a cycle: when which model is pushed. The last, in floats, is the slowest.
PUSHED = {0: 0, 9: 1, 19: 2}
TURNED = 4  # where the loop keeps the time of its last turn
FAILING = 500  # one reading in so many
NOISE = bytes(range(128, 160)) + b"}"


class Counts:
    """A sensor of integers that float models read as well; `failing`: its bus does not answer."""

    name = "counts"
    channels = ("a", "b", "c")
    units = ("1", "1", "1")
    scales = (0.01, 0.01, 0.01)

    def __init__(self):
        self.counts = [0, 0, 0]
        self.failing = False

    def start(self, handler):
        self.handler = handler

    def read_raw(self, out):
        if self.failing:
            raise OSError(5)
        for i in range(3):
            out[i] = self.counts[i]

    def read(self, out):
        if self.failing:
            raise OSError(5)
        for i in range(3):
            out[i] = self.counts[i] * self.scales[i]


class Shadow:
    """The models by themselves: they see the true intervals and nothing else."""

    model = None

    def take(self, path):
        """Go on with another model; whether it took over the state."""
        made = load(path)
        kept = self.model is None or made.adopt(self.model)
        self.model = made
        if made.integer:
            self._input_map = made.raw_slots(Counts.channels, Counts.scales)
        return kept

    def event(self, dt_us, sensor):
        model = self.model
        if model is None:
            return
        if model.integer:
            sensor.read_raw(self._input_map.raw)
            model.move(dt_us, self._input_map.words)
        else:
            counts, scales = sensor.counts, sensor.scales
            model.event(dt_us, (0, 1, 2), [counts[i] * scales[i] for i in range(3)])


class Week(InProcessBench):
    """A board in simulated time, its host, and the models' shadow."""

    def __init__(self, folder, seed):
        self._sensor = Counts()
        super().__init__(folder, [self._sensor], BEGIN_US)
        self.board.actuate = self._acted
        # Nothing of the loop may look at real time, and a board's differences wrap at 2^30.
        loop_module.ticks_us = self.board.ticks_us
        trial_module.ticks_ms = self.board.ticks_ms
        loop_module.ticks_diff = trial_module.ticks_diff = signed
        self.loop._progress[TURNED] = self.board.ticks_us()
        self.numbers = Numbers(seed + 1)
        self.shadow = Shadow()
        self.failed = self.decisions = self.records = self.swaps = 0
        self.broken = []
        self._last = self._sequence = None

    def _acted(self, action):
        self.decisions += not action.resting

    def event(self, dt_us=1000):
        board, sensor, numbers = self.board, self._sensor, self.numbers
        for i in range(3):
            sensor.counts[i] = numbers.below(400) - 200
        sensor.failing = numbers.below(FAILING) == 0
        board.now += dt_us
        board.event(0)
        self.loop.turn()
        if sensor.failing:
            sensor.failing = False
            self.failed += 1
            return
        self.sent += 1
        self.shadow.event(0 if self._last is None else board.now - self._last, sensor)
        self._last = board.now

    def heard(self, frames):
        """Every frame that the board sends arrives, each behind the one before."""
        for kind, sequence, _ in frames:
            if self._sequence is not None and sequence != (self._sequence + 1) & 0xFF:
                self.note("a frame is missing before number %d" % sequence)
            self._sequence = sequence
            self.records += kind == protocol.TELEMETRY

    def note(self, text):
        if len(self.broken) < 10:
            hours = (self.board.now - BEGIN_US) / HOUR_US
            self.broken.append("after %.1f h: %s" % (hours, text))

    def swap(self, path, data, confirm):
        """Push a model, damaged and then whole."""
        damaged = bytearray(data)
        damaged[len(data) // 2] ^= 1
        before = self.loop.model_hash
        if not self.push(damaged, data) or self.loop.model_hash != before:
            self.note("a damaged model was taken")
        said = self.push(data)
        if said or self.loop.model_hash != hash_of(data):
            self.note("the model pushed does not run: " + said)
            return
        self.swaps += 1
        if not self.shadow.take(path):
            self.note("the models do not pass on their state")
        # Else it stands its trial by itself.
        if confirm:
            self.request(protocol.CONFIRM)

    def check(self):
        """Nothing was lost, nothing drifted."""
        loop = self.loop
        clock = loop.clock
        told = clock.epoch * PERIOD + clock.ticks - (BEGIN_US & (PERIOD - 1))
        if told != self.board.now - BEGIN_US:
            self.note("the clock is %d us off" % (told - self.board.now + BEGIN_US))
        for block in (1, 2):
            if list(loop.model.physical(block)) != list(self.shadow.model.physical(block)):
                self.note("state or outputs are not those of an undisturbed model")
        if loop.progress.events != self.sent or loop.progress.late or sum(loop.ring.dropped):
            self.note("%d events of %d" % (loop.progress.events, self.sent))
        if sum(loop.guard.bus_errors) != self.failed:
            self.note("%d bus errors of %d" % (sum(loop.guard.bus_errors), self.failed))
        if self.records != loop.telemetry.sent or loop.telemetry.dropped:
            self.note("%d telemetry records of %d" % (self.records, loop.telemetry.sent))


def signed(later, earlier):
    """ticks_diff as boards have it: this interpreter's own wraps at 2^62."""
    return ((later - earlier + PERIOD // 2) & (PERIOD - 1)) - PERIOD // 2


def main(days, events_a_day, cycles_a_day, models, seed):
    os.mkdir("models")
    data = [read(path) for path in models]
    week = Week("models", seed)
    numbers = week.numbers
    heaps = array("I", [0] * days)
    files = array("I", [0] * days)
    for day in range(days):
        part = -1
        for number in range(events_a_day):
            week.event(1 + (numbers.below(1 << 20) * (2 * DAY_US // events_a_day) >> 20))
            now = 20 * cycles_a_day * number // events_a_day
            if now != part:
                part = now
                week.heard(week.port.take()[0])
                if part % 20 in PUSHED:
                    which = PUSHED[part % 20]
                    week.swap(models[which], data[which], part % 40 < 20)
                elif part % 20 == 5:  # a host watches for a minute
                    week.configure(20.0, 60000)
                elif part % 20 == 6:
                    week.port.incoming += NOISE
            elif number & 31 == 0:
                week.heard(week.port.take()[0])
        for _ in range(16):
            week.board.now += NIGHT_US // 16
            week.loop.turn()
        week.check()
        gc.collect()
        heaps[day] = gc.mem_alloc()
        files[day] = len(os.listdir("/proc/self/fd")) + len(os.listdir("models"))
    clock = week.loop.clock
    return {
        "events": week.sent,
        "failed": week.failed,
        "swaps": week.swaps,
        "records": week.records,
        "decisions": week.decisions,
        "wraps": clock.epoch,
        "heaps": list(heaps),
        "files": list(files),
        "broken": week.broken,
    }


print(json.dumps(main(**GIVEN)))

"""The ordinary event of an integer model, from the ring to the histogram, in one viper function.

`Loop._take_events` defines what an event does; this does the same in two thirds of the time. It
handles what nearly every event is: integers of a sensor, stamped less than a period after the
newest event. It looks before it acts, and leaves any other event to the loop.

Imported only for integer models: its machine code stays in memory.
"""

from array import array

from rivulet.compat import const, micropython, ptr16, ptr32, ticks_us

_EVENTS_PER_TURN = const(4)
_WRAP = const(0x3FFFFFFF)
_HALF = const(0x20000000)

# Of sensing/ring.py; a test compares them.
_HEAD = const(0)
_TAIL = const(17)
_MASK = const(18)
_BACKLOG = const(19)
_LOST = const(20)
_PASSED = const(21)
_FOUND = const(53)
_SLOTS = const(55)
_SOURCE = const(1)  # in `found`
# Of sensing/clock.py; the same test compares them.
_EPOCH = const(0)
_TICKS = const(1)
_ADDED = const(1)
# Of loop.py; the same test compares them.
_EVENTS = const(2)
_STARTED = const(5)
# Of latency.py; the same test compares them.
_BUCKETS = const(160)
_LAST = const(0)
_WORST = const(1)

# What stands where in a path's own words,
_READING = const(0)  # the number of the event whose sensor is being read, from 1; else 0
_MOVES = const(1)  # a mask of the intervals by which events move the model
# among its parts,
_RING = const(0)
_ANY = const(1)
_NOW = const(2)
_MARKS = const(3)
_STAMP = const(4)
_NEWEST = const(5)
_PROGRESS = const(6)
_INPUTS = const(7)
_ADD = const(8)
_OWN = const(9)
_NOTHING = const(10)
_STEP = const(11)
_WORDS = const(12)
_WEIGHTS = const(13)
_COSTS = const(14)
_COUNTS = const(15)
# and in an entry of SensorInputs.
_READ = const(0)
_VALUES = const(1)
_ARRAY = const(2)
_INPUT_MAP = const(4)
_SEEN = const(5)


class EventPath:
    """The parts of a board that an event of one model needs, looked up once.

    newest: the time of the newest event; inputs: the sensors' entries (see SensorInputs);
    failed(source, error): notes what a driver has raised.
    """

    def __init__(self, ring, clock, progress, newest, inputs, model, latency, failed):
        # The mask: where a tick moves the model, an event only fills its inputs.
        self._own = array("i", (0, -1 if newest is progress else 0))
        self._ring = ring
        self._failed = failed
        # In a tuple, because an attribute costs 3 us on a Pico.
        parts = ring.words, ring.take, clock.now, clock.marks, clock.stamp, newest, progress
        self._parts = parts + (inputs, latency.add, self._own, None) + model.stepper
        self._parts += latency.marks, latency.counts

    @micropython.native
    def take(self):
        """Take up to four events from the ring, as Loop._take_events does.

        Returns how many were found, 0 if none waits. If negative, the last one is left to the
        loop: only the ring knows of it, as after EventRing.take.
        """
        # Native, because with two handlers a frame of bytecode would be on the heap.
        try:
            return self._take()
        except Exception as error:
            return self._after(error)

    def _after(self, error):
        """Note what `_take` has raised, and return what `take` has to."""
        number = self._own[_READING]
        if not number:
            raise error  # not a driver's
        self._failed(self._ring.found[_SOURCE], error)
        if number < _EVENTS_PER_TURN and self._ring.take():
            return -number - 1
        return number

    @micropython.viper
    def _take(self) -> int:
        """As `take`, but what a driver raises comes through."""
        parts = self._parts
        ring = ptr32(parts[_RING])
        if ring[_HEAD] == ring[_TAIL] and ring[_LOST] == 0:
            return 0
        now = ptr32(parts[_NOW])
        added = ptr32(parts[_MARKS])[_ADDED]
        stamp = ptr32(parts[_STAMP])
        newest = ptr32(parts[_NEWEST])
        progress = ptr32(parts[_PROGRESS])
        own = ptr32(parts[_OWN])
        step = parts[_STEP]
        words = parts[_WORDS]
        weights = parts[_WEIGHTS]
        costs = ptr32(parts[_COSTS])
        counts = ptr16(parts[_COUNTS])
        now_us = ticks_us
        last = -1
        number = 0
        while number < _EVENTS_PER_TURN:
            tail = ring[_TAIL]
            waiting = (ring[_HEAD] - tail) & _WRAP
            if waiting > ring[_BACKLOG] or ring[_LOST]:
                # One of them may be coalesced, or was overwritten.
                if not bool(parts[_ANY]()):
                    break
                source = ring[_FOUND + 1]
            elif waiting == 0:
                break
            else:
                at = _SLOTS + ((tail & ring[_MASK]) << 1)
                source = ring[at + 1]
                ring[_FOUND] = ring[at]
                ring[_FOUND + 1] = source
                ring[_TAIL] = (tail + 1) & _WRAP
                ring[_PASSED + source] = (ring[_PASSED + source] + 1) & _WRAP
            number += 1
            if source != last:
                entry = parts[_INPUTS][source]
                # Floats are looked at in the loop. Viper's own None is no object.
                if entry[_ARRAY] is not parts[_NOTHING]:
                    return -number
                read = entry[_READ]
                values = entry[_VALUES]
                input_map = entry[_INPUT_MAP]
                seen = ptr32(entry[_SEEN])
                last = source
            # As Clock.advance does it.
            ticks = (ring[_FOUND] + added) & _WRAP
            epoch = now[_EPOCH]
            behind = now[_TICKS] - ticks
            if behind > _HALF:
                epoch += 1
            elif behind < -_HALF:
                epoch -= 1
            wraps = epoch - newest[_EPOCH]
            dt_us = ticks - newest[_TICKS]
            if wraps == 1 and dt_us < 0:
                wraps = 0
                dt_us += _WRAP
                dt_us += 1
            # The first event, one that is late, and one a period later or more.
            if wraps != 0 or dt_us < 0 or progress[_STARTED] == 0:
                return -number
            own[_READING] = number
            started = int(now_us())
            read(values)
            own[_READING] = 0
            stamp[_EPOCH] = epoch
            stamp[_TICKS] = ticks
            seen[_EPOCH] = epoch
            seen[_TICKS] = ticks
            newest[_EPOCH] = epoch
            newest[_TICKS] = ticks
            progress[_EVENTS] = (progress[_EVENTS] + 1) & _WRAP
            step(words, weights, dt_us & own[_MOVES], input_map)
            # As LatencyHistogram.add does it, but for full buckets.
            cost_us = (int(now_us()) - started) & _WRAP
            at = 0
            steps = cost_us
            while steps > 15:
                steps >>= 1
                at += 8
            at += steps
            if at >= _BUCKETS:
                at = _BUCKETS - 1
            if counts[at] == 0xFFFF:
                parts[_ADD](cost_us)
                continue
            counts[at] = counts[at] + 1
            costs[_LAST] = cost_us
            if cost_us > costs[_WORST]:
                costs[_WORST] = cost_us
        return number

"""The ordinary event of an integer model, from the ring to the histogram, in one viper function.

`Loop._take_events` defines what an event does; this does the same in half the time. It handles
what nearly every event is: integers from a sensor that answers, stamped less than a period after
the newest event. It looks before it acts, and leaves any other event to the loop.

Imported only for integer models: its machine code stays in memory.
"""

from array import array

from rivulet.compat import const, micropython, ptr32, ticks_us

EVENTS_PER_TURN = const(4)
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
# Of sensing/clock.py; the same test compares them.
_EPOCH = const(0)
_TICKS = const(1)
_ADDED = const(1)
# Of loop.py; the same test compares them.
_EVENTS = const(2)
_STARTED = const(5)

# What stands where in the words of a path.
_READING = const(0)  # the number of the event whose sensor is being read, from 1; else 0
_MOVES = const(1)  # whether events move the model


class EventPath:
    """What an event of one model needs of the parts of a board, looked up once.

    newest: the time of the newest event; inputs: the sensors' entries (see SensorInputs).
    """

    def __init__(self, ring, clock, progress, newest, inputs, model, latency):
        self._words = array("i", (0, newest is progress))
        # In a tuple, because an attribute costs 3 us on a Pico.
        parts = self._words, ring.words, ring.take, clock.now, clock.marks, clock.stamp
        parts += (newest, progress, inputs, latency.add)
        self._parts = parts + model.stepper + (None,)

    @property
    def reading(self):
        """The number of the event at which a driver has raised, from 1; 0 if none has."""
        return self._words[_READING]

    @micropython.viper
    def take(self) -> int:
        """Take up to EVENTS_PER_TURN events from the ring, as Loop._take_events does.

        Returns how many were found, 0 if none waits. If negative, the last one is left to the
        loop: only the ring knows of it, as after EventRing.take. What a driver raises comes
        through.
        """
        parts = self._parts
        ring = ptr32(parts[1])
        if ring[_HEAD] == ring[_TAIL] and ring[_LOST] == 0:
            return 0
        words = ptr32(parts[0])
        now = ptr32(parts[3])
        added = ptr32(parts[4])[_ADDED]
        stamp = ptr32(parts[5])
        newest = ptr32(parts[6])
        progress = ptr32(parts[7])
        step = parts[10]
        model_words = parts[11]
        weights = parts[12]
        now_us = ticks_us
        words[_READING] = 0
        last = -1
        number = 0
        while number < EVENTS_PER_TURN:
            tail = ring[_TAIL]
            waiting = (ring[_HEAD] - tail) & _WRAP
            if waiting > ring[_BACKLOG] or ring[_LOST]:
                # One of them may be coalesced, or was overwritten.
                if not bool(parts[2]()):
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
                entry = parts[8][source]
                # Floats are looked at in the loop.
                if entry[2] is not parts[13]:
                    return -number
                read = entry[0]
                values = entry[1]
                slots = entry[4]
                seen = ptr32(entry[5])
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
            started = int(now_us())
            words[_READING] = number
            read(values)
            words[_READING] = 0
            stamp[_EPOCH] = epoch
            stamp[_TICKS] = ticks
            seen[_EPOCH] = epoch
            seen[_TICKS] = ticks
            newest[_EPOCH] = epoch
            newest[_TICKS] = ticks
            progress[_EVENTS] = (progress[_EVENTS] + 1) & _WRAP
            step(model_words, weights, dt_us if words[_MOVES] else 0, slots)
            parts[9]((int(now_us()) - started) & _WRAP)
        return number

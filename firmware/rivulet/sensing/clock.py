"""From ticks that wrap to monotonic time.

A moment is a pair of small integers (epoch, ticks): epoch counts wraps of the 2^30 us counter,
ticks is the counter itself. One Python int of microseconds would pass 2^30 after 18 minutes and
from then on be a heap object on 32-bit boards, at every event; the pair never is.
"""

from array import array

from rivulet.compat import const, micropython, ptr32

# Every 32-bit port's ticks_us and ticks_ms wrap here; boards with wider ticks mask theirs.
PERIOD = const(0x40000000)
_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)
# Places in a moment, and in what `update` keeps for itself.
_EPOCH = const(0)
_TICKS = const(1)
_LAST_MS = const(0)
_ADDED = const(1)

# The coarse counter is asked after a stall this long. ticks_us can tell far longer ones apart by
# itself, but it may have slept for any part of them.
_STALL_MS = const(4000)
# How far the two counters may drift apart in one stall before the fine one is taken to have
# stopped (as it does in light sleep): 2 s and 1 % of the stall.
_DRIFT_MS = const(2000)


class Clock:
    """Monotonic time from `ticks_us()`, right across wraps, stalls and light sleep.

    `ticks_us` and `ticks_ms` are callables that count microseconds and milliseconds modulo 2^30.
    `update()` must be called at least once in 12 days; a loop calls it at every turn.
    A gap of more than 8.9 minutes between two calls is ambiguous by ticks_us alone: then
    ticks_ms (which wraps after 12.4 days) tells how many wraps went by, and if ticks_us stood
    still meanwhile, how much time it missed.

    now: (epoch, ticks) of the last `update`; stamp: of the event that came to `advance` last.
    Arrays, because to store an attribute costs 27 us on a Pico: the class is searched for a
    property of that name first.
    """

    def __init__(self, ticks_us, ticks_ms):
        self._ticks_us = ticks_us
        self._ticks_ms = ticks_ms
        self.now = array("i", (0, ticks_us() & _MASK))
        self.stamp = array("i", (0, 0))
        # What the coarse counter said, and what is added to the fine one (modulo its period) for
        # time it did not count.
        self.marks = array("i", (ticks_ms() & _MASK, 0))

    @property
    def epoch(self):
        return self.now[_EPOCH]

    @property
    def ticks(self):
        return self.now[_TICKS]

    def facts(self):
        """What a status document says of it."""
        return {"uptime_epoch": self.epoch, "uptime_ticks": self.ticks}

    @micropython.viper
    def update(self):
        """Follow the counters to now."""
        now = ptr32(self.now)
        marks = ptr32(self.marks)
        ms = int(self._ticks_ms()) & _MASK
        fine = (int(self._ticks_us()) + marks[_ADDED]) & _MASK
        elapsed_ms = (ms - marks[_LAST_MS]) & _MASK
        marks[_LAST_MS] = ms
        if elapsed_ms > _STALL_MS:
            self._catch_up(fine, elapsed_ms)
        else:
            if fine < now[_TICKS]:
                now[_EPOCH] = now[_EPOCH] + 1
            now[_TICKS] = fine

    def _catch_up(self, fine, elapsed_ms):
        now = self.now
        counted = (fine - now[_TICKS]) & _MASK
        elapsed = elapsed_ms * 1000
        wraps = (elapsed - counted + _HALF) // PERIOD
        if wraps < 0:
            wraps = 0
        counted += wraps * PERIOD
        missed = elapsed - counted
        if abs(missed) > _DRIFT_MS * 1000 + elapsed // 100:
            # ticks_us stood still for a part of the stall: the coarse counter is the truth.
            self.marks[_ADDED] = (self.marks[_ADDED] + missed) & _MASK
            counted = elapsed
        total = now[_TICKS] + counted
        now[_EPOCH] += total // PERIOD
        now[_TICKS] = total & _MASK

    @micropython.viper
    def advance(self, ticks: int, moment, seen) -> int:
        """Bring `moment` to when an interrupt took the stamp `ticks`, less than 8.9 minutes from
        now; `seen` and `stamp` get it as well.

        Returns the microseconds from the moment before, or -1 where the stamp is earlier, or more
        than a period later: then `moment` stays. In one call, because each costs 25 us.
        """
        now = ptr32(self.now)
        ticks = (ticks + ptr32(self.marks)[_ADDED]) & _MASK
        behind = now[_TICKS] - ticks
        epoch = now[_EPOCH]
        if behind > _HALF:  # stamped after a wrap that update() has not seen yet
            epoch += 1
        elif behind < -_HALF:  # stamped before the last wrap
            epoch -= 1
        stamp = ptr32(self.stamp)
        stamp[_EPOCH] = epoch
        stamp[_TICKS] = ticks
        stamp = ptr32(seen)
        stamp[_EPOCH] = epoch
        stamp[_TICKS] = ticks
        last = ptr32(moment)
        wraps = epoch - last[_EPOCH]
        elapsed = ticks - last[_TICKS]
        if wraps == 1 and elapsed < 0:
            wraps = 0
            elapsed = elapsed + _MASK + 1  # PERIOD, which viper would take for an object
        if wraps != 0 or elapsed < 0:
            return -1
        last[_EPOCH] = epoch
        last[_TICKS] = ticks
        return elapsed


def elapsed_us(epoch, ticks, later_epoch, later_ticks):
    """Microseconds from one moment to another; negative if the other is earlier."""
    if epoch == later_epoch:
        return later_ticks - ticks
    if epoch + 1 == later_epoch and later_ticks < ticks:
        # Less than a period, which itself would be a heap object.
        return _MASK - ticks + later_ticks + 1
    return (later_epoch - epoch) * PERIOD + later_ticks - ticks

"""From ticks that wrap to monotonic time.

A moment is a pair of small integers (epoch, ticks): epoch counts wraps of the 2^30 us counter,
ticks is the counter itself. One Python int of microseconds would pass 2^30 after 18 minutes and
from then on be a heap object on 32-bit boards, at every event; the pair never is.
"""

from rivulet.compat import const, micropython

# Every 32-bit port's ticks_us and ticks_ms wrap here; boards with wider ticks mask theirs.
PERIOD = const(0x40000000)
_MASK = const(0x3FFFFFFF)
_HALF = const(0x20000000)

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
    """

    def __init__(self, ticks_us, ticks_ms):
        self._ticks_us = ticks_us
        self._ticks_ms = ticks_ms
        self.epoch = 0
        self.ticks = ticks_us() & _MASK
        self._last_ms = ticks_ms() & _MASK
        # The moment that `locate` found.
        self.stamp_epoch = self.stamp_ticks = 0
        # Added to the counter (modulo its period) for time it did not count.
        self._offset = 0

    def update(self):
        """Follow the counters to now; `epoch` and `ticks` are then the present moment."""
        ms = self._ticks_ms() & _MASK
        fine = (self._ticks_us() + self._offset) & _MASK
        elapsed_ms = (ms - self._last_ms) & _MASK
        self._last_ms = ms
        if elapsed_ms > _STALL_MS:
            self._catch_up(fine, elapsed_ms)
            return
        if fine < self.ticks:
            self.epoch += 1
        self.ticks = fine

    def _catch_up(self, fine, elapsed_ms):
        counted = (fine - self.ticks) & _MASK
        elapsed = elapsed_ms * 1000
        wraps = (elapsed - counted + _HALF) // PERIOD
        if wraps < 0:
            wraps = 0
        counted += wraps * PERIOD
        missed = elapsed - counted
        if abs(missed) > _DRIFT_MS * 1000 + elapsed // 100:
            # ticks_us stood still for a part of the stall: the coarse counter is the truth.
            self._offset = (self._offset + missed) & _MASK
            counted = elapsed
        total = self.ticks + counted
        self.epoch += total // PERIOD
        self.ticks = total & _MASK

    def moment(self, ticks):
        """(epoch, ticks) of a stamp that an interrupt took less than 8.9 minutes from now."""
        self.locate(ticks)
        return self.stamp_epoch, self.stamp_ticks

    @micropython.viper
    def locate(self, ticks: int):
        """The same into `stamp_epoch` and `stamp_ticks`: a pair would be a heap object."""
        ticks = (ticks + int(self._offset)) & _MASK
        behind = int(self.ticks) - ticks
        epoch = int(self.epoch)
        if behind > _HALF:  # stamped after a wrap that update() has not seen yet
            epoch += 1
        elif behind < -_HALF:  # stamped before the last wrap
            epoch -= 1
        self.stamp_ticks = ticks
        self.stamp_epoch = epoch


def elapsed_us(epoch, ticks, later_epoch, later_ticks):
    """Microseconds from one moment to another; negative if the other is earlier."""
    if epoch == later_epoch:
        return later_ticks - ticks
    if epoch + 1 == later_epoch and later_ticks < ticks:
        # Less than a period, which itself would be a heap object.
        return _MASK - ticks + later_ticks + 1
    return (later_epoch - epoch) * PERIOD + later_ticks - ticks

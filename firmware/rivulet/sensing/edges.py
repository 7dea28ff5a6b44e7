"""Counts the edges of a signal and finds its rate from their times (the M/T method).

Edges counted over a fixed interval resolve a slow shaft badly: at ten edges an interval one more
is ten percent. Here the count is divided by the time between the two edges that bound it.
"""

from array import array

from rivulet.compat import const, ticks_us
from rivulet.sensing.triggers import every

_TICKS = const(0x3FFFFFFF)
# Counts are kept modulo 2^29: one more than the highest is no heap object yet.
COUNTS = const(0x1FFFFFFF)
_SIGN = const(0x10000000)

# What `EdgeCounter.words` holds. The driver's interrupts write these two,
COUNT = const(0)  # edges so far, masked by COUNTS
EDGE = const(1)  # ticks of the newest, masked to 30 bits
# and each event copies them.
_TAKEN = const(2)  # events so far
_EVENT_COUNT = const(3)
_EVENT_EDGE = const(4)
_EVENT = const(5)  # ticks
_SIZE = const(6)


class EdgeCounter:
    """Edges counted by a driver's interrupts, and a timer that makes an event of their number.

    stopped_after_ms: without an edge for so long the signal stands still.
    """

    def __init__(self, rate_hz, stopped_after_ms):
        self.words = array("i", bytes(4 * _SIZE))
        self._rate_hz = rate_hz
        self._rate = EdgeRate(stopped_after_ms * 1000)
        self._timer = None

    def start(self, handler):
        """Count from 0, and call `handler` in a timer's interrupt `rate_hz` times a second."""
        for index in range(_SIZE):
            self.words[index] = 0
        self._rate.forget()
        self._handler = handler
        self._timer = every(self._rate_hz, self._due)

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None

    def position(self):
        """Return the edges counted until the newest event, -2^28 to 2^28 - 1."""
        return _signed(self.words[_EVENT_COUNT])

    def rate(self):
        """Return the edges a second at the newest event. Call it once an event."""
        words = self.words
        taken = -1
        # Again if another event came meanwhile.
        while taken != words[_TAKEN]:
            taken = words[_TAKEN]
            count = words[_EVENT_COUNT]
            edge = words[_EVENT_EDGE]
            now = words[_EVENT]
        return self._rate.update(count, edge, now)

    def _due(self, timer):
        words = self.words
        words[_EVENT_COUNT] = words[COUNT]
        words[_EVENT_EDGE] = words[EDGE]
        words[_EVENT] = ticks_us() & _TICKS
        words[_TAKEN] = (words[_TAKEN] + 1) & COUNTS
        self._handler(timer)


class EdgeRate:
    """Edges a second, from their count modulo 2^29 and the time of the newest modulo 2^30 us."""

    def __init__(self, silence_us):
        self._silence_us = silence_us
        self.forget()

    def forget(self):
        """Stand still."""
        self._count = self._edge = 0
        self._moving = False
        self._rate = 0.0

    def update(self, count, edge, now):
        """Return the rate at `now`; count: edges so far; edge: ticks of the newest."""
        step = _signed(count - self._count)
        silent = (now - edge) & _TICKS
        if step:
            elapsed = (edge - self._edge) & _TICKS
            # After a standstill the edge before is of no use.
            self._rate = step * 1e6 / elapsed if self._moving and elapsed else 0.0
            self._count = count
            self._edge = edge
            self._moving = True
        elif self._rate:
            # The next edge has not come yet: the signal is at most as fast as that allows.
            most = 1e6 / max(silent, 1)
            if abs(self._rate) > most:
                self._rate = most if self._rate > 0 else -most
        if silent >= self._silence_us:
            self._moving = False
            self._rate = 0.0
        return self._rate


def _signed(count):
    return ((count + _SIGN) & COUNTS) - _SIGN

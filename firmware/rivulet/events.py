"""The ring that interrupts write and the loop drains."""

from array import array

from rivulet.compat import const

_MAX_SOURCES = const(8)


class EventRing:
    """A ring of (ticks, source) for one reader and any number of interrupt handlers.

    size: a power of two, one more than the events it holds. `push` runs inside hard interrupts:
    it only stores small integers into arrays made here and allocates nothing. When the ring is
    full the newest event is dropped and counted against its source.

    Writers advance `_head` and the reader advances `_tail`, each alone, so neither needs a lock;
    handlers must not interrupt one another (rp2, stm32 and esp32 run Pin handlers one by one).
    """

    def __init__(self, size=64):
        if size < 2 or size & (size - 1):
            raise ValueError("ring size must be a power of two, got %d" % size)
        self._mask = size - 1
        self._ticks = array("I", bytes(4 * size))
        self._source = bytearray(size)
        self._head = 0
        self._tail = 0
        self.dropped = array("I", bytes(4 * _MAX_SOURCES))
        # The event that `take` found.
        self.ticks = 0
        self.source = 0

    def push(self, ticks, source):
        """Store an event; called from interrupts. ticks: 0 to 2^30 - 1; source: 0 to 7."""
        head = self._head
        following = (head + 1) & self._mask
        if following == self._tail:
            self.dropped[source] += 1
            return
        self._ticks[head] = ticks
        self._source[head] = source
        # Last, so that the reader never sees a slot before it is filled.
        self._head = following

    def take(self):
        """Move the oldest event into `ticks` and `source`; False if there is none."""
        tail = self._tail
        if tail == self._head:
            return False
        self.ticks = self._ticks[tail]
        self.source = self._source[tail]
        self._tail = (tail + 1) & self._mask
        return True

    def __len__(self):
        return (self._head - self._tail) & self._mask

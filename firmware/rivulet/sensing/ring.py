"""The ring that interrupts write and the loop drains, and what happens when it cannot keep up.

A sensor is read when its event is taken, and answers with its newest sample: of several events of
one sensor only the newest can be told truly. So when more than a few wait, an event that a newer
one of the same sensor covers is passed over (coalesced), and each event taken has no more than
`backlog` others and one a sensor before it. When even the ring is full, as after a stall, the
oldest events go (dropped): what is current matters to a controller, and the next interval covers
what was lost. Both are counted by source:

    pushed = taken + coalesced + dropped + waiting
"""

from array import array

from rivulet.compat import const, micropython, ptr32

_MAX_SOURCES = const(8)
# Counts are kept modulo this.
_WRAP = const(0x3FFFFFFF)
# How often a count that interrupts disturb is begun again before it waits for the next `take`.
_ATTEMPTS = const(4)

# What stands where in `words`. Interrupts write the first part and the slots,
_HEAD = const(0)  # events pushed so far
_PUSHED = const(1)  # the same by source
_NEWEST = const(9)  # by source: the number of its newest event
# the reader all others.
_TAIL = const(17)  # the number of the next event to take
_MASK = const(18)
_BACKLOG = const(19)
_LOST = const(20)  # whether events were overwritten that `dropped` does not count yet
_PASSED = const(21)  # by source: events taken or coalesced
_COALESCED = const(29)
_DROPPED = const(37)
_SCRATCH = const(45)
_FOUND = const(53)  # what `take` found: ticks and source
_SLOTS = const(55)  # pairs of ticks and source


class EventRing:
    """A ring of (ticks, source) for one reader and any number of interrupt handlers.

    size: a power of two, one more than the events it holds; backlog: how many may wait before
    they are coalesced. `push` runs inside hard interrupts: it stores small integers into an array
    made here, allocates nothing, and never waits or refuses. coalesced, dropped: counts by source.

    Interrupts never write what the reader owns, so neither needs a lock. They overwrite the
    oldest slot when the ring is full, and the reader looks at their count before and after it
    reads one. Handlers must not interrupt one another (rp2, stm32 and esp32 run Pin handlers one
    by one).
    """

    def __init__(self, size=64, backlog=8):
        if size < 2 or size & (size - 1):
            raise ValueError("ring size must be a power of two, got %d" % size)
        self.words = array("I", bytes(4 * (_SLOTS + 2 * size)))
        self.words[_MASK] = size - 1
        self.words[_BACKLOG] = backlog
        words = memoryview(self.words)
        self.coalesced = words[_COALESCED : _COALESCED + _MAX_SOURCES]
        self.dropped = words[_DROPPED : _DROPPED + _MAX_SOURCES]
        # Ticks and source of the event that `take` found.
        self.found = words[_FOUND : _FOUND + 2]

    @micropython.viper
    def push(self, ticks: int, source: int):
        """Store an event; called from interrupts. ticks: 0 to 2^30 - 1; source: 0 to 7."""
        words = ptr32(self.words)
        head = words[_HEAD]
        at = _SLOTS + ((head & words[_MASK]) << 1)
        words[at] = ticks
        words[at + 1] = source
        words[_PUSHED + source] = (words[_PUSHED + source] + 1) & _WRAP
        words[_NEWEST + source] = head
        # Last, so that the reader never sees a slot before it is filled.
        words[_HEAD] = (head + 1) & _WRAP

    @micropython.viper
    def take(self) -> bool:
        """Move the oldest event that no newer one covers into `found`; False if there is none."""
        words = ptr32(self.words)
        mask = words[_MASK]
        found = False
        while not found:
            tail = words[_TAIL]
            waiting = (words[_HEAD] - tail) & _WRAP
            if waiting == 0:
                break
            if waiting > mask:
                words[_TAIL] = (tail + waiting - mask) & _WRAP
                words[_LOST] = 1
                continue
            at = _SLOTS + ((tail & mask) << 1)
            ticks = words[at]
            source = words[at + 1]
            newest = words[_NEWEST + (source & 7)]
            if ((words[_HEAD] - tail) & _WRAP) > mask:
                continue  # an interrupt has written over it meanwhile
            words[_TAIL] = (tail + 1) & _WRAP
            words[_PASSED + source] = (words[_PASSED + source] + 1) & _WRAP
            if waiting > words[_BACKLOG] and newest != tail:
                words[_COALESCED + source] = (words[_COALESCED + source] + 1) & _WRAP
            else:
                words[_FOUND] = ticks
                words[_FOUND + 1] = source
                found = True
        if words[_LOST]:
            self._count_dropped()
        return found

    @micropython.viper
    def _count_dropped(self):
        """By source: what was pushed and neither passed nor waits. Events were overwritten, so
        they cannot be asked whose they were."""
        words = ptr32(self.words)
        mask = words[_MASK]
        attempt = 0
        while attempt < _ATTEMPTS:
            attempt += 1
            head = words[_HEAD]
            tail = words[_TAIL]
            total = 0
            source = 0
            while source < _MAX_SOURCES:
                total += words[_PUSHED + source]
                left = words[_PUSHED + source] - words[_PASSED + source]
                words[_SCRATCH + source] = left & _WRAP
                source += 1
            while tail != head:
                source = words[_SLOTS + ((tail & mask) << 1) + 1]
                words[_SCRATCH + source] = (words[_SCRATCH + source] - 1) & _WRAP
                tail = (tail + 1) & _WRAP
            # Nothing was pushed meanwhile, is half pushed, or came since the oldest was found.
            quiet = words[_HEAD] == head and (total & _WRAP) == head
            if quiet and ((head - words[_TAIL]) & _WRAP) <= mask:
                source = 0
                while source < _MAX_SOURCES:
                    words[_DROPPED + source] = words[_SCRATCH + source]
                    source += 1
                words[_LOST] = 0
                break

    def __len__(self):
        words = self.words
        return min((words[_HEAD] - words[_TAIL]) & _WRAP, words[_MASK])

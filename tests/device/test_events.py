"""The ring between interrupts and the loop."""

from fixtures import SkipTest, raises

from rivulet.events import EventRing


def taken(ring):
    found = []
    while ring.take():
        found.append((ring.ticks, ring.source))
    return found


def test_events_come_out_as_they_went_in():
    ring = EventRing(8)
    assert not ring.take() and len(ring) == 0
    for i in range(5):
        ring.push(1000 + i, i)
    assert len(ring) == 5
    assert taken(ring) == [(1000 + i, i) for i in range(5)]
    assert len(ring) == 0


def test_the_largest_stamp_and_source_fit():
    ring = EventRing(4)
    ring.push(0x3FFFFFFF, 7)
    assert taken(ring) == [(0x3FFFFFFF, 7)]


def test_around_the_end_many_times():
    ring = EventRing(4)
    for i in range(50):
        ring.push(2 * i, 0)
        ring.push(2 * i + 1, 1)
        assert taken(ring) == [(2 * i, 0), (2 * i + 1, 1)]
    assert sum(ring.dropped) == 0


def test_overflow_drops_the_newest_and_counts_it_by_source():
    ring = EventRing(8)
    capacity = 7
    for i in range(capacity):
        ring.push(i, 0)
    ring.push(100, 1)
    ring.push(101, 1)
    ring.push(102, 3)
    assert list(ring.dropped) == [0, 2, 0, 1, 0, 0, 0, 0]
    assert taken(ring) == [(i, 0) for i in range(capacity)]
    ring.push(200, 2)
    assert taken(ring) == [(200, 2)]
    assert sum(ring.dropped) == 3


def test_the_size_must_be_a_power_of_two():
    for size in (0, 1, 3, 6, 63, 65, -8):
        assert "power of two" in raises(ValueError, EventRing, size)
    for size in (2, 4, 64, 256):
        EventRing(size)


class Interrupted:
    """An array of the ring; an interrupt comes before and after every access."""

    def __init__(self, items, interrupt):
        self._items = items
        self._interrupt = interrupt

    def __getitem__(self, index):
        self._interrupt()
        item = self._items[index]
        self._interrupt()
        return item

    def __setitem__(self, index, value):
        self._items[index] = value


def taken_under_fire(size):
    """(100 events taken, all that were stored, the ring), with an interrupt at every step."""
    ring = EventRing(size)
    stored = []

    def interrupt():
        dropped = sum(ring.dropped)
        stamp = len(stored) + dropped
        ring.push(stamp, stamp & 7)
        if sum(ring.dropped) == dropped:
            stored.append((stamp, stamp & 7))

    ring._ticks = Interrupted(ring._ticks, interrupt)
    ring._source = Interrupted(ring._source, interrupt)
    found = []
    while len(found) < 100:
        if ring.take():
            found.append((ring.ticks, ring.source))
        else:
            interrupt()
    return found, stored, ring


def test_interrupts_while_an_event_is_taken():
    for size in (2, 4, 16):
        found, stored, ring = taken_under_fire(size)
        assert found == stored[:100]
        assert len(stored) - len(found) == len(ring) <= size - 1


def test_push_allocates_nothing():
    try:
        from micropython import heap_lock, heap_unlock
    except ImportError:
        raise SkipTest("CPython allocates what it likes")
    ring = EventRing(4)
    push = ring.push
    stamp = 0x3FFFFFF0
    failure = None
    heap_lock()
    try:
        for _ in range(6):  # the last ones overflow
            push(stamp, 5)
            stamp += 1
    except MemoryError as error:
        failure = error
    heap_unlock()
    assert failure is None, "push allocated"
    assert ring.dropped[5] == 3

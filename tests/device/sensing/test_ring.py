"""The ring between interrupts and the loop."""

from fixtures import SkipTest, raises

from rivulet.sensing.ring import EventRing


def taken(ring):
    found = []
    while ring.take():
        found.append(tuple(ring.found))
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


def test_overflow_drops_the_oldest_and_counts_them_by_source():
    ring = EventRing(8)
    for i, source in enumerate((1, 1, 3, 0, 0, 0, 0, 2, 2, 2)):
        ring.push(i, source)
    assert len(ring) == 7
    assert taken(ring) == [(i, 0) for i in range(3, 7)] + [(i, 2) for i in range(7, 10)]
    assert list(ring.dropped) == [0, 2, 0, 1, 0, 0, 0, 0]
    # And again: the counts go on.
    for i in range(30):
        ring.push(i, 5)
    assert taken(ring) == [(i, 5) for i in range(23, 30)]
    assert list(ring.dropped) == [0, 2, 0, 1, 0, 23, 0, 0] and sum(ring.coalesced) == 0


def test_a_backlog_is_coalesced_by_sensor():
    ring = EventRing(64, 4)
    for i in range(20):
        ring.push(i, 3 if i == 2 else i & 1)
    # The newest four stay, and the one that nothing newer covers.
    assert taken(ring) == [(2, 3)] + [(i, i & 1) for i in range(16, 20)]
    assert list(ring.coalesced) == [7, 8, 0, 0, 0, 0, 0, 0] and sum(ring.dropped) == 0


def test_few_that_wait_are_all_taken():
    ring = EventRing(64, 4)
    for _ in range(10):
        for i in range(4):
            ring.push(i, 0)
        assert taken(ring) == [(i, 0) for i in range(4)]
    assert sum(ring.coalesced) == 0


def test_counts_that_wrap():
    ring = EventRing(8, 2)
    # As after nearly 2^30 events of the first source: head and its own count, tail, passed.
    for i in (0, 1, 17, 21):
        ring.words[i] = 0x3FFFFFFD
    for i in range(12):
        ring.push(i, i & 1)
    assert taken(ring) == [(10, 0), (11, 1)]
    assert list(ring.coalesced[:2]) == [2, 3] and list(ring.dropped[:2]) == [3, 2]
    assert len(ring) == 0


def test_the_size_must_be_a_power_of_two():
    for size in (0, 1, 3, 6, 63, 65, -8):
        assert "power of two" in raises(ValueError, EventRing, size)
    for size in (2, 4, 64, 256):
        EventRing(size)


def test_neither_push_nor_take_allocates():
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
        while ring.take():
            pass
    except MemoryError as error:
        failure = error
    heap_unlock()
    assert failure is None, "push or take allocated"
    assert ring.dropped[5] == 3

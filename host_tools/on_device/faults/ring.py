"""Overflows the event ring; see host_tools/faults/ring.py."""

import gc
import json

from fixtures import Numbers

from rivulet.events import EventRing

SIZE = 64
SOURCES = 8


def main(bursts, seed):
    numbers = Numbers(seed + 1)
    # Without coalescing: everything that fits has to come out.
    ring = EventRing(SIZE, SIZE)
    broken = []
    # What has to come out, kept apart from the ring.
    expected = []
    dropped = [0] * SOURCES
    pushed = taken = heap = 0
    for burst in range(bursts):
        count = 1 + numbers.below(300)
        gc.disable()
        before = gc.mem_alloc()
        for i in range(count):
            ring.push(pushed + i, (pushed + i) % SOURCES)
        heap += gc.mem_alloc() - before
        gc.enable()
        expected += range(pushed, pushed + count)
        while len(expected) > SIZE - 1:
            dropped[expected.pop(0) % SOURCES] += 1
        pushed += count
        # At least once: what was overwritten is counted when the ring is looked at.
        for _ in range(1 + numbers.below(SIZE - 1)):
            if not ring.take():
                break
            stamp = expected.pop(0)
            taken += 1
            if (ring.ticks, ring.source) != (stamp, stamp % SOURCES):
                broken.append("burst %d: another event than the oldest came out" % burst)
        if list(ring.dropped) != dropped:
            broken.append("burst %d: a drop was not counted" % burst)
        if len(ring) != len(expected):
            broken.append("burst %d: the ring holds another number of events" % burst)
    if heap:
        broken.append("pushing allocated %d bytes" % heap)
    return {
        "pushed": pushed,
        "taken": taken,
        "dropped": sum(dropped),
        "heap": heap,
        "broken": broken[:10],
    }


print(json.dumps(main(**GIVEN)))

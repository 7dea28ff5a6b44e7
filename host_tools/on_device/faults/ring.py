"""Overflows the event ring; see host_tools/faults/ring.py."""

import gc
import json

from fixtures import Numbers

from rivulet.sensing.ring import EventRing

SIZE = 64
BACKLOG = 8
SOURCES = 8


class Queue:
    """What a ring is to do, as lists."""

    def __init__(self):
        self.waiting = []
        self.dropped = [0] * SOURCES
        self.coalesced = [0] * SOURCES

    def push(self, stamp, source):
        self.waiting.append((stamp, source))
        if len(self.waiting) == SIZE:
            self.dropped[self.waiting.pop(0)[1]] += 1

    def take(self):
        waiting = self.waiting
        while waiting:
            crowded = len(waiting) > BACKLOG
            stamp, source = waiting.pop(0)
            if not crowded or all(other != source for _, other in waiting):
                return stamp, source
            self.coalesced[source] += 1
        return None


def main(bursts, seed):
    numbers = Numbers(seed + 1)
    ring = EventRing(SIZE, BACKLOG)
    queue = Queue()
    broken = []
    pushed = taken = heap = 0
    for burst in range(bursts):
        count = 1 + numbers.below(300)
        # Some sensors are faster than others.
        sources = [numbers.below(1 + numbers.below(SOURCES)) for _ in range(count)]
        gc.disable()
        before = gc.mem_alloc()
        for i in range(count):
            ring.push(pushed + i, sources[i])
        heap += gc.mem_alloc() - before
        gc.enable()
        for i in range(count):
            queue.push(pushed + i, sources[i])
        pushed += count
        for _ in range(numbers.below(SIZE)):
            wanted = queue.take()
            found = tuple(ring.found) if ring.take() else None
            if found != wanted:
                broken.append("burst %d: %s came out, not %s" % (burst, found, wanted))
            if found is None:
                break
            taken += 1
        else:
            # Drops are counted by the take behind them.
            continue
        if (list(ring.dropped), list(ring.coalesced)) != (queue.dropped, queue.coalesced):
            broken.append("burst %d: what was passed over was not counted" % burst)
        if len(ring) != len(queue.waiting):
            broken.append("burst %d: another number of events waits" % burst)
    if heap:
        broken.append("pushing allocated %d bytes" % heap)
    return {
        "pushed": pushed,
        "taken": taken,
        "coalesced": sum(ring.coalesced),
        "dropped": sum(ring.dropped),
        "heap": heap,
        "broken": broken[:10],
    }


print(json.dumps(main(**GIVEN)))

"""Latency histogram of fixed size. The host reads percentiles from it."""

from array import array

from rivulet.compat import const, micropython, ptr16, ptr32

# Eight buckets an octave (6 to 12 % wide), up to 2^22 us.
_BUCKETS = const(160)
# Places in `marks`.
_LAST = const(0)
_WORST = const(1)


class LatencyHistogram:
    """Histogram of durations in microseconds.

    counts[i]: the number in bucket i. Below 16 us a bucket is 1 us wide; above, eight of them
    make an octave.
    """

    def __init__(self, name):
        """Build it. name: of what it counts in a status document, such as "event_cost"."""
        self._name = name
        self.counts = array("H", bytes(2 * _BUCKETS))
        self.marks = array("i", (0, 0))

    def clear(self):
        for i in range(_BUCKETS):
            self.counts[i] = 0
        self.marks[_LAST] = self.marks[_WORST] = 0

    def facts(self):
        return {
            self._name + "_us": [[i, n] for i, n in enumerate(self.counts) if n],
            self._name + "_worst_us": self.worst,
        }

    @property
    def last(self):
        return self.marks[_LAST]

    @property
    def worst(self):
        return self.marks[_WORST]

    @micropython.viper
    def add(self, duration: int):
        marks = ptr32(self.marks)
        marks[_LAST] = duration
        if duration > marks[_WORST]:
            marks[_WORST] = duration
        shift = 0
        while duration > 15:
            duration >>= 1
            shift += 1
        index = (shift << 3) + duration
        if index >= _BUCKETS:
            index = _BUCKETS - 1
        counts = ptr16(self.counts)
        # Saturating counters: halve all of them, which keeps the percentiles.
        if counts[index] == 0xFFFF:
            i = 0
            while i < _BUCKETS:
                counts[i] = counts[i] >> 1
                i += 1
        counts[index] = counts[index] + 1


def percentile(counts, share):
    """The duration in us below which `share` (0 to 1) of the durations lie; 0 if there are none.

    counts: the pairs [bucket, count] of a status document.
    """
    total = sum(count for _, count in counts)
    seen = 0
    for index, count in counts:
        seen += count
        if seen >= share * total:
            # The bucket's middle.
            if index < 16:
                return float(index)
            shift = (index >> 3) - 1
            return ((index & 7) + 8.5) * 2**shift
    return 0.0

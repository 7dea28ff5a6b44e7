"""Takes each event's values down for a host: in batches, which are dropped, and counted, when the
port takes less than comes.

Imported while a host collects, and dropped again: see runtime.SELDOM. So it has no machine code of
its own. An event allocates nothing where floats have 32 bits, as on every board.
"""

import struct
from array import array

from rivulet import protocol
from rivulet.arrays import FLOAT_BYTES
from rivulet.compat import const

# Batches of so many bytes: with them the link's buffer has room for replies as well.
_BATCHES = const(8)
_BATCH_BYTES = const(256)
# A batch that is not full goes after this time.
_PATIENCE_US = const(50000)
# For so long a port that takes nothing is waited for at the end.
_LAST_WORDS_US = const(1000000)
_WRAP = const(0x3FFFFFFF)
_EPOCHS = const(0x1FFFFF)
# A batch in words of 32 bits: kind, sequence and EVENTS_HEAD, then events, then the CRC.
_HEAD_WORDS = const(5)
_EVENT_WORDS = const(2)
_CRC_WORDS = const(1)

# What `_words` holds; see telemetry.py for why.
_LEASE_US = const(0)
_ENDING = const(1)  # whether the host wants no more
_COUNT = const(2)  # events since the collection began
_UNSENT = const(3)  # of these, those that found no room
_AT = const(4)  # where in its batch the next event belongs
_EVENTS = const(5)  # events in that batch
_WAITED_US = const(6)  # time since a batch was sent
_FIRST = const(7)  # the batch to send next
_FULL = const(8)  # how many are full
_TAKEN = const(9)  # words of the event that has no stamp yet; 0: it found no room
_SOURCE = const(10)
_WORDS = const(11)


class Collector:
    """Keeps up to eight batches until the port takes them.

    widths: the number of values of each sensor. count: events since the collection began.
    """

    def __init__(self, link, widths, ring, guard):
        self._link = link
        self._ring = ring
        self._guard = guard
        self._sizes = [_EVENT_WORDS + width for width in widths]
        words = _HEAD_WORDS + max(self._sizes + [0]) + _CRC_WORDS
        size = max(_BATCH_BYTES, 4 * words)
        link.resize(size)
        self._limit = size // 4 - _CRC_WORDS
        self._batches = [bytearray(size) for _ in range(_BATCHES)]
        # By batch: its events, the number of its first, and its words.
        self._heads = [array("i", (0, 0, 0)) for _ in range(_BATCHES)]
        self._stamp = array("i", (0, 0))
        self._words = array("i", bytes(4 * _WORDS))
        self._words[_AT] = _HEAD_WORDS

    @property
    def count(self):
        return self._words[_COUNT]

    def renew(self, lease_ms):
        """Take down events for so long from now on; 0: send what waits, and take no more."""
        words = self._words
        if lease_ms:
            words[_ENDING] = 0
            words[_LEASE_US] = lease_ms * 1000
        elif not words[_ENDING]:
            words[_ENDING] = 1
            words[_LEASE_US] = _LAST_WORDS_US

    def take(self, source, values, integers):
        """Take down what a sensor has read, before anything of it is replaced; then `stamp` it.

        values: a memoryview of floats, or of counts where these are integers.
        """
        words = self._words
        size = self._sizes[source]
        words[_TAKEN] = 0
        if words[_AT] + size > self._limit and not self._close():
            return
        if integers:
            source |= protocol.INTEGERS
        elif FLOAT_BYTES != 4:
            values = array("f", values)
        batch = self._batches[(words[_FIRST] + words[_FULL]) % _BATCHES]
        protocol.pack_words(values, size - _EVENT_WORDS, batch, words[_AT] + _EVENT_WORDS)
        words[_SOURCE] = source
        words[_TAKEN] = size

    def stamp(self, moment):
        """Count the event, and note its time."""
        words = self._words
        if words[_ENDING]:
            return
        taken = words[_TAKEN]
        if taken:
            at = words[_AT]
            newest = (words[_FIRST] + words[_FULL]) % _BATCHES
            if not words[_EVENTS]:
                self._heads[newest][1] = words[_COUNT]
            stamp = self._stamp
            stamp[0] = moment[1]
            stamp[1] = (moment[0] & _EPOCHS) << 8 | words[_SOURCE]
            protocol.pack_words(stamp, _EVENT_WORDS, self._batches[newest], at)
            words[_AT] = at + taken
            words[_EVENTS] += 1
        else:
            words[_UNSENT] = (words[_UNSENT] + 1) & _WRAP
        words[_COUNT] = (words[_COUNT] + 1) & _WRAP

    def turn(self, elapsed_us):
        """Send a batch if one is due; whether the collection goes on."""
        words = self._words
        words[_LEASE_US] -= elapsed_us
        if words[_LEASE_US] <= 0:
            return False
        words[_WAITED_US] = min(words[_WAITED_US] + elapsed_us, _PATIENCE_US)
        waited = words[_ENDING] or words[_WAITED_US] == _PATIENCE_US
        if waited and words[_EVENTS] and not words[_FULL]:
            self._close()
        if words[_FULL]:
            self._send()
        return not words[_ENDING] or bool(words[_FULL] or words[_EVENTS])

    def _close(self):
        """Let events go to the next batch. False if all others wait to be sent."""
        words = self._words
        full = words[_FULL]
        if full == _BATCHES - 1:
            return False
        head = self._heads[(words[_FIRST] + full) % _BATCHES]
        head[0] = words[_EVENTS]
        head[2] = words[_AT]
        words[_FULL] = full + 1
        words[_EVENTS] = 0
        words[_AT] = _HEAD_WORDS
        return True

    def _send(self):
        words = self._words
        link = self._link
        first = words[_FIRST]
        head = self._heads[first]
        size = 4 * head[2] - 2
        # Looked at first: where the port takes nothing, this is done in every turn.
        if not link.room(size):
            return
        batch = self._batches[first]
        ring = self._ring
        struct.pack_into(
            protocol.EVENTS_HEAD,
            batch,
            2,
            head[0],
            head[1],
            words[_UNSENT],
            (sum(ring.dropped) + sum(ring.coalesced)) & _WRAP,
            sum(self._guard.bus_errors) & _WRAP,
        )
        link.send(protocol.EVENTS, size, payload=batch)
        link.flush()
        words[_FIRST] = (first + 1) % _BATCHES
        words[_FULL] -= 1
        words[_WAITED_US] = 0

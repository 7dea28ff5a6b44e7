"""What is reported and how often: records that are dropped, and counted, when the port is full."""

from array import array

from rivulet import protocol
from rivulet.compat import const, micropython, ptr8, ptr32

_ALL = const(0x0F)
# Where the head of a record stands in a payload: kind, sequence, blocks and decision come before
# its words, flags after them.
_BLOCKS_AT = const(2)
_DECISION_AT = const(3)
_WORDS_AT = const(1)  # in words
_FLAGS_AT = const(52)
_SENSORS_AT = const(53)
_SENSOR_BYTES = const(5)
_MAX_SOURCES = const(8)
# Places in `_due`: what is left of the host's lease, how long the last record is ago, and how long
# it may be; 0: there are none.
_LEASE_US = const(0)
_WAITED_US = const(1)
_INTERVAL_US = const(2)
_DROPPED = const(3)
_SENT = const(4)
_BUSY = const(5)  # this turn has a decision
# Places in loop.Progress.words.
_EPOCH = const(0)
_TICKS = const(1)
_EVENTS = const(2)
_LATE = const(8)


class Telemetry:
    """Samples a model at the rate the host asked for, until the host's lease ends."""

    def __init__(self, link, control, health, ring, progress, latency):
        self._link = link
        self._control = control
        self._health = health
        self._ring = ring
        self._progress = progress
        self._latency = latency
        self._blocks = _ALL
        # Elements, because to store an attribute costs 27 us on a Pico (see sensing/clock.py).
        self._due = array("i", (0, 0, 0, 0, 0, 0))

    @property
    def dropped(self):
        """How many records found no room."""
        return self._due[_DROPPED]

    @property
    def sent(self):
        return self._due[_SENT]

    def facts(self):
        return {"telemetry_sent": self.sent, "telemetry_dropped": self.dropped}

    def configure(self, blocks, rate_hz, lease_ms):
        """Report `blocks` (a mask of protocol.BLOCKS) at `rate_hz` for `lease_ms`; 0 Hz: stop."""
        self._blocks = blocks & _ALL
        self._due[_INTERVAL_US] = int(1e6 / rate_hz) if rate_hz > 1e-3 else 0
        self._due[_LEASE_US] = lease_ms * 1000

    @micropython.viper
    def due(self, elapsed_us: int) -> bool:
        """Count `elapsed_us` and tell whether a record is due now."""
        due = ptr32(self._due)
        interval_us = due[_INTERVAL_US]
        left_us = due[_LEASE_US]
        if left_us == 0 or interval_us == 0:
            return False
        # Never negative: on 64 bits viper reads an element without its sign.
        due[_LEASE_US] = left_us - elapsed_us if left_us > elapsed_us else 0
        waited_us = due[_WAITED_US]
        # Events wait for a decision or for a record, not for both.
        postponed = due[_BUSY]
        due[_BUSY] = 0
        if waited_us >= interval_us:
            postponed = 0
        waited_us += elapsed_us
        if waited_us < interval_us or postponed:
            due[_WAITED_US] = waited_us
            return False
        waited_us -= interval_us
        # After a stall that several records have missed, their count begins anew.
        if waited_us >= interval_us:
            waited_us = 0
        due[_WAITED_US] = waited_us
        return True

    @micropython.viper
    def give_way(self):
        """Let a record that becomes due in this turn wait for the next one."""
        ptr32(self._due)[_BUSY] = 1

    def report(self):
        """Queue one record of the model that runs and of what is counted, or drop it."""
        link = self._link
        due = self._due
        if not link.takes_record():
            due[_DROPPED] += 1
            return
        control, health = self._control, self._health
        health.look()
        guard = control.guard
        flags = protocol.OUTPUTS_GUARDED if guard.reason else 0
        if health.stale is not None:
            flags |= protocol.OUTPUTS_STALE
        model = control.model
        blocks = kinds = 0
        if model is not None:
            blocks = kinds = self._blocks
            if model.integer:
                kinds |= protocol.INTEGERS
        payload = link.payload
        deframer = link.deframer
        corrupt = deframer.corrupt + deframer.oversized
        at = self._head(payload, kinds, control.action.decision, corrupt, guard.trips, flags)
        if blocks:
            at = model.export(blocks, payload, at)
        link.queue(protocol.TELEMETRY, at - 2, payload)
        due[_SENT] += 1

    @micropython.viper
    def _head(
        self, payload, blocks: int, decision: int, corrupt: int, trips: int, flags: int
    ) -> int:
        """Write TELEMETRY_HEAD and a SENSOR_HEAD for each sensor; the position behind them.

        struct.pack_into and the sums before it took 700 us on a Pico.
        """
        out = ptr8(payload)
        out[_BLOCKS_AT] = blocks
        out[_DECISION_AT] = decision & 0xFF
        ring = self._ring
        guard = self._control.guard
        ring_dropped = ptr32(ring.dropped)
        ring_coalesced = ptr32(ring.coalesced)
        guard_errors = ptr32(guard.bus_errors)
        guard_values = ptr32(guard.bad_values)
        dropped = coalesced = bus_errors = bad_values = 0
        i = 0
        while i < _MAX_SOURCES:
            dropped += ring_dropped[i]
            coalesced += ring_coalesced[i]
            bus_errors += guard_errors[i]
            bad_values += guard_values[i]
            i += 1
        progress = ptr32(self._progress.words)
        words = ptr32(payload)
        at = _WORDS_AT
        words[at] = progress[_EPOCH] & 0x3FFFFFFF  # a wider mask would be a heap object
        words[at + 1] = progress[_TICKS]
        words[at + 2] = progress[_EVENTS]
        words[at + 3] = progress[_LATE]
        words[at + 4] = dropped
        words[at + 5] = bus_errors
        words[at + 6] = bad_values
        words[at + 7] = ptr32(self._due)[_DROPPED]
        words[at + 8] = corrupt
        words[at + 9] = int(self._latency.last)
        words[at + 10] = coalesced
        words[at + 11] = trips
        out[_FLAGS_AT] = flags
        health = self._health
        sensors = int(len(health.by_source))
        told = ptr32(health.told)
        at = _SENSORS_AT
        i = 0
        while i < sensors:
            age_ms = told[i + i]
            out[at] = age_ms & 0xFF
            out[at + 1] = (age_ms >> 8) & 0xFF
            out[at + 2] = (age_ms >> 16) & 0xFF
            out[at + 3] = (age_ms >> 24) & 0xFF
            out[at + 4] = told[i + i + 1]
            at += _SENSOR_BYTES
            i += 1
        return at

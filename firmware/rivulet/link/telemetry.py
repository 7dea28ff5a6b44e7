"""What is reported and how often: records that are dropped, and counted, when the port is full."""

import struct
from array import array

from rivulet import protocol
from rivulet.compat import const, micropython, ptr32

_ALL = const(0x0F)
# Places in `_due`: what is left of the host's lease, how long the last record is ago, and how long
# it may be; 0: there are none.
_LEASE_US = const(0)
_WAITED_US = const(1)
_INTERVAL_US = const(2)


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
        self._due = array("i", (0, 0, 0))
        self.dropped = 0
        self.sent = 0

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
        waited_us = due[_WAITED_US] + elapsed_us
        if waited_us < interval_us:
            due[_WAITED_US] = waited_us
            return False
        waited_us -= interval_us
        # After a stall that several records have missed, their count begins anew.
        if waited_us >= interval_us:
            waited_us = 0
        due[_WAITED_US] = waited_us
        return True

    def report(self):
        """Queue one record of the model that runs and of what is counted, or drop it."""
        link = self._link
        if not link.room(len(link.payload) - 8):
            self.dropped += 1
            return
        control, health = self._control, self._health
        progress, ring, guard = self._progress, self._ring, control.guard
        model = control.model
        blocks = self._blocks if model is not None else 0
        health.look()
        flags = protocol.OUTPUTS_GUARDED if guard.reason else 0
        if health.stale is not None:
            flags |= protocol.OUTPUTS_STALE
        payload = link.payload
        struct.pack_into(
            protocol.TELEMETRY_HEAD,
            payload,
            2,
            blocks | protocol.INTEGERS if model is not None and model.integer else blocks,
            control.action.decision,
            progress.epoch & 0x3FFFFFFF,  # a wider mask would be a heap object
            progress.ticks,
            progress.events,
            progress.late,
            sum(ring.dropped),
            sum(guard.bus_errors),
            sum(guard.bad_values),
            self.dropped,
            link.deframer.corrupt + link.deframer.oversized,
            self._latency.last,
            sum(ring.coalesced),
            guard.trips,
            flags,
        )
        at = 2 + protocol.TELEMETRY_HEAD_BYTES
        for sensor_health in health.by_source:
            struct.pack_into(
                protocol.SENSOR_HEAD, payload, at, sensor_health.age_ms(), sensor_health.trouble
            )
            at += protocol.SENSOR_BYTES
        for number in range(4):
            if blocks >> number & 1:
                at = model.export(number, payload, at)
        link.send(protocol.TELEMETRY, at - 2)
        self.sent += 1

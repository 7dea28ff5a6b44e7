"""Watches the sensors: whether they speak, whether what they say moves, whether it can be true.

At each good reading the loop only notes its time; everything else is looked at when a decision
is due, at most twenty times a second. What a sensor must keep to is known from its rig and its
driver (see sensor.py)

    interval_us     time between two of its samples: missing after ten, and a tenth of a second
    limits          (lowest, highest) of each channel; what is beyond is out of range
    stuck_after_ms  how long a working sensor could repeat one reading in all its channels

or from the model file's guards, which go before. What neither says is not looked at. A sensor that
did not start is missing until it speaks, one whose driver raised what is no OSError is at fault
until it reads well again, and a channel that no sensor feeds is stale for ever.
"""

from array import array
from math import ceil, floor

from rivulet.arrays import floats, np
from rivulet.compat import const
from rivulet.protocol import OLDEST_MS, TROUBLES
from rivulet.sensing.clock import elapsed_us

# Bits of `trouble`, in the order of protocol.TROUBLES.
_MISSING = const(1)
_STUCK = const(2)
_OUT_OF_RANGE = const(4)
_BUS_ERRORS = const(8)
_FAULT = const(16)
# With these the model runs on what was, not on what is.
STALE = const(3)

_LOOK_US = const(50000)
_SAMPLES_MISSED = const(10)
_SHORTEST_MISSING_US = const(100000)
# A value that comes back after a silence is not stuck: so many looks must have found it again.
_REPEATS = const(3)
_FAR = const((1 << 30) - 1)
_INFINITY = float("inf")


class SensorHealth:
    """What is known of one sensor. seen: (epoch, ticks) of its last good reading, which the loop
    writes. trouble: bits as above; age_us: time since that reading, at the last look; error: why
    it did not start, or the fault of its driver, in words.
    """

    def __init__(self, sensor, epoch, ticks):
        self.name = sensor.name
        self.error = ""
        self.seen = array("i", (epoch, ticks))
        self.trouble = 0
        self.age_us = 0
        self.feeds = False
        self.stale = "%s says nothing new" % sensor.name
        self._started = True
        self._sensor = sensor
        self._noted = [epoch, ticks]
        self._moved = [epoch, ticks]
        self._repeats = 0
        self._errors = 0
        self._values = self._last = ()
        self._bounds = ()
        self._missing_us = self._stuck_us = 0

    def install(self, values, raw, model):
        """Watch what the loop reads into `values`; raw: in counts; model: or None."""
        sensor = self._sensor
        guards = model.settings.get("guards", {}) if model is not None else {}
        taken = model.channels if model is not None else ()
        self.feeds = any(name in taken for name in sensor.channels)
        interval_us = sensor.interval_us
        self._missing_us = 0
        if "stale" in guards:
            self._missing_us = 1000 * guards["stale"]["after_ms"]
        elif interval_us:
            self._missing_us = max(_SAMPLES_MISSED * interval_us, _SHORTEST_MISSING_US)
        self._stuck_us = 1000 * sensor.stuck_after_ms
        if "stuck" in guards:
            self._stuck_us = 1000 * guards["stuck"]["after_ms"]
        count = len(sensor.channels)
        self._values = values
        self._last = array("i", bytes(4 * count)) if raw else floats(np.zeros(count))
        self._moved[:] = list(self.seen)
        self._bounds = self._limits(guards.get("channels", {}), raw)
        self.trouble &= _FAULT

    def absent(self, error):
        """Note why the sensor did not start: it has to speak before it counts as there."""
        self.error = error
        self._started = False

    def fail(self, error):
        """Note a fault of its driver's code, in words."""
        self.error = error
        self.trouble |= _FAULT
        # The reading before it does not end it.
        self._noted[:] = list(self.seen)

    def age_ms(self):
        """Milliseconds since the last good reading, at the last look."""
        return min(self.age_us // 1000, OLDEST_MS)

    def said(self):
        """Its troubles, in words."""
        return [word for bit, word in enumerate(TROUBLES) if self.trouble >> bit & 1]

    def _limits(self, channels, raw):
        """((channel, lowest, highest), ...) of the channels that have limits, as in `values`."""
        sensor = self._sensor
        found = []
        for i in range(len(sensor.channels)):
            known = sensor.limits[i] if sensor.limits is not None else None
            entry = channels.get(sensor.channels[i], {})
            if known is None and not entry:
                continue
            low, high = known or (-_INFINITY, _INFINITY)
            low, high = entry.get("min", low), entry.get("max", high)
            if raw:
                # Counts are compared with whole numbers: a look makes no float.
                scale = sensor.scales[i]
                if scale < 0:
                    low, high = high, low
                low, high = ceil(_near(low / scale)), floor(_near(high / scale))
            found.append((i, low, high))
        return found

    def look(self, epoch, ticks, errors):
        """Judge the sensor at a moment. errors: how many bus errors it has had so far."""
        seen, noted = self.seen, self._noted
        trouble = self.trouble
        if seen[0] != noted[0] or seen[1] != noted[1]:
            noted[0], noted[1] = seen[0], seen[1]
            self._started = True
            self.error = ""
            trouble = self._judge(trouble & _STUCK)
        if errors != self._errors:
            self._errors = errors
            trouble |= _BUS_ERRORS
        self.age_us = age_us = max(elapsed_us(seen[0], seen[1], epoch, ticks), 0)
        if not self._started or self._missing_us and age_us > self._missing_us:
            trouble |= _MISSING
        self.trouble = trouble

    def _judge(self, trouble):
        """The trouble that the newest reading shows; what the one before showed is over."""
        # Two by two: MicroPython makes a tuple of more.
        values, last = self._values, self._last
        seen, moved = self.seen, self._moved
        if self._stuck_us:
            same = True
            for i in range(len(last)):
                value = values[i]
                if last[i] != value:
                    last[i] = value
                    same = False
            if not same:
                moved[0], moved[1] = seen[0], seen[1]
                self._repeats = 0
                trouble = 0
            elif self._repeats < _REPEATS:
                self._repeats += 1
            elif elapsed_us(moved[0], moved[1], seen[0], seen[1]) > self._stuck_us:
                trouble = _STUCK
        for i, low, high in self._bounds:
            if not low <= values[i] <= high:
                return trouble | _OUT_OF_RANGE
        return trouble


def _near(counts):
    # What a limit is in counts can be infinite, which no int is.
    return min(max(counts, -_FAR), _FAR)


class Health:
    """All sensors of a board.

    by_source: the SensorHealth of each. stale: what feeds the model nothing new, in words: a
    sensor that is missing or stuck, a channel without a sensor; None if all is well. unfed: the
    channels of the model without a sensor. at_fault: whether the code of a driver is.
    """

    def __init__(self, sensors, clock, guard, ring):
        self.sensors = sensors
        self.by_source = [SensorHealth(sensor, clock.epoch, clock.ticks) for sensor in sensors]
        self.stale = None
        self.at_fault = False
        self.unfed = ()
        self._fed = {channel for sensor in sensors for channel in sensor.channels}
        self._unfed = None
        self._clock = clock
        self._guard = guard
        self._ring = ring
        self._epoch, self._ticks = clock.epoch, clock.ticks

    def fail(self, source, error, faults):
        """Note what a driver's code has raised; until the sensor reads well again, only count."""
        sensor_health = self.by_source[source]
        if sensor_health.trouble & _FAULT:
            # To find the place takes milliseconds.
            faults.count = (faults.count + 1) & _FAR
            return
        sensor_health.fail(faults.note("sensor " + sensor_health.name, error))
        self.at_fault = True

    def install(self, model, fed=()):
        """Judge by what this model takes, from now on; None: there is no model.

        fed: its channels that the firmware feeds.
        """
        taken = model.channels if model is not None else ()
        self.unfed = [name for name in taken if name not in self._fed and name not in fed]
        names = ", ".join([str(channel) for channel in self.unfed])
        self._unfed = "no sensor feeds " + names if names else None
        self._judge()

    def look(self):
        """Judge every sensor now, if that was not done just before."""
        clock = self._clock
        if elapsed_us(self._epoch, self._ticks, clock.epoch, clock.ticks) >= _LOOK_US:
            self._judge()

    def _judge(self):
        clock = self._clock
        epoch, ticks = clock.epoch, clock.ticks
        self._epoch, self._ticks = epoch, ticks
        errors = self._guard.bus_errors
        stale = self._unfed
        at_fault = False
        for source in range(len(self.by_source)):
            sensor_health = self.by_source[source]
            sensor_health.look(epoch, ticks, errors[source])
            if sensor_health.feeds and sensor_health.trouble & STALE:
                stale = sensor_health.stale
            if sensor_health.trouble & _FAULT:
                at_fault = True
        self.stale = stale
        self.at_fault = at_fault

    def facts(self):
        """What a status document says of the sensors."""
        self.look()
        guard, ring = self._guard, self._ring
        count = len(self.by_source)
        return {
            "sensors": [
                {
                    "name": sensor_health.name,
                    "channels": sensor.channels,
                    "units": sensor.units,
                    "age_ms": sensor_health.age_ms(),
                    "trouble": sensor_health.said(),
                    "error": sensor_health.error,
                }
                for sensor, sensor_health in zip(self.sensors, self.by_source)
            ],
            "outputs_stale": self.stale is not None,
            "coalesced": list(ring.coalesced)[:count],
            "dropped": list(ring.dropped)[:count],
            "bus_errors": list(guard.bus_errors)[:count],
            "bad_values": list(guard.bad_values)[:count],
        }

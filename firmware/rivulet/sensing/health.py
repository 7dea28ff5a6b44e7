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
from rivulet.compat import const, micropython, ptr32
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
# Places in `SensorHealth._words`; elements, because to store an attribute costs 27 us on a Pico
# (see clock.py). A moment has two: its epoch and its ticks.
_NOTED = const(0)  # when the newest reading that a look has judged came
_ERRORS = const(2)  # bus errors at the last look
_MISSING_US = const(3)  # 0: it is never missing
_SILENT = const(4)  # it has to speak: it did not start
_WATCHED = const(5)  # something is known that its readings must keep to
_AT = const(6)  # where it stands in `told`
_INFINITY = float("inf")


class SensorHealth:
    """What is known of one sensor. seen: (epoch, ticks) of its last good reading, which the loop
    writes. trouble: bits as above; age_ms: time since that reading, at the last look; error: why
    it did not start, or the fault of its driver, in words.

    told, source: where in Health.told its age and its trouble stand.
    """

    def __init__(self, sensor, source, told, epoch, ticks):
        self.name = sensor.name
        self.error = ""
        self.seen = array("i", (epoch, ticks))
        self._told = told
        self.feeds = False
        self.stale = "%s says nothing new" % sensor.name
        self._sensor = sensor
        self._words = array("i", (epoch, ticks, 0, 0, 0, 0, 2 * source))
        self._moved = array("i", (epoch, ticks))
        self._repeats = 0
        self._values = self._last = ()
        self._raw = False
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
        self._raw = raw
        self._moved[0], self._moved[1] = self.seen
        self._bounds = self._limits(guards.get("channels", {}), raw)
        if raw:
            self._bounds = array("i", [number for limit in self._bounds for number in limit])
        words = self._words
        words[_MISSING_US] = min(self._missing_us, _FAR)
        words[_WATCHED] = bool(self._stuck_us or self._bounds)
        self._note(self.trouble & _FAULT)

    def absent(self, error):
        """Note why the sensor did not start: it has to speak before it counts as there."""
        self.error = error
        self._words[_SILENT] = 1

    def fail(self, error):
        """Note a fault of its driver's code, in words."""
        self.error = error
        self._note(self.trouble | _FAULT)
        # The reading before it does not end it.
        self._words[_NOTED], self._words[_NOTED + 1] = self.seen

    @property
    def age_ms(self):
        """Milliseconds since the last good reading, at the last look."""
        return self._told[self._words[_AT]]

    @property
    def trouble(self):
        return self._told[self._words[_AT] + 1]

    def _note(self, trouble):
        self._told[self._words[_AT] + 1] = trouble

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

    @micropython.viper
    def look(self, now, bus_errors) -> int:
        """Judge the sensor at a moment; returns its trouble. bus_errors: of all, by source."""
        moment = ptr32(now)
        epoch = moment[0]
        ticks = moment[1]
        words = ptr32(self._words)
        seen = ptr32(self.seen)
        told = ptr32(self._told)
        at = words[_AT]
        errors = ptr32(bus_errors)[at >> 1]
        trouble = told[at + 1]
        if seen[0] != words[_NOTED] or seen[1] != words[_NOTED + 1]:
            words[_NOTED] = seen[0]
            words[_NOTED + 1] = seen[1]
            if words[_SILENT] or trouble & _FAULT:
                words[_SILENT] = 0
                self.error = ""
            trouble &= _STUCK
            if words[_WATCHED]:
                trouble = int(self._judge(trouble))
        if errors != words[_ERRORS]:
            words[_ERRORS] = errors
            trouble |= _BUS_ERRORS
        missing_us = words[_MISSING_US]
        missing = words[_SILENT]
        age_us = ticks - seen[1]
        if epoch == seen[0]:
            if age_us < 0:
                age_us = 0
            if missing_us and age_us > missing_us:
                missing = 1
            told[at] = age_us // 1000
        elif self._long_missing(epoch, ticks):
            missing = 1
        if missing:
            trouble |= _MISSING
        told[at + 1] = trouble
        return trouble

    def _long_missing(self, epoch, ticks):
        """Note an age of any length; whether the sensor is missing."""
        seen = self.seen
        age_us = max(elapsed_us(seen[0], seen[1], epoch, ticks), 0)
        self._told[self._words[_AT]] = min(age_us // 1000, OLDEST_MS)
        return self._missing_us > 0 and age_us > self._missing_us

    def _judge(self, trouble):
        """The trouble that the newest reading shows; what the one before showed is over."""
        # Small frames: see control/outputs.py.
        if self._stuck_us:
            last = self._last
            if not (_repeat if self._raw else _repeat_floats)(self._values, last, len(last)):
                self._note_motion(self.seen, self._moved)
                trouble = 0
            elif self._stands(self.seen, self._moved):
                trouble = _STUCK
        bounds = self._bounds
        beyond = _beyond if self._raw else _beyond_floats
        return trouble | _OUT_OF_RANGE if beyond(self._values, bounds, len(bounds)) else trouble

    def _note_motion(self, seen, moved):
        moved[0], moved[1] = seen[0], seen[1]
        if self._repeats:
            self._repeats = 0

    def _stands(self, seen, moved):
        """Count a repeated reading; whether the readings have not moved for too long."""
        if self._repeats < _REPEATS:
            self._repeats += 1
            return False
        return elapsed_us(moved[0], moved[1], seen[0], seen[1]) > self._stuck_us


@micropython.viper
def _repeat(values, last, count: int) -> bool:
    """Copy counts to `last`; whether they stood there already."""
    one = ptr32(values)
    other = ptr32(last)
    same = True
    i = 0
    while i < count:
        if one[i] != other[i]:
            other[i] = one[i]
            same = False
        i += 1
    return same


def _repeat_floats(values, last, count):
    same = True
    for i in range(count):
        value = values[i]
        if last[i] != value:
            last[i] = value
            same = False
    return same


@micropython.viper
def _beyond(values, bounds, count: int) -> bool:
    """Whether counts are beyond bounds; bounds: `count` numbers, channel, lowest, highest each."""
    counts = ptr32(values)
    limits = ptr32(bounds)
    # On 64 bits, a load need not extend the sign.
    wide = 1
    wide = 32 if (wide << 31) << 1 else 0
    i = 0
    while i < count:
        value = (counts[limits[i]] << wide) >> wide
        low = (limits[i + 1] << wide) >> wide
        high = (limits[i + 2] << wide) >> wide
        if value < low or value > high:
            return True
        i += 3
    return False


def _beyond_floats(values, bounds, count):
    beyond = False
    for i, low, high in bounds:
        if not low <= values[i] <= high:
            beyond = True
    return beyond


def _near(counts):
    # What a limit is in counts can be infinite, which no int is.
    return min(max(counts, -_FAR), _FAR)


class Health:
    """All sensors of a board.

    by_source: the SensorHealth of each. stale: what feeds the model nothing new, in words: a
    sensor that is missing or stuck, a channel without a sensor; None if all is well. unfed: the
    channels of the model without a sensor. at_fault: whether the code of a driver is. told: of
    each sensor, age_ms and trouble, as a record has them.
    """

    def __init__(self, sensors, clock, guard, ring):
        self.sensors = sensors
        self.told = array("i", bytes(8 * len(sensors)))
        self.by_source = [
            SensorHealth(sensor, source, self.told, clock.epoch, clock.ticks)
            for source, sensor in enumerate(sensors)
        ]
        self.stale = None
        self.at_fault = False
        self.unfed = ()
        self._fed = {channel for sensor in sensors for channel in sensor.channels}
        self._unfed = None
        self._now = clock.now
        self._guard = guard
        self._ring = ring
        # The moment of the last look.
        self._looked = array("i", clock.now)

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
        if self._elapsed():
            self._judge()

    @micropython.viper
    def _elapsed(self) -> bool:
        """Whether the last look is long enough ago."""
        now = ptr32(self._now)
        looked = ptr32(self._looked)
        # A wrap only makes the next look come early.
        if now[0] != looked[0]:
            return True
        return now[1] - looked[1] >= _LOOK_US

    @micropython.viper
    def _judge(self):
        now = self._now
        moment = ptr32(now)
        looked = ptr32(self._looked)
        looked[0] = moment[0]
        looked[1] = moment[1]
        errors = self._guard.bus_errors
        troubles = 0
        for sensor_health in self.by_source:
            troubles |= int(sensor_health.look(now, errors))
        # A call that is spared where it would change nothing.
        if troubles or self.stale is not self._unfed or bool(self.at_fault):
            self._conclude()

    def _conclude(self):
        """Find what the troubles of the sensors mean for the model."""
        stale = self._unfed
        at_fault = False
        for sensor_health in self.by_source:
            trouble = sensor_health.trouble
            if trouble:
                if sensor_health.feeds and trouble & STALE:
                    stale = sensor_health.stale
                if trouble & _FAULT:
                    at_fault = True
        # Only what changes is stored: a store into an attribute takes 27 us on a Pico.
        if self.stale is not stale:
            self.stale = stale
        if self.at_fault is not at_fault:
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
                    "age_ms": sensor_health.age_ms,
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

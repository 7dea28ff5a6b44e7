"""Watches the sensors: whether they speak, whether what they say moves, whether it can be true.

At each good reading the loop only notes its time; everything else is looked at when a decision
is due, at most twenty times a second. What a sensor must keep to is known from its driver

    interval_us     time between two of its samples: missing after ten, and a tenth of a second
    limits          (lowest, highest) of every channel: in counts if it has `scales`, else in
                    its units; what is beyond is out of range
    stuck_after_ms  how long a working sensor could repeat one reading in all its channels

or from the model file's guards, which go before. What neither says is not looked at. A sensor that
did not start is missing until it speaks, and a channel that no sensor feeds is stale for ever.
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
# With these the model runs on what was, not on what is.
STALE = const(3)

_LOOK_US = const(50000)
_SAMPLES_MISSED = const(10)
_SHORTEST_MISSING_US = const(100000)
# A value that comes back after a silence is not stuck: so many looks must have found it again.
_REPEATS = const(3)
_FAR = const((1 << 30) - 1)


class Watch:
    """What is known of one sensor. seen: (epoch, ticks) of its last good reading, which the loop
    writes. trouble: bits as above; age_us: time since that reading, at the last look.

    started: False for one that has to speak before it counts as there.
    """

    def __init__(self, driver, epoch, ticks, started=True):
        self.name = driver.name
        self.seen = array("i", (epoch, ticks))
        self.trouble = 0
        self.age_us = 0
        self.feeds = False
        self.stale = "%s says nothing new" % driver.name
        self._started = started
        self._driver = driver
        self._noted = [epoch, ticks]
        self._moved = [epoch, ticks]
        self._repeats = 0
        self._errors = 0
        self._values = self._last = ()
        self._bounds = ()
        self._missing_us = self._stuck_us = 0

    def install(self, values, raw, model):
        """Watch what the loop reads into `values`; raw: counts of the driver; model: or None."""
        driver = self._driver
        guards = model.settings.get("guards", {}) if model is not None else {}
        taken = model.channels if model is not None else ()
        self.feeds = any(name in taken for name in driver.channels)
        interval_us = getattr(driver, "interval_us", 0)
        self._missing_us = 0
        if "stale" in guards:
            self._missing_us = 1000 * guards["stale"]["after_ms"]
        elif interval_us:
            self._missing_us = max(_SAMPLES_MISSED * interval_us, _SHORTEST_MISSING_US)
        self._stuck_us = 1000 * getattr(driver, "stuck_after_ms", 0)
        if "stuck" in guards:
            self._stuck_us = 1000 * guards["stuck"]["after_ms"]
        count = len(driver.channels)
        self._values = values
        self._last = array("i", bytes(4 * count)) if raw else floats(np.zeros(count))
        self._moved[:] = list(self.seen)
        self._bounds = self._limits(guards.get("channels", {}), raw)
        self.trouble = 0

    def age_ms(self):
        """Milliseconds since the last good reading, at the last look."""
        return min(self.age_us // 1000, OLDEST_MS)

    def said(self):
        """Its troubles, in words."""
        return [word for bit, word in enumerate(TROUBLES) if self.trouble >> bit & 1]

    def _limits(self, channels, raw):
        """((channel, lowest, highest), ...) of the channels that have limits, as in `values`."""
        driver = self._driver
        known = getattr(driver, "limits", None)
        scales = getattr(driver, "scales", None)
        found = []
        for i in range(len(driver.channels)):
            entry = channels.get(driver.channels[i], {})
            if known is None and not entry:
                continue
            low, high = known or (-_FAR, _FAR)
            if scales is not None and not raw:
                low, high = low * scales[i], high * scales[i]
            # Counts are compared with whole numbers: a look makes no float.
            if "min" in entry:
                low = ceil(_near(entry["min"] / scales[i])) if raw else entry["min"]
            if "max" in entry:
                high = floor(_near(entry["max"] / scales[i])) if raw else entry["max"]
            found.append((i, low, high))
        return found

    def look(self, epoch, ticks, errors):
        """Judge the sensor at a moment. errors: how many bus errors it has had so far."""
        seen, noted = self.seen, self._noted
        trouble = self.trouble
        if seen[0] != noted[0] or seen[1] != noted[1]:
            noted[0], noted[1] = seen[0], seen[1]
            self._started = True
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
    # What a limit of the model is in counts can be infinite, which no int is.
    return min(max(counts, -_FAR), _FAR)


class Health:
    """All sensors of a board; troubles: by sensor, why it did not start, or "".

    stale: what feeds the model nothing new, in words: a sensor that is missing or stuck, a channel
    without a sensor; None if all is well. unfed: the channels of the model without a sensor.
    """

    def __init__(self, drivers, troubles, clock, guard, ring):
        self.watches = [
            Watch(driver, clock.epoch, clock.ticks, not trouble)
            for driver, trouble in zip(drivers, troubles)
        ]
        self.stale = None
        self.unfed = ()
        self._fed = {channel for driver in drivers for channel in driver.channels}
        self._unfed = None
        self._clock = clock
        self._guard = guard
        self._ring = ring
        self._epoch, self._ticks = clock.epoch, clock.ticks

    def install(self, model):
        """Judge by what this model takes, from now on; None: there is no model."""
        taken = model.channels if model is not None else ()
        self.unfed = [channel for channel in taken if channel not in self._fed]
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
        for source in range(len(self.watches)):
            watch = self.watches[source]
            watch.look(epoch, ticks, errors[source])
            if watch.feeds and watch.trouble & STALE:
                stale = watch.stale
        self.stale = stale

    def facts(self):
        """What a status document says of the sensors."""
        self.look()
        guard, ring = self._guard, self._ring
        count = len(self.watches)
        return {
            "sensors": [
                {"name": watch.name, "age_ms": watch.age_ms(), "trouble": watch.said()}
                for watch in self.watches
            ],
            "outputs_stale": self.stale is not None,
            "coalesced": list(ring.coalesced)[:count],
            "dropped": list(ring.dropped)[:count],
            "bus_errors": list(guard.bus_errors)[:count],
            "bad_values": list(guard.bad_values)[:count],
        }

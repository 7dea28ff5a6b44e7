"""Inputs that the firmware feeds at each tick of the cadence: actions, ages, fresh flags.

model/fed.py says what they are. Imported by models that have such channels.
"""

from array import array

from rivulet.arrays import floats, np
from rivulet.compat import const
from rivulet.errors import ModelError
from rivulet.model.fed import KINDS
from rivulet.sensing.clock import elapsed_us

# Places in KINDS.
_ACTION = const(0)
_AGE = const(1)
_FRESH = const(2)
# An integer model's normalised inputs reach from -8 to 8, and its kernels take 16 bits.
_REACH = 8.0
_LARGEST = const(32767)
_FEWEST_BITS = const(-30)
_MOST_BITS = const(24)


class FedInputs:
    """Feeds a model's own channels, and moves it from tick to tick.

    channels: what it feeds, [(name, kind, what it is of), ...] in the model's order; sensors,
    health: of the rig, and the SensorHealth of each; actuators: the rig's. Raises ModelError if
    the rig lacks one of them.
    """

    def __init__(self, model, channels, sensors, health, actuators):
        self.channels = [name for name, _, _ in channels]
        self._model = model
        self._kinds = [KINDS.index(kind) for _, kind, _ in channels]
        self._sources = [
            _actuator(actuators, of) if kind == "action" else _seen(sensors, health, of)
            for _, kind, of in channels
        ]
        # Of fresh channels: (epoch, ticks) of the last good event that a tick has seen.
        self._noted = array("i", bytes(8 * len(channels)))
        for i in range(len(channels)):
            if self._kinds[i] == _FRESH:
                self._noted[2 * i], self._noted[2 * i + 1] = self._sources[i]
        if model.integer:
            self._prepare_integers()
        else:
            self._slots = model.slots(tuple(self.channels))
            self._values = floats(np.zeros(len(channels)))

    def tick(self, dt_us, now):
        """Write the channels and move the model; now: (epoch, ticks), `dt_us` after last time."""
        if self._model.integer:
            self._write_integers(now)
            self._model.move(dt_us, self._map.words)
            return
        values = self._values
        for i in range(len(self._kinds)):
            kind, source = self._kinds[i], self._sources[i]
            if kind == _ACTION:
                values[i] = source.given
            elif kind == _AGE:
                values[i] = _age_us(source, now) * 1e-6
            else:
                values[i] = self._is_fresh(i, source)
        self._model.event(dt_us, self._slots, values)

    def _prepare_integers(self):
        """Choose each channel's unit so that its normalised range fits the kernels' integers."""
        # Imported by integer models alone: its machine code stays in memory.
        from rivulet.arrays.fixed import to_integer

        self._to_integer = to_integer
        self._action = array("f", bytes(4))
        normalisation = self._model.settings["normalisation"]
        self._units = []
        scales = []
        for i in range(len(self.channels)):
            at = self._model.channels.index(self.channels[i])
            offset, scale = normalisation["offset"][at], normalisation["scale"][at]
            largest = abs(offset) + (_REACH / abs(scale) if scale else 1.0)
            if self._kinds[i] == _ACTION:
                unit = _bits(largest)
                scales.append(0.5**unit)
            elif self._kinds[i] == _AGE:
                unit = int(min(largest, 1000.0) * 1e6) // _LARGEST + 1
                scales.append(unit * 1e-6)
            else:
                unit = 1
                scales.append(1.0)
            self._units.append(unit)
        self._map = self._model.raw_slots(self.channels, scales)

    def _write_integers(self, now):
        # Without a heap object: an action is a float that its actuator has made already.
        raw = self._map.raw
        for i in range(len(self._kinds)):
            kind, source = self._kinds[i], self._sources[i]
            if kind == _ACTION:
                self._action[0] = source.given
                raw[i] = self._to_integer(self._action, self._units[i])
            elif kind == _AGE:
                raw[i] = min(_age_us(source, now) // self._units[i], _LARGEST)
            else:
                raw[i] = self._is_fresh(i, source)

    def _is_fresh(self, i, seen):
        noted = self._noted
        if noted[2 * i] == seen[0] and noted[2 * i + 1] == seen[1]:
            return 0
        noted[2 * i], noted[2 * i + 1] = seen[0], seen[1]
        return 1


def _age_us(seen, now):
    # An event may be stamped after the turn has looked at the clock.
    return max(elapsed_us(seen[0], seen[1], now[0], now[1]), 0)


def _bits(largest):
    """Return the number of fraction bits with which `largest` fits."""
    bits = _MOST_BITS
    while bits > _FEWEST_BITS and largest * 2.0**bits > _LARGEST:
        bits -= 1
    return bits


def _actuator(actuators, name):
    for actuator in actuators:
        if actuator.name == name:
            return actuator
    known = ", ".join([actuator.name for actuator in actuators]) or "none"
    raise ModelError("it takes 'action.%s'; the actuators of this rig: %s" % (name, known))


def _seen(sensors, health, channel):
    """Return the moment of the channel's last good event, which the loop writes."""
    for sensor, sensor_health in zip(sensors, health):
        if channel in sensor.channels:
            return sensor_health.seen
    raise ModelError("it takes the age of '%s', which no sensor of this rig feeds" % channel)

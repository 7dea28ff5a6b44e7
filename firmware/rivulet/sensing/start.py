"""Starts a rig's sensors, each by itself: one that fails does not lose the others."""

from rivulet.compat import const
from rivulet.sensing.triggers import stamp

# A sensor that did not start is tried again every so often.
_AGAIN_MS = const(5000)
_WRAP = const(0x3FFFFFFF)


class Starts:
    """Starts `sensors`, numbered as their sources are, and tries those that failed again.

    board: whose clock stamps the events; ring: what takes them; faults: what is told of drivers
    whose code fails; errors: by sensor, why it did not start, "" if it did; faulty: by sensor,
    whether its code is to blame; failed: the numbers of those that did not start.
    """

    def __init__(self, sensors, board, ring, faults):
        self.sensors = sensors
        self.errors = [""] * len(sensors)
        self.faulty = [False] * len(sensors)
        self._faults = faults
        self._ticks_ms = board.ticks_ms
        self._handlers = [
            stamp(ring.push, board.ticks_us, source) for source in range(len(sensors))
        ]
        self.failed = [source for source in range(len(sensors)) if not self._start(source)]
        self._tried_ms = board.ticks_ms()

    def words(self):
        """Return what did not start and why, a line for each."""
        return [
            "sensor %s%s %s" % (sensor.name, ":" if faulty else " does not answer:", error)
            for sensor, error, faulty in zip(self.sensors, self.errors, self.faulty)
            if error
        ]

    def retry(self):
        """Try one of those that failed, if that is due. Returns its number, -1 if none was due.

        Its entry in `errors` says what became of it.
        """
        failed = self.failed
        now = self._ticks_ms()
        if (now - self._tried_ms) & _WRAP < _AGAIN_MS // len(failed):
            return -1
        self._tried_ms = now
        source = failed.pop(0)
        if not self._start(source):
            failed.append(source)
        return source

    def _start(self, source):
        sensor = self.sensors[source]
        error = ""
        faulty = False
        try:
            sensor.start(self._handlers[source])
        except OSError as trouble:
            error = str(trouble) or "OSError"
        except MemoryError:
            error = "not enough memory for its driver"
        except Exception as trouble:
            error = self._faults.note("sensor " + sensor.name, trouble)
            faulty = True
        self.errors[source] = error
        self.faulty[source] = faulty
        return not error

"""State feedback on outputs, such as an LQR."""

from rivulet.control.policies.controller import Controller
from rivulet.control.policies.values import Value


class StateFeedback(Controller):
    """u = offset - sum of gain (input - setpoint).

    entry: as model/policies.py checks it. Scheduled gains are a row of gains a breakpoint.
    """

    def __init__(self, entry, classes):
        super().__init__(entry, classes)
        names = entry["inputs"]
        self._inputs = [Value(name, classes) for name in names]
        self._setpoints = [
            Value(each, classes) for each in entry.get("setpoints", [0] * len(names))
        ]
        self._offset = entry.get("offset", 0)
        rows = entry["schedule"]["gains"] if self._by is not None else [entry["gains"]]
        self._rows = rows

    def compute(self, values, seconds):
        """Return u for the outputs, `seconds` after the last time."""
        rows = self._rows
        below = 0
        share = 0.0
        if self._by is not None:
            self._look_up(values)
            below, share = self._below, self._share
        u = self._offset + 0.0
        for i in range(len(self._inputs)):
            gain = rows[below][i]
            if share:
                gain += (rows[below + 1][i] - gain) * share
            u -= gain * (self._inputs[i].read(values) - self._setpoints[i].read(values))
        return self._finish(self._limited(u, seconds))

"""What controllers share: limits, slew, and gains that depend on a value."""

from rivulet.control.policies.values import Value


class Controller:
    """Computes a value for actuators at each decision.

    entry: {"limits": [lowest, highest], "slew_per_s": the largest change in a second, "schedule":
    {"by": a value, "at": its breakpoints, and a list with an entry a breakpoint for each gain}}.
    classes: the names of the model's classes.
    """

    def __init__(self, entry, classes):
        self._limits = entry.get("limits")
        self._slew_per_s = entry.get("slew_per_s", 0)
        schedule = entry.get("schedule", {})
        self._by = Value(schedule["by"], classes) if schedule else None
        self._points = schedule.get("at", ())
        # The breakpoint before the value, and how far the value is from it to the next, 0 to 1.
        self._below = 0
        self._share = 0.0
        # The last value, or None at rest: nothing holds the first one back.
        self._last = None

    def rest(self):
        """Forget the past."""
        self._last = None

    def _look_up(self, values):
        """Find the place among the breakpoints; beyond them it is the first or the last one."""
        points = self._points
        value = self._by.read(values)
        below = 0
        while below < len(points) - 2 and value >= points[below + 1]:
            below += 1
        share = (value - points[below]) / (points[below + 1] - points[below])
        self._below = below
        self._share = min(max(share, 0.0), 1.0)

    def _between(self, row):
        """Return an entry of a row of the schedule, or between two of them."""
        low = row[self._below]
        return low + (row[self._below + 1] - low) * self._share

    def _limited(self, value, seconds):
        """Return a value within limits, and no further from the last one than the slew allows."""
        last = self._last
        if self._limits is not None:
            value = min(max(value, self._limits[0]), self._limits[1])
        if self._slew_per_s and last is not None:
            step = self._slew_per_s * seconds
            value = min(max(value, last - step), last + step)
        return value

    def _finish(self, value):
        """Keep a value and return it. One that is no number sets the controller back."""
        if value - value != 0.0:
            self.rest()
        else:
            self._last = value
        return value

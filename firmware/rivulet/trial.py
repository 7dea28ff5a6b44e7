"""Watches a board that has to show that it stands: after a swap, or after starts that failed."""

from rivulet.compat import ticks_diff, ticks_ms


class Trial:
    """loop: the loop to watch; seconds: how long it has to run; reverts: whether a guard's trip
    meanwhile sends it back to the model before, at once.

    Asked at every decision. The time over, `stands()` is called, in a moment without events, for
    it writes to flash.
    """

    def __init__(self, loop, seconds, reverts, stands):
        self._loop = loop
        self._reverts = reverts
        self._stands = stands
        self._left_ms = 1000 * seconds
        self._trips = loop.guard.trips
        self._seen_ms = ticks_ms()

    @property
    def left_s(self):
        return max(self._left_ms // 1000, 0)

    def passes(self):
        """False if the model was left for the one before: its outputs are not to be used then."""
        loop = self._loop
        now = ticks_ms()
        self._left_ms -= ticks_diff(now, self._seen_ms)
        self._seen_ms = now
        trips = loop.guard.trips
        if self._reverts and trips != self._trips:
            self._trips = trips
            return not loop.revert("guard: " + (loop.guard.reason or "its state was no number"))
        if self._left_ms <= 0 and not len(loop.ring):
            self._stands()
        return True

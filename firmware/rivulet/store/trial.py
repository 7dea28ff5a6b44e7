"""Watches a board that has to show that it stands: after a swap, or after starts that failed."""

from rivulet.compat import ticks_diff, ticks_ms
from rivulet.errors import StoreError


class Trial:
    """Asked at every decision, or at the decision's time where no model runs.

    A trip of the guard fails a model on trial at once, and so does a fault of a person's own code
    that is new: what the model did to it is not known. After the store's `trial_s` seconds the
    model, or the start, stands.
    """

    def __init__(self, store, guard, faults, ring, link, digest):
        self._store = store
        self._guard = guard
        self._faults = faults
        self._ring = ring
        self._link = link
        self._who = digest[:12] or "the program"
        self._model_on_trial = store.on_trial
        self._left_ms = 1000 * store.trial_s
        self._trips = guard.trips
        self._seen_ms = ticks_ms()

    @property
    def left_s(self):
        return max(self._left_ms // 1000, 0)

    def failed(self):
        """Why the model must be left for the one before it, or "". Its outputs are not to be used
        then."""
        now = ticks_ms()
        self._left_ms -= ticks_diff(now, self._seen_ms)
        self._seen_ms = now
        if self._model_on_trial and self._guard.trips != self._trips:
            return "guard: " + (self._guard.reason or "its state was no number")
        if self._model_on_trial and self._faults.fresh:
            return "fault: " + self._faults.fresh
        # In a moment without events, for it writes to flash.
        if self._left_ms <= 0 and not len(self._ring):
            self._stand()
        return ""

    def pass_over(self):
        """Pass over what has made the model fail: there is no way back."""
        self._trips = self._guard.trips
        self._faults.fresh = ""

    def _stand(self):
        try:
            self._store.stands()
            self._link.text("%s has stood for %d s" % (self._who, self._store.trial_s))
        except StoreError as error:
            self._link.text(str(error))

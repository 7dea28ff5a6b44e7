"""Watches a board that has to show that it stands: after a swap, or after starts that failed."""

from rivulet.compat import ticks_diff, ticks_ms
from rivulet.errors import StoreError


class Trial:
    """Asked at every decision, or turn where no model decides. A guard's trip sends a loop whose
    model is on trial back to the model before, at once; the store's `trial_s` seconds over, all
    stands."""

    def __init__(self, loop, link, store):
        self._loop = loop
        self._link = link
        self._store = store
        self._reverts = store.on_trial
        self._left_ms = 1000 * store.trial_s
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
            left = self._revert("guard: " + (loop.guard.reason or "its state was no number"))
            # Not before: where there was no memory to try it, the next decision tries again.
            self._trips = trips
            return not left
        # In a moment without events, for it writes to flash.
        if self._left_ms <= 0 and not len(loop.ring):
            self._stand()
        return True

    def _revert(self, why):
        try:
            # What the failing model has for a state is nothing to go on from.
            self._loop.model_swap.back(why, trusted=False)
        except StoreError as error:
            self._link.text("%s, and no way back: %s" % (why, error))
            return False
        return True

    def _stand(self):
        loop = self._loop
        try:
            self._store.stands()
            who = loop.model_hash[:12] or "the program"
            self._link.text("%s has stood for %d s" % (who, self._store.trial_s))
        except StoreError as error:
            self._link.text(str(error))
        loop.trial = None

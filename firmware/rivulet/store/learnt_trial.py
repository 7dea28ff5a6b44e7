"""Watches whether the outputs stand with what was learnt; until then it is in memory alone."""

from rivulet.store.trial import Trial


class LearntTrial(Trial):
    """A trial that every label begins anew. It ends as that of a model does."""

    def __init__(self, store, guard, faults, ring, link):
        super().__init__(store, guard, faults, ring, link, "")
        self._who = "what was learnt"
        self._model_on_trial = True

    def renew(self):
        self._left_ms = 1000 * self._store.trial_s

    def _stand(self):
        # Where flash refuses it, it is tried again after as long a time.
        self.renew()
        super()._stand()

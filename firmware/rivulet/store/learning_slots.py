"""Slots whose models may learn: what one has learnt is kept beside it, or taken back."""

import gc

from rivulet.errors import ModelError, StoreError
from rivulet.store.slots import Candidate, Slots, nothing, why_not


class LearningSlots(Slots):
    """The parameters are those of Slots.

    adapted: the running model if it can be adapted, or None; unkept: whether what it has learnt is
    on trial, in memory alone.
    """

    def __init__(self, folder, trial_s, trust):
        super().__init__(folder, trial_s, trust)
        self.adapted = None
        self.unkept = False

    def stands(self):
        if self.unkept:
            self._keep_learnt()
        else:
            super().stands()

    def confirm(self):
        """Keep what is on trial, a model or what it has learnt; False if nothing is."""
        if self.unkept:
            self._keep_learnt()
            return True
        return super().confirm()

    def previous(self, why):
        """As in Slots; but that of a model that has learnt is itself, without what it learnt."""
        if self.adapted is None or not self.adapted.learner.labels:
            return super().previous(why)
        gc.collect()
        return self._unlearnt(why)

    def facts(self):
        facts = super().facts()
        if self.adapted is not None:
            facts["labels"] = self.adapted.learner.labels
            facts["labels_on_trial"] = self.unkept
        return facts

    def why_not_learn(self):
        """Why a label is refused, or ""."""
        if self.running < 0 or self._taken:
            return "a push has taken the slot of the model that runs"
        if self._trust is not None and not self._trust.adapts:
            return "this board takes signed models alone: 'rivulet flash --adapt' lets it learn"
        if self.trial is not None and not self.unkept:
            return "the model or this start is on trial: wait, or 'rivulet confirm'"
        return ""

    def has_learnt(self, guard, faults, ring, link):
        """Put what the running model has learnt on trial: it was given one more label."""
        if self.unkept:
            self.trial.renew()
            return
        from rivulet.store.learnt_trial import LearntTrial

        self.trial = LearntTrial(self, guard, faults, ring, link)
        self.unkept = True

    def _keep_learnt(self):
        # Imported for it: see runtime.SELDOM.
        from rivulet.store.learnt import path_of, save

        slot = self.running
        digest = self._journal.facts["hashes"][slot]
        if self._taken or slot < 0 or not digest:
            raise StoreError("a push has taken its slot: what was learnt is lost")
        if self.adapted.learner.busy:
            raise StoreError("a label is still being learnt: again in a moment")
        self._attempt(save, self.adapted, path_of(self._paths[slot]), digest)
        self.unkept = False
        self.trial = None

    def _unlearnt(self, why):
        """The running model without what it learnt, as a Candidate. Raises StoreError."""
        slot = self.running
        digest = self._journal.facts["hashes"][slot] if slot >= 0 else ""
        if self._taken or not digest:
            raise StoreError("a push has taken the slot of the model that runs")
        try:
            made = self._attempt(self._verified, slot, digest, False)
        except (ModelError, MemoryError) as error:
            raise StoreError("the model without what it learnt: " + why_not(error))
        candidate = Candidate(made, lambda: self._unlearn(slot), nothing, why)
        candidate.said = "what was learnt is gone"
        candidate.label = ""
        return candidate

    def _unlearn(self, slot):
        from rivulet.store.learnt import path_of, remove

        self._attempt(remove, path_of(self._paths[slot]))
        self.unkept = False
        self.trial = None

"""Another model in the place of the one that runs: between two events, all of it or nothing."""

import gc

from rivulet import protocol
from rivulet.control import crossfade
from rivulet.errors import ModelError, StoreError
from rivulet.sensing.clock import elapsed_us
from rivulet.store.slots import why_not


class ModelSwap:
    """What a push ends in, and the way back. All raise StoreError; the old model then runs on."""

    def __init__(self, loop, link, store):
        self._loop = loop
        self._link = link
        self._store = store

    def swap(self):
        """Verify the pushed model and run it from the next event on; what became of the state."""
        gc.collect()
        loop, store = self._loop, self._store
        model, digest = store.finish()
        try:
            outcome = self._to(model, digest, store.activate, True)
        except (MemoryError, ModelError) as error:
            if loop.again:
                raise StoreError("too little memory for both: the board starts with this one")
            store.abandon()
            raise StoreError(why_not(error))
        loop.swaps += 1
        loop.boot_error = loop.sensor_error
        return outcome

    def confirm(self):
        """The model on trial is here to stay; False if none was."""
        confirmed = self._store.confirm()
        self._loop.trial = None
        return confirmed

    def back(self, why, trusted=True):
        """Run the model before this one; what became of the state.

        Where state and outputs of this one cannot be `trusted`, nothing goes on from them.
        """
        gc.collect()
        store = self._store
        model, digest = store.previous()
        try:
            outcome = self._to(model, digest, lambda: store.go_back(why), trusted)
        except (MemoryError, ModelError) as error:
            raise StoreError("the earlier model: " + why_not(error))
        self._link.text("the model before is back: " + why)
        return outcome

    def _to(self, model, digest, commit, trusted):
        loop = self._loop
        self._link.resize(protocol.longest_record(model, len(loop.sensors)))
        inlets = loop.inlets.connect(model, not loop.events)
        loop.note_heap()  # two models are in memory now
        outcome = "state reset"
        between = None
        old = loop.model
        if old is not None:
            if trusted and model.adopt(old):
                outcome = "state kept"
            elif loop.events:
                count = loop.recent.warm_up(model)
                outcome = "state warmed up from %d recent inputs" % count
            if trusted:
                clock = loop.clock
                ahead_us = elapsed_us(loop.epoch, loop.ticks, clock.epoch, clock.ticks)
                between = crossfade.between(old, model, ahead_us if loop.started else 0)
        loop.replace(model, digest, inlets, between, commit)
        return outcome

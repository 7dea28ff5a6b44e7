"""How a model takes over from the one that runs."""

from rivulet.control.crossfade import between
from rivulet.sensing.clock import elapsed_us


def hand_over(old, model, recent, progress, clock, trusted):
    """Bring `model` to where `old` is; returns (what became of the state, a Crossfade or None).

    old: the model that runs, or None; recent: its last inputs; progress: the time and the number
    of its events; trusted: whether its state and its outputs may be gone on from.
    """
    if old is None:
        return "state reset", None
    outcome = "state reset"
    if trusted and model.adopt(old):
        outcome = "state kept"
    elif progress.events:
        outcome = "state warmed up from %d recent inputs" % recent.warm_up(model)
    if not trusted:
        return outcome, None
    ahead_us = 0
    if progress.started:
        ahead_us = elapsed_us(progress.epoch, progress.ticks, clock.epoch, clock.ticks)
    return outcome, between(old, model, ahead_us)

"""How a model takes over from the one that runs."""

from rivulet.compat import const
from rivulet.control.crossfade import between
from rivulet.sensing.clock import elapsed_us

# What came before the kept inputs: their mean, for so many steps of so long.
_SETTLING = const(8)
_SETTLING_US = const(1000000)


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
        outcome = "state warmed up from %d recent inputs" % warm_up(recent, model)
    if not trusted:
        return outcome, None
    ahead_us = 0
    if progress.started:
        ahead_us = elapsed_us(progress.epoch, progress.ticks, clock.epoch, clock.ticks)
    return outcome, between(old, model, ahead_us)


def warm_up(recent, other):
    """Move a model through the kept inputs of another one to those of now; how many those were.

    Slow neurons remember more than was kept: first it settles under the mean of that.
    Channels are told apart by name; one that the other did not take stays at its offset.
    """
    old = recent.model
    count = recent.filled[1]
    numbers = tuple(
        other.channels.index(name) if name in other.channels else -1 for name in old.channels
    )
    now = old.physical(3)
    mean = list(now)
    for number in range(-count, 0):
        mean = [total + value for total, value in zip(mean, recent.row(number))]
    mean = [total / (count + 1) for total in mean]
    other.event(0, numbers, mean)
    for _ in range(_SETTLING):
        other.event(_SETTLING_US, numbers, mean)
    for number in range(-count, 0):
        wait_us = recent.wait_us(number) if number > -count else 0
        other.event(wait_us, numbers, recent.row(number))
    other.event(0, numbers, now)
    return count + 1

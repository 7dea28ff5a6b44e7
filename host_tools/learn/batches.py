"""How much a network is trained on at a time: the project's own, and those it is compared with."""

from host_tools.learn.dataset import Dataset

ITERATIONS = 400
WARM_UP = 30
# Iterations between two validations, and validations without a better one that end the training.
VALIDATE_EVERY, PATIENCE = 20, 10
# Windows that validation and the measuring of time constants take.
CHECKED = 128
# Models trained from different starts, of which the best is kept: with few events to train on, one
# start in some ends in a poor model, and another start costs seconds.
_FEW_EVENTS, _STARTS = 10_000, 4
# Events of a window.
_WINDOW = 256
# Windows in a batch: with so many events, or all events of a small set four times, in at least
# and at most this number of windows.
_BATCH_EVENTS, _TIMES, _FEWEST, _MOST = 8192, 4, 32, 256


def window_of(data: Dataset) -> int:
    """Return how many events the training of a network sees at a time."""
    return min(_WINDOW, max(len(piece) for piece in data.training))


def seeds_for(data: Dataset) -> int:
    """Return how many seeds train if nobody says: several on a small set, else one."""
    return _STARTS if sum(len(piece) for piece in data.training) < _FEW_EVENTS else 1


def windows_in_batch(data: Dataset) -> int:
    """Return the number of windows of a batch."""
    events = min(_BATCH_EVENTS, _TIMES * sum(len(piece) for piece in data.training))
    return min(max(events // window_of(data), _FEWEST), _MOST)

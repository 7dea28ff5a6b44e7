"""How much a network is trained on at a time: the project's own, and those it is compared with."""

from host_tools.learn.dataset import Dataset

ITERATIONS = 400
WARM_UP = 30
# Iterations between two validations, and validations without a better one that end the training.
VALIDATE_EVERY, PATIENCE = 20, 10
# Windows that validation and the measuring of time constants take.
CHECKED = 128
# Events of a window.
_WINDOW = 256
# Windows in a batch: with so many events, or all events of a small set four times, in at least
# and at most this number of windows.
_BATCH_EVENTS, _TIMES, _FEWEST, _MOST = 8192, 4, 32, 256


def window_of(data: Dataset) -> int:
    """Return how many events the training of a network sees at a time."""
    return min(_WINDOW, max(len(piece) for piece in data.training))


def windows_in_batch(data: Dataset) -> int:
    """Return the number of windows of a batch."""
    events = min(_BATCH_EVENTS, _TIMES * sum(len(piece) for piece in data.training))
    return min(max(events // window_of(data), _FEWEST), _MOST)

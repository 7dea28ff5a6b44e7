"""Labels for a board's model: sent now, or whenever a key is pressed."""

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from host_tools.errors import Refused, RivuletError, Terminated
from host_tools.link.wire import Board
from host_tools.watch.keyboard import Keyboard
from host_tools.watch.labels import Labels
from rivulet import protocol

_LONGEST_NAME = 64
_LOOK_S = 0.05
_LEARNING_S = 5.0


@dataclass
class Taught:
    """What came of the labels. labels: those that the outputs rest on, earlier ones included."""

    learnt: int = 0
    refused: int = 0
    labels: int = 0


def check_adaptable(board: Board) -> None:
    """Raise RivuletError if the board's model learns nothing."""
    model = board.description["model"]
    if model is None or "spare" not in model:
        what = "runs no model" if model is None else "runs a model that learns nothing"
        raise RivuletError(
            f"{board.port}: the board {what}: make one with 'rivulet convert --spare-classes N "
            "--calibrate EVENTS.csv', then push it"
        )


def teach(board: Board, label: str, is_new: bool, known: int) -> int:
    """Say which class this moment is of. Returns as Board.label. Raises Refused."""
    name = label.encode()
    if len(label) > _LONGEST_NAME:
        raise RivuletError(f"a label has at most {_LONGEST_NAME} characters: {label[:20]}...")
    how = protocol.LABEL_NEW if is_new else protocol.LABEL_KNOWN
    return board.label(how, name, known)


def correct(board: Board, values: list[float], known: int) -> int:
    """Say what the outputs should be now. Returns as Board.label. Raises Refused."""
    return board.label(protocol.LABEL_VALUES, struct.pack(f"<{len(values)}f", *values), known)


def repeat(board: Board, send: Callable[[int], int], times: int, every_s: float) -> Taught:
    """Send a label some times, with a pause between. Raises RivuletError.

    send: function of the number of labels before.
    """
    taught = Taught(labels=board.labels())
    for number in range(times):
        if number:
            _wait(board, every_s)
        taught.labels = send(taught.labels)
        taught.learnt += 1
    _settle(board, taught)
    return taught


def by_keys(
    board: Board, labels: Labels, is_new: bool, seconds: float | None, tell: Callable[[str], None]
) -> tuple[Taught, bool]:
    """Label the moment of each key pressed, until the time is over or the user stops it.

    Returns what came of it, and whether a signal other than Ctrl-C ended it. Raises RivuletError.
    """
    taught, terminated = Taught(labels=board.labels()), False
    with Keyboard() as keyboard:
        end = None if seconds is None else board.now_s + seconds
        with contextlib.suppress(KeyboardInterrupt):
            try:
                while end is None or board.now_s < end:
                    for key in keyboard.pressed():
                        _press(board, labels, key, is_new, taught, tell)
                    _wait(board, _LOOK_S)
            except Terminated:
                terminated = True
    _settle(board, taught)
    return taught, terminated


def _press(
    board: Board,
    labels: Labels,
    key: str,
    is_new: bool,
    taught: Taught,
    tell: Callable[[str], None],
) -> None:
    if key not in labels.keys:
        labels.press(key)
        tell(labels.said or "")
        return
    name = labels.keys[key]
    try:
        taught.labels = teach(board, name, is_new, taught.labels)
        taught.learnt += 1
        tell(f"{name}: label {taught.labels}")
    except Refused as refused:
        taught.refused += 1
        tell(f"{name}: {refused}")


def _wait(board: Board, seconds: float) -> None:
    for _ in board.records(seconds):
        pass  # what comes meanwhile is read, so that nothing fills up


def _settle(board: Board, taught: Taught) -> None:
    """Wait until the board has learnt the last label, a row in each turn of its loop."""
    end = board.now_s + _LEARNING_S
    while board.labels() < taught.labels and board.now_s < end:
        _wait(board, _LOOK_S)

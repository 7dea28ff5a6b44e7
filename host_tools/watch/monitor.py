"""Watches a board live, and records its telemetry."""

import contextlib
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import NoReply, RivuletError, Terminated
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.printing import console
from host_tools.watch import actuators
from host_tools.watch.recorder import Recorder
from host_tools.watch.screen import Screen, save_picture, screen
from host_tools.watch.view import LiveView
from rivulet import protocol

# Telemetry does not carry the actuators' values. A board composes a status document between two
# turns of its loop, so it is not asked often.
_ACTUATORS_S = 1.0


@dataclass(frozen=True)
class Watched:
    """How a watch went: the number of records, and whether a signal other than Ctrl-C ended it."""

    records: int
    terminated: bool


def monitor(
    board: Board,
    seconds_: float | None,
    record_to: Path | None,
    rate_hz: float,
    blocks: tuple[str, ...],
    snapshot: Path | None = None,
    overwrite: bool = False,
) -> Watched:
    """Watch until the time is over or the user stops it.

    record_to: CSV file for all records; with `overwrite` it may exist. blocks: names of
    protocol.BLOCKS to ask for. snapshot: SVG file for the last view. Raises RivuletError.
    """
    model = board.description["model"]
    recorder = None
    view = LiveView(board.description, f"Rivulet · {board.description['board']}")
    if record_to is not None:
        if model is None:
            raise RivuletError("the board runs no model, so there is nothing to record")
        if set(blocks) != set(protocol.BLOCKS):
            raise RivuletError(f"a recording needs all blocks: {','.join(protocol.BLOCKS)}")
        recorder = Recorder(record_to, model, overwrite)
    seen, terminated = 0, False
    try:
        board.subscribe(rate_hz, blocks)
        with screen(view, console(file=sys.stdout, soft_wrap=False)) as display:
            for record in _until(board, seconds_, view, display):
                if board.description["model"] != model:
                    if recorder is not None:
                        raise RivuletError(
                            f"another model was pushed, so the recording ends: {record_to}"
                        )
                    model = board.description["model"]
                    view.describe(board.description)
                view.add(record)
                # Another program may have asked for other blocks.
                if recorder is not None and set(blocks) <= set(record.blocks):
                    recorder.add(record)
                seen += 1
    except KeyboardInterrupt as stop:
        terminated = isinstance(stop, Terminated)
    finally:
        if recorder is not None:
            recorder.close()
    # A board that is too busy to hear this stops at the end of its lease.
    with contextlib.suppress(NoReply):
        board.subscribe(0.0)
    if snapshot is not None:
        save_picture(view, snapshot)
    return Watched(seen, terminated)


def _until(
    board: Board, seconds_: float | None, view: LiveView, display: Screen
) -> Iterator[Record]:
    end = None if seconds_ is None else board.now_s + seconds_
    ask_at = board.now_s
    while end is None or board.now_s < end:
        if board.now_s >= ask_at and board.silent_s < _ACTUATORS_S:
            ask_at = board.now_s + _ACTUATORS_S
            # A board that stalls is waited for where its records are read.
            with contextlib.suppress(NoReply):
                view.actuators = actuators.in_words(board.document(protocol.STATUS, tries=1))
                if not view.actuators:
                    ask_at = math.inf
        yield from board.records(0.1)
        view.silent_s = board.silent_s
        view.lines.extend(board.lines)
        board.lines.clear()
        display.refresh()

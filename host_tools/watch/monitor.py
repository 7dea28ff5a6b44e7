"""Watches a board live, and records its telemetry."""

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from host_tools.errors import RivuletError
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.watch.screen import Screen, save_picture, screen
from host_tools.watch.view import LiveView
from rivulet import protocol


class Recorder:
    """Writes telemetry records as CSV: t_us, decision, y0.., x0.., tau0.., then the inputs."""

    def __init__(self, file: TextIO, model: dict[str, Any]) -> None:
        self._writer = csv.writer(file)
        header = ["t_us", "decision"]
        header += [f"y{i}" for i in range(model["outputs"])]
        header += [f"x{i}" for i in range(model["hidden"])]
        header += [f"tau{i}" for i in range(model["hidden"])]
        self._writer.writerow(header + model["channels"])

    def add(self, record: Record) -> None:
        blocks = record.blocks
        values = [*blocks["outputs"], *blocks["state"], *record.tau, *blocks["inputs"]]
        row: list[Any] = [record.t_us, record.decision]
        self._writer.writerow(row + [f"{float(value):.9g}" for value in values])


def monitor(
    board: Board,
    seconds_: float | None,
    record_to: Path | None,
    rate_hz: float,
    blocks: tuple[str, ...],
    snapshot: Path | None = None,
) -> int:
    """Watch until the time is over or Ctrl-C. Return the number of records.

    record_to: CSV file for all records. blocks: names of protocol.BLOCKS to ask for. snapshot: SVG
    file for the last view. Raises RivuletError.
    """
    model = board.description["model"]
    if record_to is not None and model is None:
        raise RivuletError("the board runs no model, so there is nothing to record")
    if record_to is not None and set(blocks) != set(protocol.BLOCKS):
        raise RivuletError(f"a recording needs all blocks: {','.join(protocol.BLOCKS)}")
    view = LiveView(board.description, f"Rivulet · {board.description['board']}")
    file = _open(record_to) if record_to is not None else None
    seen = 0
    try:
        recorder = Recorder(file, model) if file is not None else None
        board.subscribe(rate_hz, blocks)
        with screen(view, Console(file=sys.stdout)) as display:
            for record in _until(board, seconds_, view, display):
                if board.description["model"] != model:
                    if recorder is not None:
                        raise RivuletError(
                            f"another model was pushed, so the recording ends: {record_to}"
                        )
                    model = board.description["model"]
                    view.describe(board.description)
                view.add(record)
                if recorder is not None:
                    recorder.add(record)
                seen += 1
        board.subscribe(0.0)
    except KeyboardInterrupt:
        board.subscribe(0.0)
    finally:
        if file is not None:
            file.close()
    if snapshot is not None:
        save_picture(view, snapshot)
    return seen


def _until(
    board: Board, seconds_: float | None, view: LiveView, display: Screen
) -> Iterator[Record]:
    end = None if seconds_ is None else time.monotonic() + seconds_
    while end is None or time.monotonic() < end:
        yield from board.records(0.1)
        view.lines.extend(board.lines)
        board.lines.clear()
        display.refresh()


def _open(path: Path) -> TextIO:
    try:
        return path.open("w", newline="")
    except OSError as error:
        raise RivuletError(f"cannot write {path}: {error.strerror}") from None

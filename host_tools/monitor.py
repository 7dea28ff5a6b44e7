"""`rivulet monitor`: watch a board live, and record what it reports."""

import csv
import io
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live

from host_tools.errors import RivuletError
from host_tools.telemetry_records import Record
from host_tools.view import LiveView, seconds
from host_tools.wire import Board
from rivulet import protocol

_FRAMES_PER_SECOND = 8
_PLAIN_INTERVAL_S = 1.0
_PICTURE_WIDTH = 132
_PICTURE_HEIGHT = 40


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


@contextmanager
def screen(view: LiveView, console: Console) -> Iterator["Screen"]:
    """A live screen on a terminal, plain lines elsewhere."""
    if not console.is_terminal:
        yield Screen(view, console, None)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        yield Screen(view, console, live)


class Screen:
    """Draws a view no more often than a person can follow."""

    def __init__(self, view: LiveView, console: Console, live: Live | None) -> None:
        self._view = view
        self._console = console
        self._live = live
        self._next = 0.0
        self._printed = ""

    def refresh(self) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        if self._live is None:
            self._next = now + _PLAIN_INTERVAL_S
            line = plain_line(self._view)
            if line != self._printed:
                self._printed = line
                self._console.print(line, highlight=False, soft_wrap=True)
        else:
            self._next = now + 1 / _FRAMES_PER_SECOND
            size = self._console.size
            self._live.update(self._view.render(size.width, size.height), refresh=True)


def plain_line(view: LiveView) -> str:
    """The view in one line, for logs and pipes."""
    record = view.record
    if record is None:
        return ""
    parts = [f"t {record.t_us / 1e6:.1f} s", f"events {record.events}"]
    parts += [f"late {record.late}", f"dropped {record.dropped}"]
    if "alpha" in record.blocks:
        tau = sorted(float(value) for value in record.tau)
        middle = tau[len(tau) // 2]
        parts.append(f"tau {seconds(tau[0])} / {seconds(middle)} / {seconds(tau[-1])}")
    strange = view.strange()
    if strange:
        parts.append(f"tau unlike training: {','.join(map(str, strange))}")
    parts += [str(sensor) for sensor in record.sensors if sensor.troubles]
    if record.stale:
        parts.append("outputs are stale")
    if record.guarded:
        parts.append("a guard acts")
    name = view.decided()
    if name is not None:
        parts.append(f"recognised {name}")
        if view.truth is not None:
            parts.append(f"truth {view.truth}")
    return "  ".join(parts)


def monitor(
    board: Board,
    seconds_: float | None,
    record_to: Path | None,
    rate_hz: float,
    blocks: tuple[str, ...],
    snapshot: Path | None = None,
) -> int:
    """Watch until the time is over or Ctrl-C. Returns the number of records seen.

    record_to: CSV of all records; blocks: names of protocol.BLOCKS that the board is to send;
    snapshot: SVG picture of the view as it was at the end.
    """
    model = board.description["model"]
    if record_to is not None and model is None:
        raise RivuletError("no model on the board: there is nothing to record")
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
                        raise RivuletError(f"another model was pushed: {record_to} ends here")
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


def save_picture(view: LiveView, path: Path) -> None:
    """Write the view as an SVG file that needs nothing from the network."""
    console = Console(record=True, width=_PICTURE_WIDTH, file=io.StringIO())
    console.print(view.render(_PICTURE_WIDTH, _PICTURE_HEIGHT))
    drawing = console.export_svg(title="rivulet monitor")
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    try:
        path.write_text(drawing, encoding="utf-8")
    except OSError as error:
        raise RivuletError(f"cannot write {path}: {error.strerror}") from None


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

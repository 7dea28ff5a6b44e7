"""Collects a board's events into a recording."""

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from host_tools import files
from host_tools.data.events import LABEL
from host_tools.data.recording import Description, description_file, write_description
from host_tools.errors import NoReply, RivuletError, Terminated
from host_tools.link.event_batches import EventBatch
from host_tools.link.wire import Board
from host_tools.printing import console
from host_tools.watch.collection import Collection, cells
from host_tools.watch.event_view import EventView
from host_tools.watch.keyboard import Keyboard
from host_tools.watch.labels import Labels
from host_tools.watch.row_file import RowFile, row
from host_tools.watch.screen import Screen, screen

# How long the last batches are waited for.
_LAST_WORDS_S = 2.0
# What ends a recording; Windows lacks SIGHUP.
_ENDS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def collect(
    board: Board, path: Path, labels: Labels, seconds: float | None
) -> tuple[Collection, bool]:
    """Record a board's events until the time is over or the user stops it.

    path: a CSV file that does not exist. Returns what came, and whether a signal other than
    Ctrl-C ended it. Raises RivuletError; then `path` holds what came before.
    """
    if not board.description["sensors"]:
        raise RivuletError(
            f"{board.port}: the board has no sensor to collect from: uncomment a table "
            "[sensors.NAME] in rivulet.toml, then run 'rivulet flash'"
        )
    collection = Collection(board.description)
    keyboard = Keyboard() if labels.keys else None
    with _Recording(board, path, collection, labels) as recording:
        terminated = _record(board, recording, keyboard, seconds)
    if not collection.events:
        names = ", ".join(collection.sensors)
        raise RivuletError(
            f"{board.port}: no event came from {names}, so nothing is recorded: 'rivulet status' "
            "says how the sensors are"
        )
    return collection, terminated


def _record(
    board: Board, recording: "_Recording", keyboard: Keyboard | None, seconds: float | None
) -> bool:
    """Record to the end; whether a signal other than Ctrl-C brought it."""
    terminated = False
    with contextlib.ExitStack() as stack:
        # Before the picture, which else would have the terminal's own settings set back.
        keys = stack.enter_context(keyboard) if keyboard is not None else None
        try:
            view = recording.view
            shown = stack.enter_context(screen(view, console(file=sys.stdout, soft_wrap=False)))
            board.collect()
            for batch in _until(board, recording, keys, seconds, shown):
                recording.add(batch)
        except KeyboardInterrupt as stop:
            terminated = isinstance(stop, Terminated)
        _finish(board, recording)
    return terminated


def _until(
    board: Board,
    recording: "_Recording",
    keys: Keyboard | None,
    seconds: float | None,
    shown: Screen,
) -> Iterator[EventBatch]:
    end = None if seconds is None else board.now_s + seconds
    heard = board.now_s
    while end is None or board.now_s < end:
        for batch in board.batches(0.1):
            heard = board.now_s
            # A key is for the events that come after it.
            for key in keys.pressed() if keys is not None else "":
                recording.labels.press(key)
            yield batch
        for key in keys.pressed() if keys is not None else "":
            recording.labels.press(key)
        recording.view.silent_s = board.now_s - heard
        recording.rows.tick()
        shown.refresh()


def _finish(board: Board, recording: "_Recording") -> None:
    """Take what is still on its way. A board too busy to hear this stops with its lease."""
    with contextlib.suppress(NoReply):
        total = board.end_collection()
        end = board.now_s + _LAST_WORDS_S
        while not recording.collection.is_complete(total) and board.now_s < end:
            for batch in board.batches(0.05):
                recording.add(batch)
        recording.collection.conclude(total)


@contextlib.contextmanager
def _held_back() -> Iterator[None]:
    """Hold signals back that end a recording: an event is counted and written, or neither."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals come to the main thread
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: came.append(number))
        for number in _ENDS
        if callable(signal.getsignal(number))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for number in came:
        signal.raise_signal(number)


class _Recording:
    """The two files of a recording while it grows. Without an event none is left."""

    def __init__(self, board: Board, path: Path, collection: Collection, labels: Labels) -> None:
        self.collection = collection
        self.labels = labels
        self.view = EventView(collection, labels, f"Rivulet collects from {board.port} · {path}")
        self._path = path
        described = board.description
        model = described["model"]
        self._description = Description(
            units={channel.name: channel.unit for channel in collection.all_channels()},
            source=f"rivulet collect, {described['machine']}",
            board=described["board"],
            model=model["hash"] if model is not None else None,
        )
        beside = description_file(path)
        if beside.exists():
            raise RivuletError(f"{beside} exists: choose another name with --out")
        channels = [channel.name for channel in collection.all_channels()]
        self._columns = len(channels)
        header = ["t_us", *channels, *([LABEL] if labels.are_kept else [])]
        self.rows = RowFile(path, header, remedy=" with --out")

    def __enter__(self) -> "_Recording":
        return self

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        self.rows.close()
        if not self.collection.events:
            self._path.unlink(missing_ok=True)
        elif isinstance(error, RivuletError):
            kept = f"{self.collection.events} events before that are in {self._path}"
            raise type(error)(f"{error}; {kept}") from None

    @_held_back()
    def add(self, batch: EventBatch) -> None:
        """Append a batch of events, whole even if a signal ends the recording meanwhile.

        Raises RivuletError.
        """
        self.collection.add(batch)
        if not self.collection.events and batch.events:
            self._describe(batch)
        texts = [self.labels.current] if self.labels.are_kept else []
        for event in batch.events:
            t_us = self.collection.take(event, self.labels.current)
            channels = self.collection.channels[event.sensor]
            self.rows.append(row([str(t_us), *cells(event, channels, self._columns, texts)]))

    def _describe(self, batch: EventBatch) -> None:
        """Write the description: the last event of the first batch has just happened."""
        ago = timedelta(microseconds=batch.events[-1].t_us - batch.events[0].t_us)
        began = (datetime.now(UTC) - ago).isoformat().replace("+00:00", "Z")
        write_description(self._path, replace(self._description, time_zero_utc=began))


def default_path(folder: Path) -> Path:
    """Return where a recording without --out goes; its folder is made. Raises RivuletError."""
    files.make_folder(folder)
    return folder / f"collect-{datetime.now():%Y%m%d-%H%M%S}.csv"

"""Shows a view live on a terminal, as plain lines elsewhere, or as a picture."""

import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console, RenderableType
from rich.live import Live

from host_tools import files
from host_tools.printing import console
from host_tools.watch.view import LiveView

_FRAMES_PER_SECOND = 8
_PLAIN_INTERVAL_S = 1.0
_PICTURE_WIDTH = 132
_PICTURE_HEIGHT = 40


class View(Protocol):
    """What a screen shows."""

    def render(self, width: int, height: int) -> RenderableType:
        """Return the view for a terminal of `width` columns and `height` lines."""
        ...

    def line(self) -> str:
        """Return the view in one line, for logs and pipes."""
        ...


@contextmanager
def screen(view: View, shown_on: Console) -> Iterator["Screen"]:
    """Show `view` on a console while the block runs: live on a terminal, else as lines."""
    if not shown_on.is_terminal:
        yield Screen(view, shown_on, None)
        return
    with Live(console=shown_on, auto_refresh=False, vertical_overflow="crop") as live:
        yield Screen(view, shown_on, live)


class Screen:
    """Draws a view at a limited rate."""

    def __init__(self, view: View, console: Console, live: Live | None) -> None:
        self._view = view
        self._console = console
        self._live = live
        self._next = 0.0
        self._printed = ""

    def refresh(self) -> None:
        """Draw the view if it is time to."""
        now = time.monotonic()
        if now < self._next:
            return
        if self._live is None:
            self._next = now + _PLAIN_INTERVAL_S
            line = self._view.line()
            if line != self._printed:
                self._printed = line
                self._console.print(line, highlight=False, soft_wrap=True)
        else:
            self._next = now + 1 / _FRAMES_PER_SECOND
            size = self._console.size
            self._live.update(self._view.render(size.width, size.height), refresh=True)


def save_picture(view: LiveView, path: Path) -> None:
    """Write the view as an SVG file that loads nothing from the network. Raises RivuletError."""
    picture = console(record=True, width=_PICTURE_WIDTH, file=io.StringIO(), soft_wrap=False)
    picture.print(view.render(_PICTURE_WIDTH, _PICTURE_HEIGHT))
    drawing = picture.export_svg(title="rivulet monitor")
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    files.write_text(path, drawing)

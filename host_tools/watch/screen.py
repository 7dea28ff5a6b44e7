"""Shows a view live on a terminal, as plain lines elsewhere, or as a picture."""

import io
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.live import Live

from host_tools import files
from host_tools.printing import console
from host_tools.watch.view import LiveView, seconds

_FRAMES_PER_SECOND = 8
_PLAIN_INTERVAL_S = 1.0
_PICTURE_WIDTH = 132
_PICTURE_HEIGHT = 40


@contextmanager
def screen(view: LiveView, shown_on: Console) -> Iterator["Screen"]:
    """Show `view` on a console while the block runs: live on a terminal, else as lines."""
    if not shown_on.is_terminal:
        yield Screen(view, shown_on, None)
        return
    with Live(console=shown_on, auto_refresh=False, vertical_overflow="crop") as live:
        yield Screen(view, shown_on, live)


class Screen:
    """Draws a view at a limited rate."""

    def __init__(self, view: LiveView, console: Console, live: Live | None) -> None:
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
            line = plain_line(self._view)
            if line != self._printed:
                self._printed = line
                self._console.print(line, highlight=False, soft_wrap=True)
        else:
            self._next = now + 1 / _FRAMES_PER_SECOND
            size = self._console.size
            self._live.update(self._view.render(size.width, size.height), refresh=True)


def plain_line(view: LiveView) -> str:
    """Return the view in one line, for logs and pipes."""
    record = view.record
    if record is None:
        return view.silent()
    if view.silent():
        return f"t {record.t_us / 1e6:.1f} s  {view.silent()}"
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
        parts.append("guard active")
    name = view.decided()
    if name is not None:
        parts.append(f"recognised {name}")
        if view.truth is not None:
            parts.append(f"truth {view.truth}")
    if view.actuators:
        parts.append(f"actuators {view.actuators}")
    return "  ".join(parts)


def save_picture(view: LiveView, path: Path) -> None:
    """Write the view as an SVG file that loads nothing from the network. Raises RivuletError."""
    picture = console(record=True, width=_PICTURE_WIDTH, file=io.StringIO(), soft_wrap=False)
    picture.print(view.render(_PICTURE_WIDTH, _PICTURE_HEIGHT))
    drawing = picture.export_svg(title="rivulet monitor")
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono, Menlo, Consolas")
    files.write_text(path, drawing)

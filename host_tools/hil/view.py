"""The live picture of a hil run: the plant, what the board sees and does, its time constants."""

from collections import deque

import numpy as np
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.hil.canvas import Canvas
from host_tools.hil.episodes import Moment
from host_tools.hil.sketches import SKETCHES
from host_tools.hil.tally import Tally
from host_tools.link.documents import Description
from host_tools.link.records import Record
from host_tools.plants import Checked
from host_tools.project import Project
from host_tools.watch.view import seconds, sparkline

_SPARKS = "▁▂▃▄▅▆▇█"
_HISTORY = 48
# Lines of the picture that are neither the sketch nor a value.
_OTHER_LINES = 7
_WIDEST, _HIGHEST = 72, 16


class HilView:
    """The picture; tally: that of the episodes."""

    def __init__(self, plant: Checked, project: Project, description: Description) -> None:
        self.tally = Tally(1 / plant.period_s)
        self._plant = plant
        self._title = f"{plant.name} · {project.name} on {description['board']}"
        self._moment: Moment | None = None
        self._record: Record | None = None
        names = [*plant.observations, *plant.actions]
        units = [*plant.units, *("" for _ in plant.actions)]
        self._rows = list(zip(names, units, strict=True))
        self._history: list[deque[float]] = [deque(maxlen=_HISTORY) for _ in self._rows]

    def see(self, moment: Moment) -> None:
        self._moment = moment
        values = [*moment.observation, *moment.action]
        for history, value in zip(self._history, values, strict=True):
            history.append(float(value))

    def add(self, record: Record) -> None:
        if "alpha" in record.blocks:
            self._record = record

    def render(self, width: int, height: int) -> RenderableType:
        """Return the picture for a terminal of `width` columns and `height` lines."""
        parts: list[RenderableType] = []
        sketch = SKETCHES.get(self._plant.name)
        free = height - _OTHER_LINES - len(self._rows)
        if sketch is not None and self._moment is not None and free >= 4:
            canvas = Canvas(min(width - 4, _WIDEST), min(free, _HIGHEST))
            sketch(
                canvas, dict(zip(self._plant.observations, self._moment.observation, strict=True))
            )
            parts.append(Text(canvas.text(), style="bold", no_wrap=True))
        parts += [self._values(), self._time_constants(), Text(self.line(), no_wrap=True)]
        return Panel(Group(*parts), title=Text(self._title), subtitle=Text("Ctrl-C ends it"))

    def line(self) -> str:
        """Return the picture in one line, for logs and pipes."""
        moment, tally = self._moment, self.tally
        if moment is None:
            return "waiting for the board"
        parts = [f"episode {moment.episode + 1}", f"t {moment.time_s:.2f} s"]
        if tally.returns:
            parts.append(f"return {np.mean(tally.returns):g} ± {np.std(tally.returns):.3g}")
        parts += [f"lost {tally.loss:.0%}", f"late {tally.late}"]
        return "  ".join(parts)

    def _values(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True)
        for (name, unit), history in zip(self._rows, self._history, strict=True):
            value = f"{history[-1]:+.3f} {unit}" if history else ""
            table.add_row(Text(name), Text(value), Text(_spark(history), style="cyan"))
        return table

    def _time_constants(self) -> Text:
        if self._record is None:
            return Text("")
        found = [float(value) for value in self._record.tau]
        low, middle, high = (sorted(found)[at] for at in (0, len(found) // 2, -1))
        text = Text(f"τ {seconds(low)} / {seconds(middle)} / {seconds(high)}  ", no_wrap=True)
        text.append(sparkline(found), style="magenta")
        return text


def _spark(values: deque[float]) -> str:
    """One character a value, over the range of these values."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = (high - low) or 1.0
    top = len(_SPARKS) - 1
    return "".join(_SPARKS[round(top * (value - low) / span)] for value in values)

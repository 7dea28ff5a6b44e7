"""The live view in the terminal: time constants, outputs, counters, the board's log lines."""

import math
from collections import deque

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools import tau
from host_tools.link.documents import Description
from host_tools.link.records import Record

_SPARKS = "▁▂▃▄▅▆▇█"
_HISTORY = 24
_COLUMN_WIDTH = 62
_LOG_LINES = 4
_SILENT_S = 3.0


class LiveView:
    """The live view of a board. description: the board's own (Board.description).

    Each unit has tau now, the range tau has covered, and a sparkline of its logarithm. A unit is
    red while its tau is outside its range in training.
    """

    def __init__(self, description: Description, title: str) -> None:
        self.title = title
        self.truth: str | None = None
        self.lines: deque[str] = deque(maxlen=_LOG_LINES)
        self.footer: list[tuple[str, str]] = []
        self.record: Record | None = None
        # In words; "" while the board has told of none.
        self.actuators = ""
        # How long the board has sent nothing.
        self.silent_s = 0.0
        self.describe(description)

    def describe(self, description: Description) -> None:
        """Take the description of another model, and forget the ranges of tau."""
        self._model = description.get("model")
        hidden = self._model["hidden"] if self._model else 0
        self._history: list[deque[float]] = [deque(maxlen=_HISTORY) for _ in range(hidden)]
        self._low = [math.inf] * hidden
        self._high = [0.0] * hidden
        self._validated = tau.from_provenance(self._model, hidden)

    def add(self, record: Record) -> None:
        self.record = record
        if "alpha" not in record.blocks:
            return
        for i, now in enumerate(record.tau):
            self._history[i].append(float(now))
            self._low[i] = min(self._low[i], float(now))
            self._high[i] = max(self._high[i], float(now))

    def strange(self) -> list[int] | None:
        """Return the units whose tau is outside its range in training, None if not known."""
        if self.record is None or not self._validated or "alpha" not in self.record.blocks:
            return None
        return tau.outside(self._validated, self.record.tau)

    def silent(self) -> str:
        """Say that the board has been silent for some time; empty while it is not."""
        if self.silent_s < _SILENT_S:
            return ""
        return f"nothing from the board for {self.silent_s:.0f} s"

    def decided(self) -> str | None:
        """Return the name of the last decided class or state, None if there is none."""
        if self.record is None or self._model is None:
            return None
        names = self._model.get("states") or self._model["classes"] or []
        if not 0 <= self.record.decision < len(names):
            return None
        return str(names[self.record.decision])

    def render(self, width: int = 120, height: int = 40) -> RenderableType:
        """Return the whole view for a terminal of `width` columns and `height` lines."""
        title = Text(self.title)
        if self._model is None:
            body: RenderableType = Text("the board runs no model: rivulet push MODEL.safetensors")
            return Panel(body, title=title)
        parts: list[RenderableType] = [self._neurons(width, height), self._outputs()]
        if self.record is not None and self.record.sensors:
            parts.append(_sensors(self.record))
        if self.actuators:
            parts.append(Text.assemble(("actuators ", "dim"), self.actuators, no_wrap=True))
        if self.footer:
            parts.append(_pairs(self.footer))
        strange = self.strange()
        if strange is not None:
            style = "bold red" if strange else "dim"
            parts.append(Text(tau.in_words(strange, len(self._history)), style, no_wrap=True))
        if self.silent():
            parts.append(Text(self.silent(), style="bold red", no_wrap=True))
        parts.append(self._counters())
        parts.extend(Text(line, style="dim", no_wrap=True) for line in self.lines)
        model = self._model
        subtitle = (
            f"{model['cell']} · {model['hidden']} units · {len(model['channels'])} inputs · "
            f"model {model['hash'][:12]}"
        )
        return Panel(Group(*parts), title=title, subtitle=Text(subtitle))

    def line(self) -> str:
        """Return the view in one line, for logs and pipes."""
        record = self.record
        if record is None:
            return self.silent()
        if self.silent():
            return f"t {record.t_us / 1e6:.1f} s  {self.silent()}"
        parts = [f"t {record.t_us / 1e6:.1f} s", f"events {record.events}"]
        parts += [f"late {record.late}", f"dropped {record.dropped}"]
        if "alpha" in record.blocks:
            tau = sorted(float(value) for value in record.tau)
            middle = tau[len(tau) // 2]
            parts.append(f"tau {seconds(tau[0])} / {seconds(middle)} / {seconds(tau[-1])}")
        strange = self.strange()
        if strange:
            parts.append(f"tau unlike training: {','.join(map(str, strange))}")
        parts += [str(sensor) for sensor in record.sensors if sensor.troubles]
        if record.stale:
            parts.append("outputs are stale")
        if record.guarded:
            parts.append("guard active")
        name = self.decided()
        if name is not None:
            parts.append(f"recognised {name}")
            if self.truth is not None:
                parts.append(f"truth {self.truth}")
        if self.actuators:
            parts.append(f"actuators {self.actuators}")
        return "  ".join(parts)

    def _neurons(self, width: int, height: int) -> Table:
        columns = max(1, (width - 4) // _COLUMN_WIDTH)
        rows = max(4, height - 11 - _LOG_LINES)
        shown = min(len(self._history), columns * rows)
        per_column = math.ceil(shown / columns)
        table = Table.grid(padding=(0, 3))
        for _ in range(columns):
            table.add_column(no_wrap=True)
        strange = self.strange() or []
        for row in range(per_column):
            cells = [column * per_column + row for column in range(columns)]
            table.add_row(*(self._neuron(i, i in strange) if i < shown else Text() for i in cells))
        return table

    def _neuron(self, i: int, strange: bool) -> Text:
        history = self._history[i]
        if not history:
            return Text(f"{i:3}  -")
        low, high = self._low[i], self._high[i]
        mark = "!" if strange else " "
        text = Text(f"{i:3} {mark}τ {seconds(history[-1]):>8}  ", no_wrap=True)
        if strange:
            text.stylize("bold red")
        text.append(f"{seconds(low):>8} … {seconds(high):<8} ", style="dim")
        text.append(sparkline(list(history)), style="cyan")
        return text

    def _outputs(self) -> Text:
        text = Text(no_wrap=True)
        record, model = self.record, self._model
        if record is None or "outputs" not in record.blocks or model is None:
            return text
        states = model.get("states")
        names = model["classes"] or [f"y{i}" for i in range(model["outputs"])]
        for i, (name, value) in enumerate(zip(names, record.blocks["outputs"], strict=False)):
            style = "bold green" if not states and i == record.decision else ""
            text.append(f" {name} {float(value):+.2f} ", style=style)
        decided = self.decided()
        if decided is not None:
            said = "state" if states else "recognised"
            text.append(f"   {said}: {decided}", style="bold")
            if self.truth is not None:
                right = self.truth == decided
                text.append(f"   truth: {self.truth}", style="bold green" if right else "bold red")
        return text

    def _counters(self) -> RenderableType:
        record = self.record
        if record is None:
            return _pairs([("waiting for telemetry", "")])
        events = [
            ("t", f"{record.t_us / 1e6:.2f} s"),
            ("events", str(record.events)),
            ("late", str(record.late)),
            ("coalesced", str(record.coalesced)),
            ("dropped", str(record.dropped)),
            ("event cost", f"{record.event_cost_us} µs"),
        ]
        trouble = [
            ("bus errors", str(record.bus_errors)),
            ("bad values", str(record.bad_values)),
            ("guard trips", str(record.guard_trips)),
            ("telemetry dropped", str(record.telemetry_dropped)),
        ]
        return Group(_pairs(events), _pairs(trouble))


def _sensors(record: Record) -> Text:
    """Return the age of each sensor's last good reading, and whether outputs are stale."""
    text = Text("sensors ", style="dim", no_wrap=True)
    for sensor in record.sensors:
        text.append(f" {sensor} ", style="bold red" if sensor.troubles else "not dim")
    if record.stale:
        text.append("  outputs are stale", style="bold red")
    if record.guarded:
        text.append("  guard active", style="bold red")
    return text


def _pairs(pairs: list[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(*(Text.assemble((f"{name} ", "dim"), value) for name, value in pairs))
    return table


def seconds(value: float) -> str:
    """Format a time with three significant digits and a unit: 680 ms, 4.77 s, 93.1 µs."""
    factor, unit = next(
        (scale for scale in ((1.0, "s"), (1e3, "ms")) if value * scale[0] >= 1.0), (1e6, "µs")
    )
    return f"{value * factor:.3g} {unit}" if value * factor < 1000 else f"{value:.0f} {unit}"


def sparkline(values: list[float]) -> str:
    """One character a value, by its logarithm, over the range of these values.

    A range of less than a factor of 1.2 is drawn as one: else rounding would look like life. A
    value without a logarithm is a gap.
    """
    drawn = [value for value in values if 0.0 < value < math.inf]
    low, high = math.log(min(drawn, default=1.0)), math.log(max(drawn, default=1.0))
    span = max(high - low, math.log(1.2))
    top = len(_SPARKS) - 1
    return "".join(
        _SPARKS[round(top * (math.log(value) - low) / span)] if 0.0 < value < math.inf else " "
        for value in values
    )

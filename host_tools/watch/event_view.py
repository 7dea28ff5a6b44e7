"""The live picture of a collection: rate, channels, label, and what was lost."""

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.watch.collection import Channel, Collection
from host_tools.watch.labels import Labels

_SPARKS = "▁▂▃▄▅▆▇█"
# Lines that are no channels.
_OTHER_LINES = 9
_SILENT_S = 3.0


class EventView:
    """The live picture. title: what is recorded, and where to."""

    def __init__(self, collection: Collection, labels: Labels, title: str) -> None:
        self.silent_s = 0.0
        self._collection = collection
        self._labels = labels
        self._title = title

    def render(self, width: int, height: int) -> RenderableType:
        """Return the picture for a terminal of `width` columns and `height` lines."""
        collection = self._collection
        parts: list[RenderableType] = [
            self._counts(),
            self._channels(max(1, height - _OTHER_LINES)),
        ]
        if self._labels.are_kept:
            parts.append(self._label())
        lost = collection.lost()
        style = "bold red" if lost else "dim"
        parts.append(Text(f"lost: {', '.join(lost) or 'nothing'}", style, no_wrap=True))
        if self.silent_s >= _SILENT_S:
            parts.append(Text(f"no event for {self.silent_s:.0f} s", style="bold red"))
        return Panel(Group(*parts), title=Text(self._title), subtitle=Text("Ctrl-C ends it"))

    def line(self) -> str:
        """Return the picture in one line, for logs and pipes."""
        collection = self._collection
        parts = [f"t {collection.span_us / 1e6:.1f} s", f"events {collection.events}"]
        parts.append(f"{collection.rate_hz:.0f} events/s")
        if self._labels.are_kept:
            parts.append(f"label {self._labels.current or 'none'}")
        if self._labels.said:
            parts.append(self._labels.said)
        lost = collection.lost()
        if lost:
            parts.append(f"lost: {', '.join(lost)}")
        if self.silent_s >= _SILENT_S:
            parts.append(f"no event for {self.silent_s:.0f} s")
        return "  ".join(parts)

    def _counts(self) -> Text:
        collection = self._collection
        text = Text(no_wrap=True)
        text.append(f"{collection.events} events", style="bold")
        text.append(f"  {collection.span_us / 1e6:.1f} s  {collection.rate_hz:.0f} events/s")
        return text

    def _channels(self, most: int) -> Table:
        table = Table.grid(padding=(0, 2))
        for justify in ("left", "right", "left", "left"):
            table.add_column(justify=justify, no_wrap=True)
        channels = list(self._collection.all_channels())
        for channel in channels[:most]:
            table.add_row(*_cells(channel))
        if len(channels) > most:
            table.add_row(f"and {len(channels) - most} more")
        return table

    def _label(self) -> Text:
        labels = self._labels
        text = Text("label ", style="dim", no_wrap=True)
        text.append(labels.current or "none", style="bold green" if labels.current else "bold")
        count = self._collection.labels[labels.current]
        text.append(f"  {count} events   {labels.legend()}", style="dim")
        if labels.said:
            text.append(f"   {labels.said}", style="yellow")
        return text


def _cells(channel: Channel) -> tuple[Text, Text, Text, Text]:
    last = f"{channel.values[-1]:.5g}" if channel.values else "-"
    return (
        Text(channel.name),
        Text(last, style="bold"),
        Text(channel.unit, style="dim"),
        Text(sparkline(channel.values), style="cyan"),
    )


def sparkline(values: Sequence[float]) -> str:
    """One character a value, over the range of these values; a value that is none is a gap."""
    drawn = [value for value in values if math.isfinite(value)]
    low, high = min(drawn, default=0.0), max(drawn, default=0.0)
    if high == low:
        return "".join(_SPARKS[0] if math.isfinite(value) else " " for value in values)
    top = len(_SPARKS) - 1
    return "".join(
        _SPARKS[round(top * (value - low) / (high - low))] if math.isfinite(value) else " "
        for value in values
    )

"""What recordings hold, as lines: rate, range and missing share of each channel, classes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host_tools.data.recording import Recording


@dataclass(frozen=True)
class ChannelSummary:
    """A channel over several recordings."""

    name: str
    unit: str
    events: int  # that carry it
    rate_hz: float  # of these, while the recordings last; 0 if they last no time
    lowest: float  # NaN without events
    highest: float
    missing: float  # share of the events that do not carry it


def summarise(recordings: Sequence[Recording]) -> list[ChannelSummary]:
    """Return what the channels hold, in the order in which they first appear."""
    units: dict[str, str] = {}
    for recording in recordings:
        for name in recording.channels:
            units[name] = units.get(name) or recording.description.units.get(name, "")
    found = []
    for name, unit in units.items():
        mine = [each for each in recordings if name in each.channels]
        columns = [each.values[:, each.channels.index(name)] for each in mine]
        values = np.concatenate(columns)
        present = values[~np.isnan(values)]
        seconds = sum(duration_us(each) for each in mine) / 1e6
        found.append(
            ChannelSummary(
                name,
                unit,
                len(present),
                len(present) / seconds if seconds else 0.0,
                float(present.min()) if len(present) else np.nan,
                float(present.max()) if len(present) else np.nan,
                1.0 - len(present) / len(values),
            )
        )
    return found


def duration_us(recording: Recording) -> int:
    """Return the time from the earliest to the latest event."""
    return int(recording.t_us.max() - recording.t_us.min())


def channel_lines(recordings: Sequence[Recording]) -> list[str]:
    """Return a table of the channels."""
    rows = [["channel", "unit", "events", "rate", "lowest", "highest", "missing"]]
    for channel in summarise(recordings):
        rows.append(
            [
                channel.name,
                channel.unit,
                str(channel.events),
                f"{channel.rate_hz:.4g} Hz",
                f"{channel.lowest:.6g}",
                f"{channel.highest:.6g}",
                f"{100 * channel.missing:.3g} %",
            ]
        )
    return aligned(rows, left=2)


def count_lines(recordings: Sequence[Recording]) -> list[str]:
    """Return the classes with their counts, and the groups."""
    lines = []
    labels = Counter(label for each in recordings for label in each.labels or ())
    without = labels.pop("", 0)
    if labels:
        total = sum(labels.values())
        some = [
            f"{label} {count} ({100 * count / total:.3g} %)"
            for label, count in labels.most_common(40)
        ]
        more = f", and {len(labels) - 40} more" if len(labels) > 40 else ""
        rest = f"; {without} events without a label" if without else ""
        lines.append(f"classes: {', '.join(some)}{more}{rest}")
    groups = Counter(group for each in recordings for group in set(each.groups or ()) if group)
    if groups:
        counted = [f"{group} ({count})" for group, count in sorted(groups.items())[:40]]
        more = f", and {len(groups) - 40} more" if len(groups) > 40 else ""
        lines.append(f"groups, with their recordings: {', '.join(counted)}{more}")
    return lines


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Return rows as lines with aligned columns; the first `left` columns begin at their left."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines

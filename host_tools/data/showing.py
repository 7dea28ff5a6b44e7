"""What `rivulet show` says of recordings."""

from collections.abc import Sequence
from pathlib import Path

from host_tools.data.intervals import measure
from host_tools.data.recording import Recording
from host_tools.data.spans import span_text
from host_tools.data.summary import channel_lines, count_lines, duration_us

# Of lines of one kind, and of the gaps of one recording.
_MOST = 20
_MOST_GAPS = 3


def show_lines(recordings: Sequence[tuple[Path, Recording]]) -> list[str]:
    """Return the summary of recordings."""
    lines = []
    for path, recording in recordings[:_MOST]:
        lines += _one(path, recording)
    if len(recordings) > _MOST:
        lines.append(f"... and {len(recordings) - _MOST} more recordings")
    all_of_them = [recording for _, recording in recordings]
    lines += ["", *channel_lines(all_of_them), *count_lines(all_of_them)]
    if len(recordings) > 1:
        events = sum(len(recording.t_us) for recording in all_of_them)
        seconds = span_text(sum(map(duration_us, all_of_them)))
        lines.append(f"{len(recordings)} recordings, {events} events, {seconds}")
    return lines


def _one(path: Path, recording: Recording) -> list[str]:
    about = recording.description
    begin = f", from {about.time_zero_utc}" if about.time_zero_utc else ""
    lines = [f"{path}: {len(recording.t_us)} events, {span_text(duration_us(recording))}{begin}"]
    for name in ("source", "board", "model"):
        if getattr(about, name):
            lines.append(f"  {name}: {getattr(about, name)}")
    found = measure(recording)
    if found is None:
        return lines
    lines.append(
        f"  intervals: median {span_text(found.median_us)}, 99 % below "
        f"{span_text(found.p99_us)}, longest {span_text(found.longest_us)}; "
        f"{100 * found.irregular:.3g} % differ from the median by more than a tenth"
    )
    if found.late:
        lines.append(f"  {found.late} events go back in time")
    if found.gaps:
        longest = ", ".join(
            f"{span_text(gap.us)} after {gap.at_us / 1e6:.6g} s" for gap in found.gaps[:_MOST_GAPS]
        )
        more = ", ..." if len(found.gaps) > _MOST_GAPS else ""
        lines.append(f"  gaps: {len(found.gaps)}: {longest}{more}")
    return lines

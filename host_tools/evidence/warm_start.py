"""Draw how a restart changes the outputs.

Run `python -m host_tools.evidence.warm_start -o docs/warm-start.svg`.

The same events go to a board that never stops and to boards that are off for two seconds and
start cold, from the usual state, or from their snapshot. How far their outputs are from those of
the first is drawn, as the mean over restarts in the middle of eleven recordings.
"""

import argparse
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools import files, svg
from host_tools.build_model.usual_state import usual_state
from host_tools.convert import ModelFile, convert, read_weights
from host_tools.data import recordings
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import feed
from host_tools.integers.quantise import quantise
from host_tools.paths import MODELS, need_checkout
from host_tools.printing import say
from rivulet import model as device_model
from rivulet.store.snapshot import SnapshotFile

STARTS = ("cold", "usual state", "snapshot")
_HASH = "00" * 32
_DAY_S = 1_800_000_000  # an arbitrary time of a clock that is set
_OFF_S = 2
_SHOWN = 60
_COLOURS = ("#c0392b", "#b8860b", "#1f6fb2")


@dataclass(frozen=True)
class Comparison:
    """t_s: of the events after the restart, since then; differences: by kind of start, the largest
    difference in any output from the board that never stopped, at each of these events."""

    t_s: NDArray[np.float64]
    differences: dict[str, NDArray[np.float64]]


def _snapshot(folder: str, seconds: int) -> Any:
    """Return the snapshot of a board whose real-time clock shows this many seconds."""
    snapshot = SnapshotFile(folder, "watchdog")
    snapshot.seconds = lambda: seconds
    return snapshot


def compare(model: ModelFile, events: EventTable, stop_s: float, off_s: int) -> Comparison:
    """Restart `model` `stop_s` after the first event, with the power off for `off_s`.

    The model's settings carry its usual state.
    """
    data = model.to_bytes()

    def made() -> device_model.Model:
        return device_model.load(io.BytesIO(data), len(data))

    t_s = (events.t_us - events.t_us[0]) * 1e-6
    stop, start = np.searchsorted(t_s, [stop_s, stop_s + off_s])
    always, stopped = made(), made()
    for i in range(stop):
        for running in (always, stopped):
            _event(running, events, i, t_s, None)
    with tempfile.TemporaryDirectory() as folder:
        _snapshot(folder, _DAY_S).save(stopped, _HASH, int(stop), True)
        again = {name: made() for name in STARTS}
        _snapshot(folder, _DAY_S + off_s).restore(again["snapshot"], _HASH)
    with tempfile.TemporaryDirectory() as folder:
        _snapshot(folder, _DAY_S).restore(again["usual state"], _HASH)
    for i in range(stop, start):
        _event(always, events, i, t_s, None)
    differences: dict[str, list[float]] = {name: [] for name in STARTS}
    for i in range(start, len(t_s)):
        _event(always, events, i, t_s, None)
        truth = np.array(always.physical(2))
        for name, running in again.items():
            # Only a snapshot's time goes on before the first event.
            begun = stop_s + off_s if name == "snapshot" else t_s[start]
            _event(running, events, i, t_s, begun if i == start else None)
            differences[name].append(float(np.abs(np.array(running.physical(2)) - truth).max()))
    return Comparison(
        t_s[start:] - stop_s - off_s,
        {name: np.array(values) for name, values in differences.items()},
    )


def _event(
    running: device_model.Model,
    events: EventTable,
    i: int,
    t_s: NDArray[np.float64],
    since_s: float | None,
) -> None:
    """Apply event i, after the event before it or after the time `since_s`."""
    before_s = t_s[max(i - 1, 0)] if since_s is None else since_s
    feed(running, max(round(1e6 * (t_s[i] - before_s)), 0), events.values[i])


def averaged(model: ModelFile, events: EventTable, stops_s: list[float]) -> Comparison:
    """Return the mean over restarts at several times, over their first events."""
    found = [compare(model, events, stop_s, _OFF_S) for stop_s in stops_s]
    means = {
        name: np.mean([each.differences[name][:_SHOWN] for each in found], axis=0)
        for name in STARTS
    }
    return Comparison(found[0].t_s[:_SHOWN], means)


def activity(played: int) -> tuple[ModelFile, EventTable]:
    """Return the activity model with its usual state from training data, and test events."""
    model = convert(*read_weights(MODELS / "activity" / "weights.npz"))
    model.settings["warm_start"] = {"prior": usual_state(model, _stream("train", 40))}
    return model, _stream("test", played)


def _stream(split: str, count: int) -> EventTable:
    found = recordings.load(split=split)
    order = [int(i) for i in np.linspace(0, len(found.values) - 1, count)]
    rows = np.concatenate([found.values[i] for i in order])
    return EventTable(np.arange(len(rows), dtype=np.int64) * found.period_us, rows)


def picture(found: Comparison) -> str:
    """Draw the differences over time as a self-contained SVG."""
    highest = max(float(values.max()) for values in found.differences.values())
    chart = svg.Chart(
        svg.linear("seconds since the restart", 0.0, float(found.t_s[-1])),
        svg.linear("largest difference in an output", 0.0, 1.05 * highest),
    )
    for i, name in enumerate(STARTS):
        chart.line(found.t_s, found.differences[name], f"series{i}")
    drawing = chart.render("outputs after a restart, against a board that never stopped")
    style = "".join(
        f".series{i}{{fill:none;stroke:{colour};stroke-width:2}}"
        for i, colour in enumerate(_COLOURS)
    )
    keys = "".join(
        f'<text x="610" y="{34 + 18 * i}" text-anchor="end" style="fill:{_COLOURS[i]}">{name}'
        f"</text>"
        for i, name in enumerate(STARTS)
    )
    head, body = drawing.split(">", 1)
    return (
        f'{head} width="960">'
        "<style>text{font:12px sans-serif;fill:#444}.grid{stroke:#ddd;fill:none}"
        f'{style}</style><rect width="100%" height="100%" fill="white"/>'
        + body.replace("</svg>", keys + "</svg>")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, required=True, help="the .svg to write")
    out = parser.parse_args().out
    try:
        need_checkout("warm_start")
        model, events = activity(12)
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None
    for kind, of in (("float", model), ("int8", quantise(model, events))):
        found = averaged(of, events, [10.0 * i + 4.0 for i in range(11)])
        for name, values in found.differences.items():
            say(
                f"{kind}, {name}: {values[0]:.2f} at first, {values[:10].mean():.2f} in the "
                f"first second, {values[40]:.2f} after 4 s"
            )
        if kind == "float":
            files.write_text(out, picture(found) + "\n")
    say(f"{out} written")


if __name__ == "__main__":
    main()

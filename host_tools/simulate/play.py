"""What the sensors of a project are given to play: waves, values that stand still, recordings."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from host_tools.data.recording import read_description
from host_tools.data.spans import span_text
from host_tools.errors import RivuletError
from host_tools.project import Channel, Project, RigSensor, model_of, recording_files, units
from host_tools.project.parts import RECORDING
from host_tools.simulate import recorded
from host_tools.simulate.rigs import source_of
from host_tools.simulate.stimulus import (
    Column,
    Source,
    Stimulus,
    from_events,
    join,
    merge,
    to_records,
    without_gaps,
)

SINE, HOLD = "sine", "hold"
# A wave has a whole number of periods in this time, so that it can be repeated.
_LENGTH_US = 20_000_000
# Periods in that time, by channel: from ten seconds to one.
_PERIODS = (2, 3, 5, 7, 11, 13, 17, 19)
# Share of a channel's limits that a wave's amplitude is.
_AMPLITUDE = 0.25
# Of a sensor whose driver has no setting rate_hz.
_RATE_HZ = 10
# Until every driver has started.
_LEAD_US = 200_000
# Nobody waits longer than this for the next event; most states have forgotten by then as well.
_LONGEST_GAP_US = 30_000_000


@dataclass(frozen=True)
class Played:
    """A project with the sensors that a simulated board gets, and what they play."""

    project: Project
    stimulus: Stimulus
    # What a person should know of it, one line each.
    notes: list[str]


def prepare(project: Project, what: str | None) -> Played:
    """Return what the sensors of a project play, `recording` if it names no sensors.

    what: as `play` takes it; None: the project's recordings, and waves if it has none.
    Raises RivuletError.
    """
    files = _files(project, what)
    own = bool(project.sensors)
    if not own:
        project = replace(project, sensors={RECORDING: _recorded(project, files, what)})
    sensors = list(project.sensors.values())
    if what in (SINE, HOLD) or not files:
        why = "there are no recordings ('rivulet import' makes them): " if what is None else ""
        moves = "stand still" if what == HOLD else "are waves"
        within = "" if own or files else f" within the range that {project.model} expects"
        note = f"{why}the channels {moves}{within}"
        return Played(project, play(what or SINE, sensors), [note])
    try:
        made, notes = from_recordings(files, sensors, project.train.target)
    except RivuletError as error:
        hint = "; '--play sine' plays waves instead" if own and what is None else ""
        raise RivuletError(f"{error}{hint}") from None
    return Played(project, made, notes)


def _files(project: Project, what: str | None) -> list[Path]:
    """Return the recordings that are played, or whose channels move."""
    if what is None or what in (SINE, HOLD):
        return recording_files(project)
    return _in_folder(Path(what)) if Path(what).is_dir() else [Path(what)]


def _in_folder(folder: Path) -> list[Path]:
    files = [path for path in sorted(folder.iterdir()) if path.suffix in (".csv", ".parquet")]
    if not files:
        raise RivuletError(f"{folder}: the folder holds no recordings: no .csv, no .parquet")
    return files


def _recorded(project: Project, files: Sequence[Path], what: str | None) -> RigSensor:
    if files:
        waves = what in (SINE, HOLD)
        return recorded.for_waves(files) if waves else recorded.of_recordings(files)
    model = model_of(project)
    if model is None:
        raise RivuletError(
            f"{project.file}: nothing to play: it names no sensors, and there are no recordings "
            f"({', '.join(project.data.recordings)}): 'rivulet import LOG.csv' makes some, or "
            "uncomment a sensor"
        )
    return recorded.of_model(model)


def play(what: str, sensors: Sequence[RigSensor]) -> Stimulus:
    """Return the stimulus for 'sine', 'hold', a recording, or a folder of recordings.

    sine: every channel is a wave of its own within its limits; hold: every channel stands still.
    Both come at the sensor's rate. Raises RivuletError.
    """
    if what in (SINE, HOLD):
        return merge([_steady(sensor, what == SINE) for sensor in sensors])
    files = _in_folder(Path(what)) if Path(what).is_dir() else [Path(what)]
    return from_recordings(files, sensors)[0]


def _steady(sensor: RigSensor, moving: bool) -> Stimulus:
    """Return samples at the sensor's rate: waves, or values that stand still."""
    source = source_of(sensor)
    rate_hz = float(sensor.settings.get("rate_hz", _RATE_HZ))
    count = max(1, round(rate_hz * _LENGTH_US * 1e-6))
    share = np.arange(count) / count
    values = np.zeros((count, len(source.channels)))
    for index, limits in enumerate(_limits(sensor, source)):
        values[:, index] = _rest(limits)
        if moving:
            low, high = limits or (-2.0, 2.0)
            periods = _PERIODS[index % len(_PERIODS)]
            wave = np.sin(2 * np.pi * periods * share)
            values[:, index] = (low + high) / 2 + _AMPLITUDE * (high - low) * wave
    t_us = np.rint(_LEAD_US + share * _LENGTH_US).astype(np.int64)
    records = to_records(t_us, 0, 0, values)
    return Stimulus((source,), records, (), count, 0, _LENGTH_US)


def _limits(sensor: RigSensor, source: Source) -> list[tuple[float, float] | None]:
    """Return the limits of each channel of the driver, in its units."""
    limits = list(sensor.driver.limits) or [None] * len(source.channels)
    return [
        None if each is None or not math.isfinite(each[1] - each[0]) else each for each in limits
    ]


def _rest(limits: tuple[float, float] | None) -> float:
    """Return the value of a channel that nothing moves: 0 where that is within its limits."""
    if limits is None or limits[0] < 0 < limits[1]:
        return 0.0
    return (limits[0] + limits[1]) / 2


def from_recordings(
    files: Sequence[Path], sensors: Sequence[RigSensor], left_out: Iterable[str] = ()
) -> tuple[Stimulus, list[str]]:
    """Play recordings one after another to the sensors that they have columns for.

    Their columns are the rig's channels, in the rig's units or in those that NAME.json states.
    left_out: columns that need no sensor. Long gaps are shortened. Returns the stimulus and what
    is to be said of it. Raises RivuletError.
    """
    sources = [source_of(sensor) for sensor in sensors]
    resting = [
        np.array([_rest(limits) for limits in _limits(sensor, source)])
        for sensor, source in zip(sensors, sources, strict=True)
    ]
    parts: list[Stimulus] = []
    gaps: list[int] = []
    shortened = 0
    for file in files:
        columns = dict.fromkeys(left_out) | _columns(file, sensors)
        whole = from_events(file, sources, columns, resting, _LEAD_US)
        for source in whole.sources:
            # A channel that the next recording lacks stays as it is.
            of_source = whole.records[whole.records["source"] == whole.sources.index(source)]
            resting[sources.index(source)] = of_source["values"][-1, : len(source.channels)]
        part, long = without_gaps(whole, _LONGEST_GAP_US)
        parts.append(part)
        gaps += long
        shortened += bool(long)
    made = join(parts)
    return made, [_summary(files, made), *_gap_note(gaps, shortened)]


def _summary(files: Sequence[Path], made: Stimulus) -> str:
    name = str(files[0]) if len(files) == 1 else f"{len(files)} recordings"
    return f"plays {name} over and over: {made.sent} events, {span_text(made.end_us)}"


def _gap_note(gaps: Sequence[int], recordings: int) -> list[str]:
    if not gaps:
        return []
    longest, played = span_text(max(gaps)), span_text(_LONGEST_GAP_US)
    if len(gaps) == 1:
        return [f"a gap of {longest} is played as {played}"]
    where = f" in {recordings} recordings" if recordings > 1 else ""
    return [f"{len(gaps)} gaps{where} are played as {played} each; the longest is {longest}"]


def _columns(file: Path, sensors: Iterable[RigSensor]) -> dict[str, Column | None]:
    """Return where the value of each column goes, by the rig's names of the channels."""
    stated = read_description(file).units
    return {
        channel.name: _column(number, channel, stated.get(channel.name), file)
        for number, sensor in enumerate(sensors)
        for channel in sensor.channels
    }


def _column(number: int, channel: Channel, stated: str | None, file: Path) -> Column:
    factor, offset = 1.0, 0.0
    if stated and channel.unit:
        try:
            factor, offset = units.conversion(stated, channel.unit)
        except units.UnitError as error:
            raise RivuletError(f"{file}: the column {channel.name}: {error}") from None
    # Back from the rig's unit to the driver's: rig = driver * channel.factor + channel.offset.
    return Column(
        number,
        channel.index,
        factor / channel.factor,
        (offset - channel.offset) / channel.factor,
    )

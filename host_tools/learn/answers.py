"""What is learnt at each event: its class, a value, or the value a while later."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import RivuletError
from host_tools.learn.reading import Columns, Recorded
from host_tools.project import Project
from host_tools.project.problems import nearest
from host_tools.project.units import UnitError, conversion, normalise

Floats = NDArray[np.float64]


def check_keys(project: Project, channels: Sequence[str]) -> None:
    """Check the keys of [train] against each other and the recordings. Raises RivuletError."""
    train = project.train
    if train.task == "class":
        if train.target:
            raise _wrong(project, "target", 'goes with task = "value" or "forecast"')
    elif not train.target:
        raise _wrong(project, "target", f'is missing; task = "{train.task}" needs a channel')
    if train.task == "forecast" and train.horizon_s is None:
        raise _wrong(project, "horizon_s", 'is missing; task = "forecast" needs it')
    if train.task != "forecast" and train.horizon_s is not None:
        raise _wrong(project, "horizon_s", 'goes with task = "forecast"')
    for name in train.target:
        if name not in channels:
            text = f"no recording has a channel '{name}': {nearest(name, channels)}"
            raise _wrong(project, "target", text)
    if len(set(train.target)) < len(train.target):
        raise _wrong(project, "target", "names a channel twice")
    for name in train.units:
        if name not in train.target:
            text = f"'{name}' is no target: {nearest(name, train.target)}"
            raise _wrong(project, "units", text)
    if train.task == "value" and set(train.target) >= set(channels):
        raise _wrong(project, "target", "every channel is a target, and none is left as an input")


def _wrong(project: Project, key: str, text: str) -> RivuletError:
    return RivuletError(f"{project.file}: train.{key}: {text}")


def classes_of(recorded: Sequence[Recorded]) -> list[str]:
    """Return the names of the classes, sorted. Raises RivuletError for fewer than two."""
    found = sorted({label for each in recorded for label in each.labels if label})
    if not found:
        raise RivuletError(
            "no event of the recordings has a label: name the column, 'rivulet import --label "
            'COLUMN\', or learn a value (task = "value")'
        )
    if len(found) == 1:
        raise RivuletError(
            f"every label is '{found[0]}', and a model of one class decides nothing: record "
            "another class too"
        )
    return found


def numbered(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Return the number of each label's class, -1 for none."""
    numbers = {name: number for number, name in enumerate(classes)} | {"": -1}
    return np.array([numbers[label] for label in labels], np.int64)


def target_units(project: Project, columns: Columns) -> tuple[list[str], Floats, Floats]:
    """Return the targets' units, and (factor, offset) that convert what recordings hold to them.

    Raises RivuletError for a unit that the recordings' cannot be converted to.
    """
    units, factors, offsets = [], [], []
    for name in project.train.target:
        recorded = columns.units.get(name, "")
        wanted = project.train.units.get(name, "") or recorded
        factor, offset = 1.0, 0.0
        if recorded and normalise(recorded) != normalise(wanted):
            try:
                factor, offset = conversion(recorded, wanted)
            except UnitError as error:
                text = f"'{name}' is recorded in {recorded}, not {wanted}: {error}"
                raise _wrong(project, "units", text) from None
        units.append(wanted)
        factors.append(factor)
        offsets.append(offset)
    return units, np.array(factors), np.array(offsets)


def ahead(t_us: NDArray[np.int64], values: Floats, horizon_s: float) -> Floats:
    """Return each channel's latest value at every event's time + `horizon_s`.

    values: (events, channels). NaN where the recording ends before, or carried no value yet.
    """
    later = t_us + round(horizon_s * 1e6)
    found = np.full(values.shape, np.nan)
    within = later <= t_us[-1]
    for column in range(values.shape[1]):
        carried = np.flatnonzero(~np.isnan(values[:, column]))
        places = np.searchsorted(t_us[carried], later, side="right") - 1
        known = within & (places >= 0)
        found[known, column] = values[carried[places[known]], column]
    return found

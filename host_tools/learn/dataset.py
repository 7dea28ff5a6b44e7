"""A project's recordings, ready to be learnt from: `load(project)`."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from host_tools.choices import Late
from host_tools.errors import RivuletError
from host_tools.learn import answers, splits
from host_tools.learn.piece import Piece
from host_tools.learn.reading import Columns, Recorded, read_all
from host_tools.project import Project

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """Normalisation: (value - offset) * scale has mean 0 and deviation 1 in the training part.

    A scale of 0 belongs to a channel that never moves there.
    """

    offset: Floats
    scale: Floats


@dataclass(frozen=True)
class Dataset:
    """What a model is trained, chosen and judged on."""

    # "class", "value" or "forecast".
    task: str
    # The model's inputs, in order, and their units.
    channels: list[str]
    units: list[str]
    # Names of the classes, sorted; empty for values.
    classes: list[str]
    # Names and units of the values; empty for classes.
    targets: list[str]
    target_units: list[str]
    horizon_s: float | None
    # Every recording with an answer, whole.
    recordings: list[Piece]
    # "train", "validation" and "test"; validation may be empty.
    split: splits.Split
    split_by: str  # "recording", "group" or "blocks"
    inputs: Scaling
    outputs: Scaling  # of the targets
    # What a person should know.
    notes: list[str] = field(default_factory=list)

    @property
    def training(self) -> list[Piece]:
        return self.split[splits.TRAIN]

    @property
    def validation(self) -> list[Piece]:
        return self.split[splits.VALIDATION]

    @property
    def test(self) -> list[Piece]:
        return self.split[splits.TEST]

    def class_counts(self, part: str) -> NDArray[np.int64]:
        """Return the number of labelled events of each class in a part of the split."""
        labels = np.concatenate([piece.labels for piece in self.split[part]] or [np.empty(0, int)])
        return np.bincount(labels[labels >= 0], minlength=len(self.classes))

    def median_gap_s(self) -> float:
        """Return the median time between events of the training part; simultaneous ones aside."""
        gaps = np.concatenate([piece.gaps_us[1:] for piece in self.training])
        moving = gaps[gaps > 0]
        return float(np.median(moving)) * 1e-6 if len(moving) else 0.0


def load(project: Project, late: Late = Late.refuse) -> Dataset:
    """Read a project's recordings, check them and split them. Raises RivuletError, in one line.

    late: what becomes of events whose time goes back.
    """
    recorded, columns, notes = read_all(project, late)
    answers.check_keys(project, columns.names)
    train = project.train
    classes = answers.classes_of(recorded) if train.task == "class" else []
    hidden = set(train.target) if train.task == "value" else set()
    channels = [name for name in columns.names if name not in hidden]
    _note_unfed(project, channels, notes)
    units, factor, offset = answers.target_units(project, columns)
    pieces = [
        _piece(project, each, columns, channels, classes, factor, offset) for each in recorded
    ]
    pieces = _answered(project, pieces, notes)
    split, by = _split(project, pieces, len(classes), notes)
    training = split[splits.TRAIN]
    data = Dataset(
        train.task,
        channels,
        [columns.units[name] for name in channels],
        classes,
        train.target,
        units,
        train.horizon_s,
        pieces,
        split,
        by,
        _scaling([piece.values for piece in training]),
        _scaling([piece.targets for piece in training]),
        notes,
    )
    _check_split(data)
    return data


def _note_unfed(project: Project, channels: Sequence[str], notes: list[str]) -> None:
    fed = {channel.name for sensor in project.sensors.values() for channel in sensor.channels}
    unfed = [name for name in channels if name not in fed]
    if fed and unfed:
        notes.append(
            f"no sensor of {project.file.name} feeds {', '.join(unfed)}: a board would not either"
        )


def _piece(
    project: Project,
    recorded: Recorded,
    columns: Columns,
    channels: Sequence[str],
    classes: Sequence[str],
    factor: Floats,
    offset: Floats,
) -> Piece:
    train, count = project.train, len(recorded.t_us)
    values = recorded.values[:, [columns.names.index(name) for name in channels]]
    targets = recorded.values[:, [columns.names.index(name) for name in train.target]]
    targets = targets * factor + offset
    if train.horizon_s is not None:
        targets = answers.ahead(recorded.t_us, targets, train.horizon_s)
    labels = np.full(count, -1)
    if classes:
        labels = answers.numbered(recorded.labels, classes)
    name = str(recorded.path.relative_to(project.folder).with_suffix(""))
    return Piece(name, recorded.group, recorded.t_us, values, labels, targets)


def _answered(project: Project, pieces: list[Piece], notes: list[str]) -> list[Piece]:
    """Return the recordings from which something can be learnt. Raises RivuletError for none."""
    kept = [piece for piece in pieces if piece.answered.any()]
    if not kept:
        longest = max(piece.seconds for piece in pieces)
        if project.train.horizon_s is not None and longest < project.train.horizon_s:
            raise RivuletError(
                f"{project.file}: train.horizon_s: {project.train.horizon_s:g} s is longer than "
                f"every recording; the longest has {longest:.3g} s"
            )
        raise RivuletError(
            f"no event of the recordings carries {' or '.join(project.train.target)}"
        )
    if all(len(piece) < 2 or not piece.seconds for piece in kept):
        raise RivuletError(
            "no recording lasts any time: a liquid network needs several events one after the "
            "other; if each row stands for itself, another kind of model fits better"
        )
    if len(kept) < len(pieces):
        what = "label" if project.train.task == "class" else "target"
        notes.append(f"{len(pieces) - len(kept)} recordings without a {what} are left out")
    return kept


def _split(
    project: Project, pieces: list[Piece], kinds: int, notes: list[str]
) -> tuple[splits.Split, str]:
    if len(pieces) > 1:
        by = project.data.split
        if by == "recording":
            return splits.by_recording(pieces, kinds), by
        split, within = splits.by_group(pieces, kinds)
        if within:
            notes.append(
                f"no group is left to choose the model by: {within} recordings of the training "
                "part do that; the test shares no group with them"
            )
        return split, by
    split, blocks, gap_s = splits.cut(pieces[0], kinds, project.train.horizon_s or 0.0)
    notes.append(
        f"a single recording: cut into {blocks} consecutive blocks, 60 % to train on, 20 % to "
        f"choose the model by, 20 % to test it, with gaps of {gap_s:g} s between"
    )
    return split, "blocks"


def _scaling(columns: Sequence[Floats]) -> Scaling:
    table = np.concatenate(columns)
    offset, scale = np.zeros(table.shape[1]), np.zeros(table.shape[1])
    for column, values in enumerate(table.T):
        present = values[~np.isnan(values)]
        if len(present):
            deviation = float(present.std())
            # Boards parse these: no more digits than the deviation gives a meaning to.
            offset[column] = _short(float(present.mean()), deviation)
            if deviation > 1e-9 * max(abs(offset[column]), 1e-30):
                scale[column] = float(f"{1 / deviation:.5g}")
    return Scaling(offset, scale)


def _short(value: float, deviation: float) -> float:
    if deviation <= 0:
        return value
    return round(value, 4 - int(np.floor(np.log10(deviation))))


def _check_split(data: Dataset) -> None:
    """Add notes on what the parts lack. Raises RivuletError if nothing can be judged."""
    for name, scale in zip(data.channels, data.inputs.scale, strict=True):
        if not scale:
            data.notes.append(f"channel '{name}' never moves in the training part: switched off")
    if not data.inputs.scale.any():
        raise RivuletError("no channel moves in the training part: there is nothing to learn from")
    if not data.validation:
        data.notes.append(
            "two recordings: one to train on, one to test on, none to choose the best iteration by"
            if len(data.recordings) == 2
            else "nothing is left to choose the best iteration by"
        )
    if data.classes:
        _check_classes(data)
        return
    for name, scale in zip(data.targets, data.outputs.scale, strict=True):
        if not scale:
            raise RivuletError(
                f"the target '{name}' never moves in the training part: there is nothing to learn"
            )
    if not any(piece.answered.any() for piece in data.test):
        raise RivuletError("no recording with a target is left to test on: record more")


def _check_classes(data: Dataset) -> None:
    counts = {part: data.class_counts(part) for part in splits.NAMES}
    for part in (splits.TRAIN, splits.TEST):
        lacking = [n for n, count in zip(data.classes, counts[part], strict=True) if not count]
        if len(data.classes) - len(lacking) < 2:
            one = data.split_by == "blocks"
            where = "one stretch of the recording" if one else f"one {data.split_by}"
            raise RivuletError(
                f"'{lacking[0]}' comes in {where} only, so that no model can be both trained and "
                "tested on it: record each class three times or more, at different times"
            )
        if lacking and part == splits.TEST:
            data.notes.append(
                f"not tested, since too few recordings have it: {', '.join(lacking)}; record it "
                "three times or more"
            )
        elif lacking:
            data.notes.append(f"not trained on: {', '.join(lacking)}")

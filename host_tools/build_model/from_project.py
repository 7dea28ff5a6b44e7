"""What a project's recordings say about a network that was trained on them elsewhere."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import Arrays, Settings, convert
from host_tools.data.recording import Recording, read_recording
from host_tools.errors import RivuletError
from host_tools.project import Project, load, recording_files

# What a project can say; without any of these missing its recordings are not read.
_SAID = ("channels", "units", "normalisation")
_MOST = 8  # names in a message


def complete_from(file: Path, weights: Arrays, settings: Settings) -> tuple[Settings, str]:
    """Return the settings with what they leave out, and a line on where it is from.

    file: the project's rivulet.toml. weights: of a trainer; what they are converted to tells the
    numbers of inputs and outputs. Raises RivuletError.
    """
    made = convert(weights, settings)
    project = load(file)
    recordings = _recordings(project)
    found: Settings = {}
    said = []
    channels = settings.get("channels") or _inputs(project, recordings)
    known = _channels(recordings)
    missing = [name for name in channels if name not in known]
    if missing:
        raise RivuletError(
            f"{project.file}: no recording has a channel '{missing[0]}'; they have "
            + ", ".join(known[:_MOST])
        )
    inputs = len(made.settings["channels"])
    if len(channels) != inputs:
        raise RivuletError(
            f"the network has {inputs} inputs, the project's recordings {len(channels)} channels: "
            f"{', '.join(channels[:_MOST])}; name the inputs in their order with --metadata "
            '{"channels": [...]}'
        )
    if "channels" not in settings:
        found["channels"] = channels
        said.append(f"channels {', '.join(channels)}")
    if "units" not in settings:
        found["units"] = [_unit(recordings, name) for name in channels]
    if "normalisation" not in settings:
        found["normalisation"] = _normalisation(recordings, channels)
        said.append("their mean and deviation")
    classes = _classes(recordings)
    if classes and project.train.task == "class" and not settings.keys() & {"output", "classes"}:
        outputs = len(made.tensors["readout.weight"])
        if outputs != len(classes):
            raise RivuletError(
                f"the network has {outputs} outputs, the project's recordings {len(classes)} "
                f"labels: {', '.join(classes[:_MOST])}; name the classes in their order with "
                '--metadata {"output": "class", "classes": [...]}, or say {"output": "value"}'
            )
        found |= {"output": "class", "classes": classes}
        said.append(f"classes {', '.join(classes)}")
    elif classes and settings.get("output") == "class" and "classes" not in settings:
        found["classes"] = classes
    if not said:
        return settings | found, ""
    count = f"{len(recordings)} recording{'s' * (len(recordings) != 1)}"
    return settings | found, f"from {count} of {project.file}: {'; '.join(said)}"


def lacks(settings: Settings) -> bool:
    """Return whether a network's metadata leave out what a project can say."""
    return any(key not in settings for key in _SAID)


def _recordings(project: Project) -> list[Recording]:
    files = recording_files(project)
    if not files:
        raise RivuletError(
            f"{project.file}: no recording matches {', '.join(project.data.recordings)}; mean, "
            "deviation and channels come from them: add one, or say them with --metadata"
        )
    return [read_recording(path) for path in files]


def _channels(recordings: list[Recording]) -> list[str]:
    return list(dict.fromkeys(name for each in recordings for name in each.channels))


def _inputs(project: Project, recordings: list[Recording]) -> list[str]:
    targets = project.train.target if project.train.task == "value" else []
    return [name for name in _channels(recordings) if name not in targets]


def _unit(recordings: list[Recording], channel: str) -> str:
    return next((unit for each in recordings if (unit := each.description.units.get(channel))), "")


def _normalisation(recordings: list[Recording], channels: list[str]) -> Settings:
    offset, scale = [], []
    for channel in channels:
        values = _carried(recordings, channel)
        deviation = float(values.std()) if len(values) else 0.0
        offset.append(float(values.mean()) if len(values) else 0.0)
        scale.append(1.0 / deviation if deviation else 0.0)
    return {"offset": offset, "scale": scale}


def _carried(recordings: list[Recording], channel: str) -> NDArray[np.float64]:
    columns = [
        each.values[:, each.channels.index(channel)]
        for each in recordings
        if channel in each.channels
    ]
    values = np.concatenate(columns)
    return values[~np.isnan(values)]


def _classes(recordings: list[Recording]) -> list[str]:
    return sorted({label for each in recordings for label in each.labels or () if label})

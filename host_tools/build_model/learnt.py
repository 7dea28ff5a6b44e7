"""Merges what a board has learnt into the model file that it was pushed as: `rivulet pull`."""

import hashlib
import io
from pathlib import Path

import numpy as np
from safetensors.numpy import load

from host_tools.convert import ModelFile
from host_tools.convert.model_file import format_of
from host_tools.errors import RivuletError
from host_tools.integers.reference import INPUT_LIMIT
from host_tools.integers.row_scales import quantise_rows
from rivulet import model as device_model
from rivulet.store import learnt


def merge(path: Path, image: bytes) -> ModelFile:
    """Return the model file with its readout as the board has learnt it. Raises RivuletError.

    path: the file that the board runs; image: what it says it has learnt.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    try:
        running = device_model.load(io.BytesIO(data), len(data))
        settings, shapes = device_model.read_header(io.BytesIO(data), len(data))
    except device_model.ModelError as error:
        raise RivuletError(f"{path}: {error}") from None
    if running.learner is None:
        raise RivuletError(f"{path}: this model learns nothing: it has no adaptation")
    wrong = learnt.apply(running, image, hashlib.sha256(data).hexdigest())
    if wrong:
        raise RivuletError(f"{path}: {wrong}: give the file that was pushed to this board")
    settings.pop("probes", None)
    learner = running.learner
    tensors = {name: load(data)[name] for name in shapes}
    rows = np.array(learner.rows.values, np.float64).reshape(learner.rows.count, -1)
    if running.integer:
        tensors |= _integer_rows(rows, int(settings["output_bits"]))
    else:
        tensors[device_model.READOUT] = rows.astype(np.float32)
    tensors[device_model.ADAPTING[0]] = np.array(learner.packed_floats, np.float32)
    settings["classes"] = list(running.settings["classes"])
    settings["adaptation"] = settings["adaptation"] | {"spare": learner.free}
    settings["format"] = format_of(settings)
    provenance = settings["provenance"]
    stated = dict(provenance) if isinstance(provenance, dict) else {"trainer": provenance}
    settings["provenance"] = stated | {"adapted": f"by {learner.labels} labels on a board"}
    return ModelFile(tensors, settings)


def _integer_rows(rows: np.ndarray, output_bits: int) -> dict[str, np.ndarray]:
    limits = np.full(rows.shape[1] - 1, INPUT_LIMIT)
    per_unit = np.full(len(rows), 2.0**output_bits)
    names = [f"output {number}" for number in range(len(rows))]
    return quantise_rows(rows[:, :-1], rows[:, -1], per_unit, limits, names).tensors("readout")

"""Probe events in converted files: what the host computed is what every interpreter gets."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.convert import read_weights
from host_tools.integers.reference import reference
from host_tools.paths import FIRMWARE, MODELS

_TRY = f"""
import os, sys
sys.path.insert(0, {str(FIRMWARE)!r})
from rivulet import model
from rivulet.model import self_test
with open(sys.argv[1], "rb") as file:
    print(self_test.try_out(model.load(file, os.stat(sys.argv[1])[6])))
"""


def _convert(path: Path, dtype: Dtype) -> dict[str, Any]:
    """The probes of the reference model's file at `path`."""
    model, _ = build(*read_weights(MODELS / "activity" / "weights.npz"), Options(dtype))
    model.save(path)
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    probes: dict[str, Any] = json.loads(header["__metadata__"]["probes"])
    return probes


@pytest.mark.parametrize("dtype", Dtype)
def test_the_interpreter_agrees(tmp_path: Path, micropython: Path, dtype: Dtype) -> None:
    path = tmp_path / "model.safetensors"
    probes = _convert(path, dtype)
    assert probes["tolerance"] == (0 if dtype is Dtype.int8 else 1e-3)
    program = tmp_path / "try.py"
    program.write_text(_TRY)
    done = subprocess.run([micropython, program, path], capture_output=True, text=True)
    assert done.stdout.strip() == "5", done.stderr


def test_the_integers_are_those_of_the_independent_reference(tmp_path: Path) -> None:
    probes = _convert(tmp_path / "model.safetensors", Dtype.int8)
    model, _ = build(*read_weights(MODELS / "activity" / "weights.npz"), Options(Dtype.int8))
    beside = reference(model.tensors, model.settings)
    for dt_us, inputs, outputs in probes["events"]:
        beside.measured(dt_us, inputs)
        assert list(beside.outputs()[0]) == outputs


def test_the_file_is_the_same_each_time(tmp_path: Path) -> None:
    one, other = tmp_path / "one.safetensors", tmp_path / "other.safetensors"
    for path in (one, other):
        _convert(path, Dtype.int8)
    assert one.read_bytes() == other.read_bytes()

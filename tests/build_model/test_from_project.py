"""What a project's recordings say about an ncps network: channels, mean, deviation, classes."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.build_model.build import Options, build
from host_tools.build_model.source import Where, read_source
from host_tools.data.recording import Description, Recording, write_recording
from host_tools.errors import RivuletError
from host_tools.model_header import read_settings
from tests.trained_weights import INPUTS, UNITS, cfc, dense, ltc, own

_CHANNELS = ["speed", "load", "heat"]


def _project(
    folder: Path,
    labels: list[str] | None = None,
    channels: list[str] | None = None,
    table: str = "",
) -> Path:
    """A project with two recordings; channels are carried in turn."""
    channels = channels or _CHANNELS
    (folder / "recordings").mkdir(parents=True)
    (folder / "rivulet.toml").write_text(f'[board]\nname = "rpi_pico"\n{table}')
    for seed, name in enumerate("ba"):
        values = np.random.default_rng(seed).normal(seed + 2, 3, (40, len(channels)))
        values[::3, seed] = np.nan
        units = {"speed": "m/s"} if seed else {}
        texts = None if labels is None else [labels[i % len(labels)] for i in range(40)]
        recording = Recording(
            channels, np.arange(40) * 1000, values, texts, None, Description(units)
        )
        write_recording(folder / "recordings" / f"{name}.csv", recording)
    return folder


def _weights(folder: Path, **said: Any) -> tuple[Path, Path]:
    """An LTC with two outputs, and its metadata."""
    weights, metadata = folder / "w.npz", folder / "m.json"
    np.savez(weights, **{f"net.{name}": value for name, value in ltc().items()})
    metadata.write_text(json.dumps({"time_unit_s": 1} | said))
    return weights, metadata


def _settings(folder: Path, project: Path | None, **said: Any) -> dict[str, Any]:
    weights, metadata = _weights(folder, **said)
    return read_source(Where(weights, None, None, metadata, project)).settings


def test_mean_deviation_channels_units_and_classes(tmp_path: Path) -> None:
    project = _project(tmp_path / "p", ["worn", "", "normal"])
    found = _settings(tmp_path, project)
    assert found["channels"] == _CHANNELS and found["units"] == ["m/s", "", ""]
    assert (found["output"], found["classes"]) == ("class", ["normal", "worn"])
    columns = [
        np.genfromtxt(project / "recordings" / f"{name}.csv", delimiter=",", skip_header=1)[:, 1:4]
        for name in "ab"
    ]
    values = np.concatenate(columns)
    assert np.isnan(values).any()
    np.testing.assert_allclose(found["normalisation"]["offset"], np.nanmean(values, 0))
    np.testing.assert_allclose(found["normalisation"]["scale"], 1 / np.nanstd(values, 0))


def test_metadata_counts_more_than_the_project(tmp_path: Path) -> None:
    project = _project(tmp_path / "p", ["worn", "normal"])
    plain = {"offset": [0, 0, 0], "scale": [1, 1, 1]}
    order = ["heat", "speed", "load"]
    found = _settings(tmp_path, project, channels=order, normalisation=plain, output="value")
    assert found["channels"] == order and found["normalisation"] == plain
    assert found["units"] == ["", "m/s", ""] and "classes" not in found
    mean = _settings(tmp_path, project)["normalisation"]["offset"]
    turned = _settings(tmp_path, project, channels=order)["normalisation"]["offset"]
    assert turned == [mean[2], mean[0], mean[1]]


def test_the_current_folder_is_the_project(tmp_path: Path, monkeypatch: Any) -> None:
    project = _project(tmp_path / "p")
    monkeypatch.chdir(project)
    assert _settings(tmp_path, None)["channels"] == _CHANNELS
    monkeypatch.chdir(tmp_path)
    weights, metadata = _weights(tmp_path)
    source = read_source(Where(weights, metadata=metadata))
    assert "channels" not in source.settings
    assert "no normalisation is said" in source.warnings[0]
    # Weights of other trainers bring their own metadata.
    monkeypatch.chdir(project)
    np.savez(tmp_path / "own.npz", **own("ctrnn"))
    assert read_source(Where(tmp_path / "own.npz")).settings == {}


def test_the_target_of_a_value_is_no_input(tmp_path: Path) -> None:
    table = '[train]\ntask = "value"\ntarget = ["flow"]\n'
    project = _project(tmp_path / "p", ["a", "b"], [*_CHANNELS, "flow"], table)
    found = _settings(tmp_path, project)
    assert found["channels"] == _CHANNELS and "output" not in found


def test_a_channel_that_never_moves_is_switched_off(tmp_path: Path) -> None:
    project = _project(tmp_path / "p")
    for path in (project / "recordings").glob("*.csv"):
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *(row[: row.rindex(",")] + ",5" for row in rows)]))
    found = _settings(tmp_path, project)["normalisation"]
    assert (found["offset"][2], found["scale"][2]) == (5.0, 0.0)


@pytest.mark.parametrize(
    ("make", "said", "message"),
    [
        ({"labels": ["a", "b", "c"]}, {}, "2 outputs, the project's recordings 3 labels: a, b, c"),
        ({"channels": ["a", "b"]}, {}, "3 inputs, the project's recordings 2 channels: a, b"),
        ({}, {"channels": ["speed", "load", "hot"]}, "no recording has a channel 'hot'"),
        ({"table": '[data]\nrecordings = ["no/*.csv"]\n'}, {}, "no recording matches no/"),
        ({"table": '[data]\nrecordings = ["/x/*.csv"]\n'}, {}, r"no recording matches /x/\*\.csv"),
    ],
)
def test_a_project_that_does_not_fit(
    tmp_path: Path, make: Any, said: dict[str, Any], message: str
) -> None:
    project = _project(tmp_path / "p", **make)
    with pytest.raises(RivuletError, match=message) as caught:
        _settings(tmp_path, project, **said)
    assert "\n" not in str(caught.value)


def test_the_command_names_what_it_took(
    tmp_path: Path, rivulet: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    project = _project(tmp_path / "p", ["worn", "normal"])
    weights, metadata = _weights(tmp_path)
    out = tmp_path / "m.safetensors"
    line = ("convert", weights, "--metadata", metadata, "-o", out, "--project")
    done = rivulet(*line, project)
    assert done.returncode == 0 and not done.stderr
    assert (
        f"from 2 recordings of {project / 'rivulet.toml'}: channels speed, load, heat; their mean "
        "and deviation; classes normal, worn\n"
    ) in done.stdout
    assert read_settings(out)[0]["classes"] == ["normal", "worn"]
    done = rivulet(*line, tmp_path)
    assert done.returncode == 1 and "is no project" in done.stderr and done.stderr.count("\n") == 1


def test_a_head_decides_the_number_of_outputs(tmp_path: Path) -> None:
    project = _project(tmp_path / "p", ["a", "b", "c", "d"])
    random = np.random.default_rng(1)
    np.savez(tmp_path / "w.npz", **cfc(), **dense(random, "fc", 4, UNITS))
    (tmp_path / "w.json").write_text('{"time_unit_s": 1, "mode": "default", "activation": "silu"}')
    source = read_source(Where(tmp_path / "w.npz", wiring=tmp_path / "w.json", project=project))
    model, _ = build(source.weights, source.settings, Options())
    assert model.settings["classes"] == ["a", "b", "c", "d"]
    assert len(model.settings["channels"]) == INPUTS

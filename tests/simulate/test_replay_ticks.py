"""Replays of models that are fed at each tick."""

from pathlib import Path

import numpy as np
import pytest
from fixtures import built, model_bytes, settings, tensors

from host_tools.errors import RivuletError
from host_tools.simulate.replay import replay
from host_tools.simulate.tick_table import read_table_for

_CHANNELS = ["a", "age.a", "fresh.b", "b", "action.motor"]
_OWN = {
    "format": "rivulet-2",
    "convention": "current",
    "channels": _CHANNELS,
    "normalisation": {"offset": [0.0] * 5, "scale": [1.0] * 5},
    "policy": {"cadence_us": 20000},
}


def played(folder: Path, rows: str, runtime: str) -> tuple[np.ndarray, object]:
    model, events, out = (folder / name for name in ("m.safetensors", "e.csv", "o.csv"))
    model.write_bytes(model_bytes(settings(**_OWN), tensors(4, 5, 2)))
    events.write_text(rows)
    report = replay(model, events, out, runtime)
    return np.loadtxt(out, delimiter=",", skiprows=1), report


@pytest.mark.parametrize("runtime", ["micropython", "numpy"])
def test_a_row_is_a_tick(tmp_path: Path, runtime: str) -> None:
    rows, report = played(
        tmp_path,
        "t_us,a,b,action.motor\n"
        "1000,0.5,,\n"
        "5000,,-1,0.25\n"
        "24000,0.75,,\n"
        "23000,,0.5,\n"  # late
        "62000,,,1\n",
        runtime,
    )
    assert (report.events, report.late, report.by_ticks) == (5, 1, True)
    assert rows[:, 0].tolist() == [1000, 21000, 41000, 61000, 81000]
    like = built(tensors(4, 5, 2), **_OWN)
    like.event(0, (0, 1, 2), (0.5, 0.0, 0.0))
    for row, values in zip(
        rows[1:],
        (
            (0.5, 0.020, 1.0, -1.0, 0.25),
            (0.75, 0.017, 1.0, 0.5, 0.25),
            (0.75, 0.037, 0.0, 0.5, 0.25),
            (0.75, 0.057, 0.0, 0.5, 1.0),
        ),
        strict=True,
    ):
        like.event(20000, tuple(range(5)), values)
        np.testing.assert_allclose(row[1:3], list(like.outputs()), rtol=1e-6, atol=1e-9)


def test_what_actuators_were_given_has_to_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(RivuletError, match=r"action\.motor"):
        played(tmp_path, "t_us,a,b\n0,1,2\n", "numpy")


def test_a_recording_of_ticks_is_taken_as_it_is(tmp_path: Path) -> None:
    rows, report = played(
        tmp_path,
        "t_us,a,b,action.motor,age.a,fresh.b\n0,1,2,0,0.5,0\n30000,1,2,0,0.25,1\n",
        "numpy",
    )
    assert (rows[:, 0].tolist(), report.by_ticks) == ([0, 30000], False)


def test_a_calibration_has_ticks_too(tmp_path: Path) -> None:
    events = tmp_path / "e.csv"
    events.write_text("t_us,a,b,action.motor\n0,0.5,,1\n30000,,2,\n")
    table = read_table_for(events, settings(**_OWN))
    assert table.t_us.tolist() == [0, 20000, 40000]
    np.testing.assert_allclose(table.values[2], [0.5, 0.04, 1.0, 2.0, 1.0])

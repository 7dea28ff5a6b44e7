"""What `convert --calibrate` keeps in a model file: time constants, ranges, fidelity."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools import tau
from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.model_header import read_settings
from host_tools.quantiles import weighted_quantiles
from host_tools.simulate.replay import replay
from tests.golden.weights import trained
from tests.trained_weights import CFC, INPUTS, LTC, UNITS, WIRED, cfc, lstm, ltc, own, wired

_CELLS: dict[str, tuple[Any, Any]] = {
    "decay": trained("decay"),
    "ctrnn": (own("ctrnn"), {"cell": "ctrnn"}),
    "ltc": (ltc(), LTC),
    "ltc mixed": (ltc() | lstm(UNITS), LTC),
    "cfc": (cfc(), CFC),
    "cfc no_gate": (cfc(), CFC | {"mode": "no_gate"}),
    "cfc pure": (cfc("pure", 0), CFC | {"mode": "pure"}),
    "cfc mixed": (cfc() | lstm(UNITS), CFC),
    "wired cfc": (wired(), WIRED),
}
_INTEGERS = ("decay", "ltc", "cfc", "cfc no_gate")


def _events(path: Path, channels: list[str], count: int = 120) -> Path:
    """Irregular events, with blanks."""
    random = np.random.default_rng(4)
    t_us = np.cumsum((10 ** random.uniform(3, 6, count)).astype(int))
    rows = [f"t_us,{','.join(channels)}"]
    for t in t_us:
        cells = [f"{value:.4f}" for value in random.normal(0, 0.5, len(channels))]
        cells[random.integers(len(cells))] = ""
        rows.append(f"{t},{','.join(cells)}")
    path.write_text("\n".join(rows) + "\n")
    return path


def _channels(metadata: Any) -> list[str]:
    found: list[str] = metadata.get("channels") or [f"u{i}" for i in range(INPUTS)]
    return found


@pytest.mark.parametrize(
    ("name", "dtype"),
    [(name, Dtype.float32) for name in _CELLS] + [(name, Dtype.int8) for name in _INTEGERS],
)
def test_time_constants_are_those_that_a_board_reports(
    tmp_path: Path, name: str, dtype: Dtype
) -> None:
    weights, metadata = _CELLS[name]
    events = _events(tmp_path / "e.csv", _channels(metadata))
    model, _ = build(weights, metadata, Options(dtype, calibrate=events))
    path, out = tmp_path / "m.safetensors", tmp_path / "o.csv"
    model.save(path)
    kept = read_settings(path)[0]["provenance"]
    replay(path, events, out, runtime="numpy")
    header, *rows = out.read_text().splitlines()
    columns = [i for i, column in enumerate(header.split(",")) if column.startswith("tau")]
    table = np.array([row.split(",") for row in rows], float)
    gaps = np.diff(table[:, 0], prepend=table[0, 0])
    wanted = weighted_quantiles(table[gaps > 0][:, columns], gaps[gaps > 0], tau.QUANTILES)
    found = tau.from_provenance(kept, len(columns))
    assert list(found) == list(tau.QUANTILES)
    np.testing.assert_allclose(list(found.values()), wanted, rtol=0.006)  # three digits
    assert not tau.outside(found, found[0.5])


def test_ranges_and_fidelity_are_kept_too(tmp_path: Path) -> None:
    events = tmp_path / "e.csv"
    rows = [f"{i * 1000},{i / 20:g},{'' if i else 7},{i % 2}" for i in range(401)]
    events.write_text("t_us,u0,u1,u2\n" + "\n".join(rows))
    model, report = build(ltc(), LTC | {"provenance": "by hand"}, Options(calibrate=events))
    kept = model.settings["provenance"]
    assert kept["trainer"] == "by hand" and set(kept) == {"trainer", "tau_s", "calibration"}
    assert kept["calibration"] == {
        "recording": "e.csv",
        "events": 401,
        "ranges": "0.01 to 19.99, 7 to 7, 0 to 1",
    }
    assert report == [
        "u0: 0 to 20, 99.9 % of the values 0.01 to 19.99",
        "u1: 7 to 7, 99.9 % of the values 7 to 7",
        "u2: 0 to 1, 99.9 % of the values 0 to 1",
    ]
    made, report = build(ltc(), LTC, Options(Dtype.int8, calibrate=events))
    said = made.settings["provenance"]["calibration"]["fidelity"]
    assert said == report[-1] and said.startswith("int8 against float over 401 events")


def test_a_recording_far_from_the_normalisation_calibrates_floats(tmp_path: Path) -> None:
    """Only integers have a range that values can leave."""
    events = tmp_path / "e.csv"
    events.write_text("t_us,u0,u1,u2\n0,5000,1,1\n1000,-5000,1,1\n")
    _, report = build(ltc(), LTC, Options(calibrate=events))
    assert report[0].startswith("u0: -5000 to 5000")


def test_what_training_saw_is_not_replaced(tmp_path: Path) -> None:
    weights, metadata = _CELLS["wired cfc"]
    events = _events(tmp_path / "e.csv", _channels(metadata))
    seen = tau.to_provenance([[1.0] * 6, [2.0] * 6, [3.0] * 6])
    for units, kept in ((6, True), (5, False)):
        texts = {share: " ".join(text.split()[:units]) for share, text in seen.items()}
        said = metadata | {"provenance": {"tau_s": texts}}
        model, _ = build(weights, said, Options(calibrate=events))
        assert (model.settings["provenance"]["tau_s"] == texts) is kept


def test_events_without_time_between_them_say_nothing_of_time_constants(tmp_path: Path) -> None:
    events = tmp_path / "e.csv"
    events.write_text("t_us,u0,u1,u2\n5,1,2,3\n5,2,3,4\n")
    model, _ = build(ltc(), LTC, Options(calibrate=events))
    assert "tau_s" not in model.settings["provenance"]

"""`rivulet replay`: times come out as they went in, and late events are told."""

from pathlib import Path

import numpy as np
import pytest
from fixtures import model_bytes

from host_tools.data.recording import Description, Recording, write_recording
from host_tools.errors import RivuletError
from host_tools.simulate.replay import replay


@pytest.mark.parametrize("runtime", ["micropython", "numpy"])
def test_times_come_out_digit_for_digit(
    tmp_path: Path, micropython: Path, monkeypatch: pytest.MonkeyPatch, runtime: str
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(micropython))
    model, events, out = (tmp_path / name for name in ("m.safetensors", "e.csv", "o.csv"))
    model.write_bytes(model_bytes())
    times = ["-4611686018427387903", "-1", "1073741824", "4294967297", "1700000000123457"]
    times += ["4611686018427387903", "5", "1700000000123458"]
    rows = "".join(f"{t_us},0.5,,\n" for t_us in times)
    events.write_text("t_us,a,b,c\n" + rows)
    report = replay(model, events, out, runtime)
    lines = out.read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["t_us", *times]
    assert (report.events, report.late) == (8, 2)
    assert "line 8: t_us goes back from 4611686018427387903 to 5" in report.first_late


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_recording_is_replayed_whatever_its_labels(tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    model, out = tmp_path / "m.safetensors", tmp_path / "o.csv"
    model.write_bytes(model_bytes())
    outputs = []
    for labels, groups in ((None, None), (["x", ""], ["p", "p"])):
        recording = Recording(
            ["a", "b", "c"],
            np.array([0, 5000], np.int64),
            np.array([[0.5, np.nan, 1], [np.nan, 2, np.nan]]),
            labels,
            groups,
            Description(),
        )
        write_recording(tmp_path / f"r.{suffix}", recording)
        assert replay(model, tmp_path / f"r.{suffix}", out, "numpy").events == 2
        outputs.append(out.read_text())
    assert outputs[0] == outputs[1]


def test_a_bad_row_leaves_the_output_as_it_was(tmp_path: Path) -> None:
    model, events, out = (tmp_path / name for name in ("m.safetensors", "e.csv", "o.csv"))
    model.write_bytes(model_bytes())
    events.write_text("t_us,a,b,c\n0,1,2,3\n1,1,2\n")
    out.write_text("before")
    with pytest.raises(RivuletError, match="line 3: 3 cells"):
        replay(model, events, out, "numpy")
    assert out.read_text() == "before"

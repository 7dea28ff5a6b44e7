"""Recordings: the two files that keep one, as CSV and as Parquet, and `rivulet show`."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from host_tools import commands
from host_tools.data.events import channels_of, read
from host_tools.data.recording import (
    Description,
    Recording,
    read_recording,
    write_recording,
)
from host_tools.errors import RivuletError


def _recording() -> Recording:
    return Recording(
        ["a", "b"],
        np.array([0, 10, 2_000_000], np.int64),
        np.array([[0.1, np.nan], [np.nan, -2], [3, 4e-9]]),
        ["idle", "", "a,b"],
        ["p1"] * 3,
        Description({"a": "m/s²", "b": ""}, "log.csv", "2026-03-01T07:00:00Z", "rpi_pico", None),
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_recording_comes_back_as_it_was_written(tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"r.{suffix}"
    write_recording(path, _recording())
    found, wanted = read_recording(path), _recording()
    np.testing.assert_equal(found.values, wanted.values)
    assert found.t_us.tolist() == wanted.t_us.tolist()
    assert (found.channels, found.labels, found.groups) == (
        wanted.channels,
        wanted.labels,
        wanted.groups,
    )
    assert found.description == wanted.description
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["board"] == "rpi_pico"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_labels_and_groups_are_no_channels(tmp_path: Path, suffix: str) -> None:
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"r.{suffix}"
    write_recording(path, _recording())
    assert channels_of(path) == ["a", "b"]
    events = list(read(path, ["b", "a"], complete=True))
    np.testing.assert_equal([event.values for event in events][0], [np.nan, 0.1])
    assert [(event.line, event.label) for event in events] == [(2, "idle"), (3, ""), (4, "a,b")]
    with pytest.raises(RivuletError, match="missing: c; unknown: b"):
        list(read(path, ["a", "c"], complete=True))


def test_a_channel_called_label_is_one(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("t_us,label\n0,3\n")
    assert next(read(path, ["label"])).values == [3.0]


def test_a_foreign_file_is_sent_to_import(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("time,a\n0,3\n")
    with pytest.raises(RivuletError, match="'rivulet import' makes a recording of other files"):
        read_recording(path)


def test_without_pyarrow_parquet_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(RivuletError, match=r"pip install 'rivulet\[data\]'"):
        write_recording(tmp_path / "r.parquet", _recording())
    assert not (tmp_path / "r.parquet").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "holds no JSON object"),
        ('{"units": ["g"]}', "'units' must hold a text for each channel"),
        ('{"board": 3}', "'board' must be a text or null"),
    ],
)
def test_a_wrong_description_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "r.csv").write_text("t_us,a\n0,3\n")
    (tmp_path / "r.json").write_text(text)
    with pytest.raises(RivuletError, match=said):
        read_recording(tmp_path / "r.csv")


def _show(*arguments: object) -> str:
    done = CliRunner().invoke(commands.assemble(), ["show", *map(str, arguments)])
    if done.exception is not None:
        raise done.exception
    return done.output


def test_show_says_what_a_recording_holds(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    times = [*range(0, 500_000, 10_000), 2_000_000]
    path.write_text(
        "t_us,a,b,label\n" + "".join(f"{t},{t / 1e6},{'' if t else 1},x\n" for t in times)
    )
    (tmp_path / "r.json").write_text('{"units": {"a": "g"}, "source": "log.csv"}')
    lines = [line.split() for line in _show(path).splitlines()]
    assert ["source:", "log.csv"] in lines
    assert ["a", "g", "51", "25.5", "Hz", "0", "2", "0", "%"] in lines
    assert ["classes:", "x", "51", "(100", "%)"] in lines
    text = _show(path)
    assert "51 events, 2 s" in text
    assert "intervals: median 10 ms" in text
    assert "gaps: 1: 1.51 s after 0.49 s" in text


def test_show_draws_a_page(tmp_path: Path) -> None:
    path, page = tmp_path / "r.csv", tmp_path / "r.html"
    rows = (f"{n * 1000},{n % 7},{'<on>' if n % 50 < 20 else 'off'}\n" for n in range(9000))
    path.write_text("t_us,a,label\n" + "".join(rows))
    _show(path, "-o", page)
    text = page.read_text("utf-8")
    assert "&lt;on&gt;" in text and "<on>" not in text
    charts = text.split("<svg")[1:]
    assert len(charts) == 3  # the channel, the intervals, the labels
    for chart in charts:
        ElementTree.fromstring("<svg" + chart.partition("</svg>")[0] + "</svg>")
    # Thinned: 9000 points are more than a screen has.
    assert len(text) < 300_000


def test_show_draws_what_has_little_to_draw(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("t_us,a,b\n5,1,\n")
    _show(path, "-o", tmp_path / "r.html")
    described = tmp_path / "r.json"
    described.write_text('{"units": {"a": "g"}}')
    (tmp_path / "link.html").symlink_to(described)
    for out in (path, described, tmp_path / "link.html"):
        before = out.read_bytes()
        with pytest.raises(RivuletError, match="the command needs that file as"):
            _show(path, "-o", out)
        assert out.read_bytes() == before
    assert path.read_text() == "t_us,a,b\n5,1,\n"

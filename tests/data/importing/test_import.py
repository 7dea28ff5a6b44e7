"""What import decides, reports and writes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from host_tools import commands
from host_tools.data.importing.options import Options, read_channels
from host_tools.data.importing.run import run
from host_tools.errors import RivuletError
from host_tools.paths import DOCS
from tests.data.importing.files import Imports

_LABELLED = "time_s,a,state\n0,1,1.0\n1,2,2\n2,3,\n3,4,2\n"


def test_labels_are_named_and_counted(imports: Imports) -> None:
    recording = imports.text(_LABELLED, label="state", classes={"1": "idle", "2": "run"})
    assert recording.labels == ["idle", "run", "", "run"]
    assert "classes: run 2 (66.7 %), idle 1 (33.3 %); 1 events without a label" in imports.report
    with pytest.raises(RivuletError, match="label '2' is not in --classes"):
        imports.text(_LABELLED, label="state", classes={"1": "idle"})
    with pytest.raises(
        RivuletError, match="--label: there is no column 'x'; there are: time_s, a"
    ):
        imports.text(_LABELLED, label="x")


def test_a_column_that_may_be_the_class_is_asked_for(imports: Imports) -> None:
    with pytest.raises(RivuletError, match="'state' may be the class or a channel: say --label"):
        imports.text(_LABELLED)
    assert imports.text(_LABELLED, drop=("state",)).channels == ["a"]
    kept = imports.text(_LABELLED, channels=read_channels(["state=valve"]))
    assert kept.channels == ["a", "valve"]
    assert "state   channel valve, no unit" in imports.report


def test_groups_are_recordings_of_their_own(imports: Imports) -> None:
    text = "who,time_s,a\np1,0,1\np2,0,2\np1,1,3\np2,1,4\n"
    with pytest.raises(RivuletError, match="say --label 'who' if .*--group 'who' if groups"):
        imports.text(text)
    first, second = imports(imports.file("log.csv", text), group="who")
    assert first.groups == ["p1", "p1"]
    assert second.values.tolist() == [[2], [4]]
    assert sorted(path.name for path in imports.out.glob("*.csv")) == [
        "log-p1.csv",
        "log-p2.csv",
    ]


def test_channels_are_renamed_and_given_units(imports: Imports) -> None:
    channels = read_channels(["acc_x [m/s^2]=accel_x", "b=gyro [rad/s]"])
    recording = imports.text("time_s,acc_x,b,c (V)\n0,1,2,3\n", channels=channels)
    assert recording.description.units == {"accel_x": "m/s^2", "gyro": "rad/s", "c": "V"}


def test_gaps_begin_recordings(imports: Imports) -> None:
    path = imports.file("log.csv", "time_s,a\n0,1\n1,2\n4000,3\n4100,4\n")
    assert [list(each.t_us) for each in imports(path)] == [[0, 1_000_000], [0, 100_000_000]]
    assert "line 4: gap of 3999 s, a new recording" in imports.report
    assert (imports.out / "log-2.csv").exists()
    assert len(imports(path, gap_us=50_000_000)) == 3
    (whole,) = imports(path, gap_us=0)
    assert whole.t_us[-1] == 4_100_000_000
    assert "log-2.csv: from an earlier import of the same file: remove it?" in imports.report


def test_rows_out_of_order_are_sorted_only_on_request(imports: Imports) -> None:
    text = "time_s,a\n0,1\n2,2\n1,3\n1,3\n3,4\n"
    assert imports.text(text).values[:, 0].tolist() == [1, 2, 3, 3, 4]
    assert "out of order: 2 rows go back in time" in imports.report
    assert "line 4 by 1 s; --sort sorts them" in imports.report
    assert "equal times: 1 rows have the time of the row before, 1 of them" in imports.report
    assert imports.text(text, sort=True).values[:, 0].tolist() == [1, 3, 3, 2, 4]
    assert "out of order: 2 rows, now sorted" in imports.report


def test_channels_are_reported_with_rate_range_and_missing_share(imports: Imports) -> None:
    imports.text("time_s,a [g],b\n0,1,5\n1,2,\n2,4,\n3,3,7\n4,-1,\n")
    rows = [line.split() for line in imports.report.splitlines()]
    assert ["a", "g", "5", "1.25", "Hz", "-1", "4", "0", "%"] in rows
    assert ["b", "2", "0.5", "Hz", "5", "7", "60", "%"] in rows


def test_another_file_is_never_replaced(imports: Imports) -> None:
    imports.text("time_s,a\n0,1\n")
    imports.text("time_s,a\n0,2\n")  # the same source again
    other = imports.file("other/log.csv", "time_s,a\n0,3\n")
    with pytest.raises(RivuletError, match="log.csv exists and is no earlier import"):
        imports(other)
    with pytest.raises(RivuletError, match="log.csv exists and is no earlier import"):
        imports(imports.out / "log.csv")
    assert (imports.out / "log.csv").read_text() == "t_us,a\n0,2\n"


def test_a_recording_is_imported_as_it_is(imports: Imports) -> None:
    text = "t_us,a,label,group\n0,1.5,idle,p1\n7,2.5,,p1\n"
    imports.text(text)
    assert (imports.out / "log.csv").read_text() == text


def test_nothing_is_written_if_one_file_fails(imports: Imports) -> None:
    good = imports.file("good.csv", "time_s,a\n0,1\n")
    bad = imports.file("bad.csv", "time_s,a\n0,x\n")
    with pytest.raises(RivuletError):
        imports(good, bad)
    assert not imports.out.exists()


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("Zeit;a [g];state\n0;0,5;1\n20;0,75;2\n")
    command = ["import", "log.csv", "--unit", "ms", "--label", "state", "--classes", "1=on,2=off"]
    done = CliRunner().invoke(commands.assemble(), command)
    assert done.exit_code == 0, done.output
    assert Path("recordings/log.csv").read_text() == "t_us,a,label\n0,0.5,on\n20000,0.75,off\n"
    for line in (
        "log.csv: columns separated by ';', UTF-8",
        "  Zeit   time, in ms",
        "  a [g]  channel a in g",
        "  state  label",
        "rows: 2 kept, 0 left out",
        "recordings/log.csv: 2 events, 20 ms",
    ):
        assert line in done.output.splitlines()


def test_the_page_shows_a_real_report(imports: Imports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(imports.folder)
    imports.file(
        "log.csv",
        "\ufeffZeit;acc_x [m/s²];acc_y [m/s²];state\n"
        "2026-03-01T08:00:00,1+01:00;1,5;0,2;idle\n"
        "2026-03-01T08:00:00,2+01:00;1,6;;idle\n"
        "2026-03-01T08:00:00,2+01:00;ERR;0,3;run\n"
        "2026-03-01T11:00:00,3+01:00;1,7;0,4;run\n"
        "2026-03-01T11:00:00,5+01:00;1,7;NaN;run\n",
    )
    done = CliRunner().invoke(commands.assemble(), ["import", "log.csv", "--label", "state"])
    assert done.exit_code == 0
    page = (DOCS / "recordings.md").read_text("utf-8")
    assert f"```\n{done.output}```" in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--classes", "1"], "--classes: '1' is not LABEL=NAME"),
        (["--classes", "1=a,1=b"], "'1' stands twice"),
        (["--channel", "a"], "--channel: 'a' is not COLUMN=NAME"),
        (["--channel", "a=t_us"], "'t_us' is no name for a channel"),
        (["--columns", "a,,b"], "--columns: a name is empty"),
        (["--group-from-name", "("], "--group-from-name: '(' is no regular expression"),
        (["--group-from-name", "x9"], "--group-from-name does not match 'log'"),
        (["--delimiter", "ab"], "--delimiter: 'ab' is no delimiter"),
        (["--gap", "-1"], "--gap: a number of seconds"),
        (["--time", "x"], "--time: there is no column 'x'"),
    ],
)
def test_options_are_checked(imports: Imports, options: list[str], said: str) -> None:
    path = imports.file("log.csv", "time_s,a\n0,1\n")
    command = ["import", str(path), "--out", str(imports.out), *options]
    done = CliRunner().invoke(commands.assemble(), command)
    assert isinstance(done.exception, RivuletError)
    assert said in str(done.exception)


_CELLS = st.sampled_from(
    ["", "0", "1,5", "1.5", "nan", "x", '"', "2026-03-01", "12:30", "1e400", "-1", "time_s", "٣"]
    + ["1700000000000", "\0", "\ud800", "3/4/2026", "label", "t_us", "=1+1", "9" * 400]
)
_LINES = st.lists(st.lists(_CELLS, max_size=4), max_size=6)
_TEXTS = st.builds(
    lambda head, rows, mark, end: end.join([head, *(mark.join(row) for row in rows)]).encode(
        "utf-8", "surrogatepass"
    ),
    st.sampled_from(["time_s,a", "t_us,a,label", "time;a;b", "timestamp\ta", ""]),
    _LINES,
    st.sampled_from(",;\t| "),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
_MAGIC = st.sampled_from([b"PK\x03\x04", b"PAR1", b"ULog\x01\x12\x35\x01", b"\xff\xfe", b'{"'])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.one_of(_TEXTS, st.binary(max_size=200), st.builds(bytes.__add__, _MAGIC, st.binary())))
@example(b'{"payload":{"interval_ms":1e400,"sensors":[],"values":[]}}')
@example(b"time_s,a\n" + b"[" * 100_000)
@example(b'{"a":' * 100_000)
def test_any_bytes_give_recordings_or_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    try:
        outcome = run([path], Options(), tmp_path / "out", ".csv")
    except RivuletError as error:
        assert "\n" not in str(error)
    else:
        assert outcome.recordings

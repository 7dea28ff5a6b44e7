"""The reader of EVENTS.csv: rows as they come, and a line number in every refusal."""

import math
from pathlib import Path

import numpy as np
import pytest

from host_tools.choices import Late
from host_tools.data.event_table import read_table
from host_tools.data.events import Event, read
from host_tools.errors import RivuletError

_CHANNELS = ["a", "b", "c"]


def _file(folder: Path, text: str) -> Path:
    path = folder / "events.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_values_come_in_order_of_the_channels(tmp_path: Path) -> None:
    path = _file(tmp_path, 't_us,c,a\r\n-5,1.5,\r\n\r\n4,"2", \r\n7,,3e-1\r\n')
    table = read_table(path, _CHANNELS)
    assert table.t_us.tolist() == [-5, 4, 7]
    assert table.gaps_us.tolist() == [0, 9, 3]
    nan = math.nan
    np.testing.assert_equal(table.values, [[nan, nan, 1.5], [nan, nan, 2], [0.3, nan, nan]])
    assert [event.line for event in read(path, _CHANNELS)] == [2, 4, 5]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    events = read(_file(tmp_path, "t_us,a\n0,1\n1,broken\n"), ["a"])
    assert next(events) == Event(2, 0, [1.0])
    with pytest.raises(RivuletError, match=r"events.csv, line 3: 'broken' is not a finite number"):
        next(events)


@pytest.mark.parametrize(
    "text",
    [
        "\ufefft_us,a\n0,1.5\n7,\n",  # a byte order mark
        "t_us,a\r0,1.5\r7,\r",
        't_us,"a"\n"0","1.5"\n7,""',
        "t_us, a\n 0 ,\t1.5\n\n  \n7, \n",
        "t_us,a\n0,+15e-1\n7," + " " * 200_000,
        't_us,a\n0,1.5\n7,"' + " " * 200_000 + '"\n',
    ],
)
def test_what_spreadsheets_and_loggers_write_is_read(tmp_path: Path, text: str) -> None:
    nan = math.nan
    found = list(read(_file(tmp_path, text), ["a"]))
    np.testing.assert_equal([event.values for event in found], [[1.5], [nan]])
    assert [event.t_us for event in found] == [0, 7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first column must be t_us"),
        ("time,a,b,c\n", "the first column must be t_us"),
        ("t_us,a,d,c\n0,1,1,1\n", "columns must be the rig's channels a, b, c; missing: b; unkno"),
        ("t_us,a,b,c\n", "holds no events"),
        ("t_us,a,b,c\n0,1,1,1\n\n1,1,1\n", "line 4: 3 cells, the header has 4"),
        ("t_us,a,b,c\n1e3,1,1,1\n", "line 2: t_us '1e3' is not a whole number"),
        ("t_us,a,b,c\n1_000,1,1,1\n", "line 2: t_us '1_000' is not a whole number"),
        ("t_us,a,b,c\n\u0661,1,1,1\n", "line 2: t_us '\u0661' is not a whole number"),
        ("t_us,a,b,c\n007,1,1,1\n", "line 2: t_us '007' is not a whole number in plain digits"),
        ("t_us,a,b,c\n0,1_0,1,1\n", "line 2: '1_0' is not a finite number"),
        ("t_us,a,b,c\n0,\u0661,1,1\n", "line 2: '\u0661' is not a finite number"),
        ("t_us,a,b,c\n0,1e39,1,1\n", "line 2: '1e39' is beyond float32"),
        ("t_us,a,b,c\n0,1\x1b[2J,1,1\n", r"line 2: '1\\x1b\[2J' is not a finite number"),
        ("t_us;a;b;c\n0;1;1;1\n", "line 1: ';' separate the columns; EVENTS.csv has commas"),
        ("t_us\ta\n", "line 1: tabs separate the columns"),
        (
            "t_us,a,b,c\n0,1,5,2,5,3,5\n",
            r"line 2: 7 cells, the header has 4 \(a decimal comma\?\)",
        ),
        ('t_us,a,b,c\n0,"1,5",1,1\n', r"line 2: '1,5' is not .* \(decimal comma: write a point\)"),
        ('t_us,a,b,c\n0,"1,1,1\n1,1,1,1\n', "line 2: a quote is not closed"),
        ('t_us,a,b,c\n0,"1\n",1,1\n', "line 2: a quote is not closed"),
        ('t_us,a,b,c\n0,"1"1,1,1\n', "line 2: a quote is not closed, or text follows"),
        ("t_us,a,b,a\n0,1,1,1\n", "line 1: two columns are called 'a'"),
        ("t_us,a,b,t_us\n0,1,1,1\n", "unknown: t_us"),
        ("t_us,a,b,c\n4611686018427387904,1,1,1\n", "line 2: t_us '4611"),
        ("t_us,a,b,c\n0,1,nan,1\n", r"line 2: 'nan' is not a finite number \(leave it empty\?\)"),
        ('t_us,a,b,c\n0,1,"1,5",1\n', "line 2: '1,5' is not a finite number"),
        ("t_us,a,b,c\n0,1,1,-inf\n", "line 2: '-inf' is not a finite number"),
        ("t_us,a,b,c\n0,1,1,1\n1,1,1," + "9" * 140_000, "line 3: '99999.*' is beyond float32"),
        ("t_us,a,b,c\n" + "9" * 140_000, "line 2: 1 cells, the header has 4"),
        ("t_us,a,b,c\n" + "9" * 5000 + ",,,", "line 2: t_us '99999.*' is beyond 2"),
        ("t_us,a,b,c\n" + "9" * (1 << 20), "line 2: longer than 1048576 characters"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RivuletError, match=said) as caught:
        list(read(_file(tmp_path, text), _CHANNELS, complete=True, whose="the rig's"))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(RivuletError, match=r"absent.csv: No such file or directory"):
        list(read(tmp_path / "absent.csv", _CHANNELS))
    (tmp_path / "binary").write_bytes(b"t_us,a\n\xff\xfe")
    with pytest.raises(RivuletError, match="binary, line 2: not UTF-8: save the file as text"):
        list(read(tmp_path / "binary", _CHANNELS))
    (tmp_path / "binary").write_bytes("t_us,a\n0,1\n".encode("utf-16"))
    with pytest.raises(RivuletError, match="binary, line 1: UTF-16: save the file as text"):
        list(read(tmp_path / "binary", _CHANNELS))


def test_time_that_goes_back_is_told_with_its_first_line(tmp_path: Path) -> None:
    path = _file(tmp_path, "t_us,a\n10,1\n30,2\n20,3\n30,4\n5,5\n40,6\n")
    assert [event.back_from for event in read(path, ["a"])] == [None, None, 30, None, 30, None]
    with pytest.raises(RivuletError, match="line 4: t_us goes back from 30 to 20; sort .*--late"):
        read_table(path, ["a"])
    kept = read_table(path, ["a"], Late.drop)
    assert kept.t_us.tolist() == [10, 30, 30, 40] and kept.late == 2
    assert kept.values[:, 0].tolist() == [1, 2, 4, 6]
    assert kept.dropped.startswith("2 late events dropped; the first: ")


@pytest.mark.parametrize("bits", [30, 32])
def test_a_counter_that_wrapped_is_named(tmp_path: Path, bits: int) -> None:
    path = _file(tmp_path, f"t_us,a\n{(1 << bits) - 9},1\n{5},2\n")
    with pytest.raises(RivuletError, match=rf"line 3: .* counter that wrapped at 2\^{bits}\?"):
        read_table(path, ["a"])

"""The reader of EVENTS.csv: rows as they come, and a line number in every refusal."""

import math
from pathlib import Path

import numpy as np
import pytest

from host_tools.data.event_table import read_table
from host_tools.data.events import Event, read
from host_tools.errors import RivuletError

_CHANNELS = ["a", "b", "c"]


def _file(folder: Path, text: str) -> Path:
    path = folder / "events.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_values_come_in_order_of_the_channels(tmp_path: Path) -> None:
    path = _file(tmp_path, 't_us,c,a\r\n-5,1.5,\r\n\r\n7,"2", \r\n4,,3e-1\r\n')
    table = read_table(path, _CHANNELS)
    assert table.t_us.tolist() == [-5, 7, 4]
    assert table.gaps_us.tolist() == [0, 12, 0]
    nan = math.nan
    np.testing.assert_equal(table.values, [[nan, nan, 1.5], [nan, nan, 2], [0.3, nan, nan]])
    assert [event.line for event in read(path, _CHANNELS)] == [2, 4, 5]


def test_rows_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    events = read(_file(tmp_path, "t_us,a\n0,1\n1,broken\n"), ["a"])
    assert next(events) == Event(2, 0, [1.0])
    with pytest.raises(RivuletError, match=r"events.csv, line 3: 'broken' is not a finite number"):
        next(events)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first column must be t_us"),
        ("time,a,b,c\n", "the first column must be t_us"),
        ("t_us,a,d,c\n0,1,1,1\n", "columns must be the rig's channels a, b, c; missing: b; unkno"),
        ("t_us,a,b,c\n", "holds no events"),
        ("t_us,a,b,c\n0,1,1,1\n\n1,1,1\n", "line 4: 3 cells, the header has 4"),
        ('t_us,a,b,c\n0,1,"\n",1\n1,1,1\n', "line 4: 3 cells"),
        ("t_us,a,b,c\n1e3,1,1,1\n", "line 2: t_us '1e3' is not a whole number"),
        ("t_us,a,b,c\n4611686018427387904,1,1,1\n", "line 2: t_us '4611"),
        ("t_us,a,b,c\n0,1,nan,1\n", r"line 2: 'nan' is not a finite number \(leave it empty\?\)"),
        ('t_us,a,b,c\n0,1,"1,5",1\n', "line 2: '1,5' is not a finite number"),
        ("t_us,a,b,c\n0,1,1,-inf\n", "line 2: '-inf' is not a finite number"),
        ("t_us,a,b,c\n0,1,1,1\n1,1,1," + "9" * 140_000, "after line 2: field larger than"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RivuletError, match=said) as caught:
        list(read(_file(tmp_path, text), _CHANNELS, complete=True, whose="the rig's"))
    assert "\n" not in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(RivuletError, match=r"absent.csv: No such file or directory"):
        list(read(tmp_path / "absent.csv", _CHANNELS))
    (tmp_path / "binary").write_bytes(b"t_us,a\n\xff\xfe")
    with pytest.raises(RivuletError, match="binary: not a text file"):
        list(read(tmp_path / "binary", _CHANNELS))

"""Text files of every kind: the numbers arrive, and an open question names its option."""

import numpy as np
import pytest

from host_tools.choices import Decimals
from host_tools.errors import RivuletError
from tests.data.importing.files import Imports

_WANTED = [[1.5, -0.25], [np.nan, 3.0]]
_CSV = "time_ms,a,b\n0,1.5,-0.25\n10,,3\n"


@pytest.mark.parametrize(
    "content",
    [
        _CSV,
        _CSV.replace("\n", "\r\n"),
        _CSV.replace("\n", "\r"),
        _CSV.rstrip(),
        "\ufeff" + _CSV,
        _CSV.encode("utf-16"),
        _CSV.replace(",", "\t"),
        _CSV.replace(",", "|"),
        _CSV.replace(",", ";"),
        _CSV.replace(",", ";").replace(".", ","),
        "sep=;\r\n" + _CSV.replace(",", ";"),
        '"time_ms","a","b"\n"0","1,5","-0,25"\n"10","","3"\n',
        "time_ms a    b\n0    1.5  -0.25\n10   nan  3\n",
        "# logger 3\n% more\n// and more\n" + _CSV,
        "Logger 3\nSerial,17\n\n" + _CSV,
        "time,a,b\nms,g,g\n0,1.5,-0.25\n10,,3\n",
        "time [ms],a,b,\n0,1.5,-0.25,\n10,NaN,3,\n",
        "time_ms,a,b\n0,1.5,-0.25\n10,N/A,3\n",
        ",time_ms,a,b\n0,0,1.5,-0.25\n1,10,,3\n",
        "t_us,a,b\n0,1.5,-0.25\n10000,,3\n",
    ],
)
def test_a_table_of_any_layout_gives_the_same_events(
    imports: Imports, content: str | bytes
) -> None:
    recording = imports.text(content)
    assert recording.channels == ["a", "b"]
    assert recording.t_us.tolist() == [0, 10_000]
    np.testing.assert_equal(recording.values, _WANTED)


def test_a_file_without_utf_8_is_read_and_the_encoding_told(imports: Imports) -> None:
    recording = imports.text("time_ms,Größe [µm]\n0,1\n".encode("cp1252"))
    assert recording.channels == ["Grosse"]
    assert recording.description.units == {"Grosse": "µm"}
    assert "Windows-1252" in imports.report


def test_thousands_are_told_from_decimals(imports: Imports) -> None:
    german = imports.text("time_ms;a\n0;1.234,5\n1;2.000\n")
    assert german.values[:, 0].tolist() == [1234.5, 2000.0]
    english = imports.text('time_ms,a\n0,"1,234.5"\n1,"2,000"\n')
    assert english.values[:, 0].tolist() == [1234.5, 2000.0]


def test_a_comma_that_may_be_either_is_asked_for(imports: Imports) -> None:
    text = "time_ms;a\n0;1,234\n1;2,500\n"
    with pytest.raises(RivuletError, match="say --decimal comma or --decimal point"):
        imports.text(text)
    assert imports.text(text, decimal=Decimals.comma).values[:, 0].tolist() == [1.234, 2.5]
    assert imports.text(text, decimal=Decimals.point).values[:, 0].tolist() == [1234, 2500]


def test_two_possible_delimiters_are_asked_for(imports: Imports) -> None:
    text = "time_ms,x;a,b\n" + "".join(f"{n},{n};{n},{n}\n" for n in range(4))
    with pytest.raises(RivuletError, match="','.*or.*';'.*say --delimiter"):
        imports.text(text)
    with pytest.raises(RivuletError, match="which column holds the time|no header|no table"):
        imports.text(text, delimiter=";")


def test_a_file_without_a_header_is_asked_for_names(imports: Imports) -> None:
    text = "0;1,5;2\n10;2,5;3\n"
    with pytest.raises(
        RivuletError, match="log.csv: no header above its [0-9 or]* columns: .* --columns"
    ):
        imports.text(text)
    recording = imports.text(text, columns=("time [ms]", "a [g]", "b"))
    assert recording.channels == ["a", "b"]
    assert recording.description.units == {"a": "g", "b": ""}
    assert recording.values.tolist() == [[1.5, 2], [2.5, 3]]
    with pytest.raises(RivuletError, match="gives the 4 columns"):
        imports.text(text, columns=("time [ms]", "a", "b", "c"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("time_ms,a\n", "holds no rows"),
        ("table\n", "no table"),
        (b"\x00\x01\x02" * 50, "not a text file"),
        (b"\xff\xfea", "begins as UTF-16, but is not"),
        ('time_ms,a\n0,"1\n1,2\n2,3\n', "line 2: a quote is not closed"),
        ("time_ms,a,a\n0,1,2\n", "line 1: two columns are called 'a'"),
        ("time_ms,a,\n0,1,2\n", "cells, not 2"),
        ("time_ms,t_us2,label\n0,1,2\n", "may be the class or a channel"),
        ("time_ms,y0\n0,1\n", "no channel may be called 'y0': say --channel 'y0=NAME'"),
        ("time_ms,a b,a_b\n0,1,2\n", "would both be the channel a_b"),
        ("a,b\n0,1\n", "which column holds the time. Say --time COLUMN; there are: a, b"),
        ("time_ms,a\nx,1\n", "holds no times"),
        ("time_ms,a\n0,x\n1,y\n", "no column is a channel"),
        ("time_ms,a,b\n0,1,x\n1,2,y\n", "column 'b' holds text .x, y.: say --label 'b' if"),
    ],
)
def test_what_is_wrong_or_open_is_one_line(
    imports: Imports, content: str | bytes, said: str
) -> None:
    with pytest.raises(RivuletError, match=said) as raised:
        imports.text(content)
    assert "\n" not in str(raised.value)
    assert not imports.out.exists()


def test_rows_that_cannot_be_used_are_left_out_with_their_lines(imports: Imports) -> None:
    rows = ["0,1,1", "1,2", "x,3,3", ",4,4", "4,ERR,5", "5,,", "6,1e99,7", "7,8,8"]
    recording = imports.text("time_s,a,b\n" + "\n".join(rows) + "\n")
    assert recording.t_us.tolist() == [0, 7_000_000]
    for line in (
        "rows: 2 kept, 6 left out",
        "line 3: 2 cells, not 3",
        "line 4: 'x' is no time",
        "line 5: it has no time",
        "line 6: 'ERR' in a is no number",
        "line 7: no channel has a value",
        "line 8: '1e99' in a is beyond float32",
    ):
        assert line in imports.report


def test_values_keep_their_digits(imports: Imports) -> None:
    imports.text("time_us,a\n0,0.1\n1,-123456.789\n2,1e-07\n3,16777217\n")
    text = (imports.out / "log.csv").read_text()
    assert text == "t_us,a\n0,0.1\n1,-123456.789\n2,1e-07\n3,16777217\n"

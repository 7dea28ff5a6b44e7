"""Times of every kind become exact microseconds; a unit that is open is asked for."""

import pytest

from host_tools.choices import TimeUnit
from host_tools.errors import RivuletError
from tests.data.importing.files import Imports


def _import(imports: Imports, name: str, times: list[str], **options: object) -> list[int]:
    rows = "".join(f"{time};{n}\n" for n, time in enumerate(times, start=1))
    return imports.text(f"{name};a\n{rows}", **options).t_us.tolist()


@pytest.mark.parametrize(
    ("name", "times", "wanted"),
    [
        ("time_s", ["0", "0.1", "0.2000005", "1e0"], [0, 100_000, 200_001, 1_000_000]),
        ("t [ms]", ["5", "5.5", "6.0014"], [0, 500, 1001]),
        ("Time (µs)", ["7", "8"], [0, 1]),
        ("timestamp_ns", ["1000", "2499", "2500"], [0, 1, 2]),
        ("seconds_elapsed", ["0.30000000000000004", "0.4"], [0, 100_000]),
        ("time", ["1700000000", "1700000001"], [0, 1_000_000]),
        ("time", ["1700000000.1", "1700000000.25"], [0, 150_000]),
        ("time", ["1700000000000", "1700000000010"], [0, 10_000]),
        ("time", ["1700000000000000", "1700000000000001"], [0, 1]),
        ("time", ["1700000000000000000", "1700000000000001500"], [0, 2]),
        ("when", ["2026-03-01T08:00:00.000001Z", "2026-03-01 08:00:01Z"], [0, 999_999]),
        ("when", ["2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"], [0, 1_000_000]),
        ("when", ["20260301T080000Z", "20260301T080000.5Z"], [0, 500_000]),
        ("when", ["2026/3/1 8:00", "2026/3/1 8:01"], [0, 60_000_000]),
        ("Datum", ["01.03.2026 08:00:00,5", "01.03.2026 08:00:01"], [0, 500_000]),
        ("when", ["3/14/2026 11:59:59 PM", "3/15/2026 12:00:00 AM"], [0, 1_000_000]),
        ("time", ["23:59:59.5", "00:00:00.5"], [0, 1_000_000]),
    ],
)
def test_times_are_exact(imports: Imports, name: str, times: list[str], wanted: list[int]) -> None:
    assert _import(imports, name, times) == wanted


def test_time_zero_is_known_in_utc_where_the_file_says(imports: Imports) -> None:
    zero = imports.text("when,a\n2026-03-01T08:00:00.25+01:00,1\n").description.time_zero_utc
    assert zero == "2026-03-01T07:00:00.250000Z"
    zero = imports.text("time,a\n1700000000123,1\n").description.time_zero_utc
    assert zero == "2023-11-14T22:13:20.123000Z"
    assert imports.text("when,a\n2026-03-01T08:00:00,1\n").description.time_zero_utc is None
    assert "dates without zone" in imports.report
    assert imports.text("time_s,a\n5,1\n").description.time_zero_utc is None


@pytest.mark.parametrize(
    ("name", "times", "said"),
    [
        ("time", ["0", "10", "20"], r"--unit s \(median step 10 s\), --unit ms \(.* 10 ms\)"),
        ("time", ["0", "0.5"], "in which unit: --unit s"),
        # As likely a counter of microseconds as hours since 1970.
        ("time", ["1700000000", "1700010000"], "in which unit"),
        ("when", ["3/4/2026 8:00", "3/5/2026 8:00"], "say --unit dmy or --unit mdy"),
        ("when", ["2026-03-01T08:00:00", "2026-03-01T08:00:00Z"], "some have none"),
    ],
)
def test_an_open_unit_is_asked_for(
    imports: Imports, name: str, times: list[str], said: str
) -> None:
    with pytest.raises(RivuletError, match=said):
        _import(imports, name, times)


def test_the_unit_decides(imports: Imports) -> None:
    assert _import(imports, "time", ["0", "10"], unit=TimeUnit.ms) == [0, 10_000]
    assert _import(imports, "time", ["0", "10"], unit=TimeUnit.ns) == [0, 0]
    times = ["3/4/2026", "4/4/2026"]
    assert _import(imports, "when", times, unit=TimeUnit.dmy, gap_us=0) == [0, 86_400_000_000]
    with pytest.raises(RivuletError, match="holds no dates"):
        _import(imports, "time", ["0", "10"], unit=TimeUnit.iso)
    with pytest.raises(RivuletError, match="say --unit iso"):
        _import(imports, "when", ["2026-03-01"], unit=TimeUnit.s)


def test_columns_that_say_the_same_time_are_one(imports: Imports) -> None:
    text = "time,seconds_elapsed,x\n1700000000000000000,0.5,1\n1700000000010000100,0.51,2\n"
    recording = imports.text(text)
    assert recording.channels == ["x"]
    assert recording.t_us.tolist() == [0, 10_000]
    assert "seconds_elapsed  left out: says the same as 'time'" in imports.report


def test_columns_of_different_times_are_asked_for(imports: Imports) -> None:
    text = "time_ms,timestamp_ms,x\n0,0,1\n10,20,2\n20,70,2\n"
    with pytest.raises(RivuletError, match="Say --time 'time_ms' or --time 'timestamp_ms'"):
        imports.text(text)
    recording = imports.text(text, time="timestamp_ms")
    assert recording.channels == ["time_ms", "x"]
    assert recording.t_us.tolist() == [0, 20_000, 70_000]


def test_a_date_and_a_time_of_day_are_one_time(imports: Imports) -> None:
    text = "Datum;Uhrzeit;a\n01.03.2026;23:59:59;1\n02.03.2026;00:00:01;2\n"
    assert imports.text(text).t_us.tolist() == [0, 2_000_000]


def test_a_wrapped_counter_is_continued_and_told(imports: Imports) -> None:
    for bits, name, unit_us in ((32, "millis_ms", 1000), (30, "t_us", 1), (16, "t_ms", 1000)):
        end = 1 << bits
        times = [str(time) for time in (end - 20, end - 10, 0, 10)]
        assert _import(imports, name, times) == [n * 10 * unit_us for n in range(4)]
        assert "line 4: the counter wrapped after" in imports.report
    # A signed one.
    times = [str((1 << 31) - 5), str(-(1 << 31) + 5)]
    assert _import(imports, "t_us", times) == [0, 10]


def test_a_log_that_began_anew_is_no_wrapped_counter(imports: Imports) -> None:
    text = "time_s;a\n5000;1\n5001;2\n0;3\n1;4\n"
    first, second = imports(imports.file("log.csv", text))
    assert first.t_us.tolist() == second.t_us.tolist() == [0, 1_000_000]
    assert "line 4: the time goes back by 5001 s, a new recording" in imports.report

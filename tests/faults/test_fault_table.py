"""Every fault in its short form, and the table that they make."""

import io
from dataclasses import asdict
from pathlib import Path

import pytest
from rich.console import Console

from host_tools.errors import RivuletError
from host_tools.faults import Row, _table


@pytest.mark.parametrize("name", _table.names())
def test_nothing_that_was_promised_is_broken(name: str, micropython: Path) -> None:
    rows = _table.run_fault(name, short=True, seed=0, interpreter=micropython)
    assert rows
    for row in rows:
        assert row.times > 0 and not row.broken, row


def test_a_fault_that_cannot_be_injected_is_a_bad_row(tmp_path: Path) -> None:
    (row,) = _table.run_fault("ring", short=True, seed=0, interpreter=tmp_path / "none")
    assert "No such file" in row.broken[0]


def test_bad_rows_are_shown() -> None:
    rows = [Row("a", 1000, "p", "s", ["first", "second"]), Row("b", 2, "p", "s")]
    report = {
        "machine": "m",
        "short": False,
        "seed": 0,
        "seconds": 1.0,
        "bad": 1,
        "faults": {"ring": {"seconds": 1.0, "rows": [asdict(row) for row in rows]}},
    }
    console = Console(width=120, file=io.StringIO())
    console.print(_table.fault_table(report))
    text = console.file.getvalue()
    assert "BAD" in text and "first (and 1 more)" in text and "good" in text and "1,000" in text


def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(RivuletError, match="no fault 'lightning': there are .*ring"):
        _table.run_faults("lightning", True, 0, print)

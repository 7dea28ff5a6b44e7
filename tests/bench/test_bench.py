"""`rivulet bench`: its page, what the README quotes of it, and the reference in C."""

import json
import shutil
import xml.etree.ElementTree as ElementTree
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kernel_cases import Integers, cases, events

from host_tools.bench import interrupts, reference, run, write_report
from host_tools.bench import report as bench_report
from host_tools.bench.report import QUOTED_PAGE, README, figures_in
from host_tools.errors import RivuletError
from rivulet.integers import decay, layout

_WORDS, _WEIGHTS, _INPUT_MAP = 0x20000000, 0x30000000, 0x40000000


def edges(**changes: Any) -> dict[str, Any]:
    made = {"edges": 900, "rate": 1500, "dropped": 0, "heap_bytes": 0}
    return made | {"median_us": 14, "p99_us": 21, "worst_us": 33} | changes


def report(**changes: Any) -> dict[str, Any]:
    row = {"p99_us": 8000, "heap_bytes": 4816, "events_per_s": 120}
    made = {
        **{"machine": "a <board>", "micropython": "1.28.0", "ulab": "6.12.0", "where": "here"},
        **{"kernel": "thumb", "units": 32, "inputs": 4, "load_ms": 123.4},
        "cells": [],
        "rows": [
            {"what": "the cell written plainly in ulab", "median_us": 7500, "ratio": 1.0, **row},
            {"what": "in integers, Thumb assembler", "median_us": 178, "ratio": 42.1, **row},
        ],
        "growth": {
            "points": [[8, 60], [16, 90], [32, 178], [64, 450]],
            "fit": [0.07, 1.9, 44.0],
            "missing": [[256, "no room"], [192, "no room for 75264 bytes"]],
            "free": 150000,
        },
        "call_us": 34,
        "c": {"assembler_us": 178, "c_us": 356},
        "edges": edges(),
    }
    return made | changes


def test_the_readme_quotes_the_written_page() -> None:
    """All of it: the table, and the sentences behind it."""
    quoted = figures_in(QUOTED_PAGE.read_text())
    assert "| path |" in quoted and "- Interrupts: " in quoted
    readme = README.read_text()
    assert quoted in readme[readme.index("## Figures") :]


def test_writing_that_page_rewrites_the_readme(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(README, tmp_path / "README.md")
    monkeypatch.setattr(bench_report, "README", tmp_path / "README.md")
    monkeypatch.setattr(bench_report, "QUOTED_PAGE", tmp_path / "docs" / "quoted.md")
    write_report(report(), tmp_path / "docs" / "another")
    assert (tmp_path / "README.md").read_text() == README.read_text()
    page = write_report(report(), tmp_path / "docs" / "quoted")
    readme = (tmp_path / "README.md").read_text()
    old, new = figures_in(README.read_text()), figures_in(page.read_text())
    assert new and readme == README.read_text().replace(old, new)


def test_a_page_and_its_picture(tmp_path: Path) -> None:
    page = write_report(report(), tmp_path / "docs" / "one").read_text()
    for text in (
        "| in integers, Thumb assembler | 178 | 8000 | 4816 | 42.1 |",
        "| interrupt latency, edge to timestamp | 14 | 21 | 0 |  |",
        "0.07 n² + 1.9 n + 44 µs, fitted over 8 to 64 units. 192 units do not fit with "
        "150000 bytes free: no room for 75264 bytes.",
        "MicroPython's own: 34 µs of each time",
        "0.50 times as long",
        "Of 900 events from hard interrupts at 1500 a second, with telemetry at 20 Hz, none was",
        "p99 21 µs, maximum 33 µs over 900 edges",
        "(one.svg)",
    ):
        assert text in page
    picture = ElementTree.parse(tmp_path / "docs" / "one.svg").getroot()
    bars = [each for each in picture.iter() if each.get("class") in ("bar", "slow")]
    widths = [float(bar.get("width", "0")) for bar in bars]
    assert len(widths) == 3 and widths == sorted(widths, reverse=True) and widths[-1] > 0


def test_what_was_not_measured_is_told(tmp_path: Path) -> None:
    missing = report(c={"missing": reference.ADVICE}, edges={"missing": "not measured: no pins"})
    page = write_report(missing, tmp_path / "two").read_text()
    assert "gcc-arm-none-eabi" in page and "no pins" in page and "edge to timestamp" not in page


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RivuletError, match="cannot make the folder"):
        write_report(report(), tmp_path / "file" / "one")


def test_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_EVENTS_HERE", 20)
    found = run.run_bench(None, 8, 3, lambda text: None, cells=True)
    assert [row["what"] for row in found["rows"]][-1] == "one event through the whole loop"
    assert {row["heap_bytes"] for row in found["rows"][2:]} == {0}
    assert {row["cell"].split(",")[0] for row in found["cells"]} == {
        "Cascade",
        "CfC",
        "LTC",
        "Wired CfC",
    }
    integers = [row for row in found["cells"] if "in integers" in row["what"]]
    assert len(integers) == 8 and not any(row["heap_bytes"] for row in integers)
    unchanged = [row["cell"] for row in integers if row["what"].endswith(", inputs unchanged")]
    assert unchanged == ["Cascade, rates from u", "Cascade, rates from v"]
    assert "missing" in found["edges"] and "missing" in found["c"]
    assert json.loads(json.dumps(found)) == found


def test_the_ulab_path_keeps_to_its_heap(
    monkeypatch: pytest.MonkeyPatch, micropython: Path
) -> None:
    """700 bytes an event at 32 units and 4 inputs, with a board's widths of floats and words.

    And what ulab's product returns, 64 floats: assembler on a board writes them where they stay.
    """
    monkeypatch.setattr(run, "_EVENTS_HERE", 2)
    found = run.run_bench(None, 32, 4, lambda text: None)
    if not found["ulab"] or found["float_bytes"] != 4:
        pytest.skip("needs an interpreter with ulab and floats of 32 bits")
    assert found["rows"][1]["what"] == "Rivulet's cell on ulab"
    assert 0 < found["rows"][1]["heap_bytes"] <= 700 + 4 * 64


def test_lateness_is_counted_across_a_wrap() -> None:
    due = np.array([(1 << 30) - 700, (1 << 30) - 20, (1 << 30) + 640, (1 << 30) + 1300])
    stamps = ((due + [10, 30, 12, 11]) & 0x3FFFFFFF).tolist()
    found = interrupts.latencies({"stamps": stamps, "dropped": 0, "heap_bytes": 0}, due)
    assert (found["median_us"], found["worst_us"], found["rate"]) == (12, 30, 1500)
    lost = interrupts.latencies({"stamps": stamps[2:], "dropped": 2, "heap_bytes": 0}, due)
    assert (lost["median_us"], lost["worst_us"], lost["dropped"]) == (12, 12, 2)
    none = interrupts.latencies({"stamps": [], "dropped": 4, "heap_bytes": 0}, due)
    assert "missing" in none


def test_edges_come_at_1500_a_second() -> None:
    gaps = np.diff(interrupts.stimulus().records["t_us"].astype(int))
    assert abs(gaps.mean() - 667) < 10 and gaps.std() > 50


def test_the_reference_in_c_computes_the_same_bits() -> None:
    pytest.importorskip("unicorn", reason="the ARM emulator is not installed")
    from host_tools.bench.core import Core

    compiled = reference.compiled()
    if compiled is None:
        pytest.skip(reference.ADVICE)
    code, entry = compiled[0]
    core = Core(code, entry=entry, memory=(_WORDS, _WEIGHTS, _INPUT_MAP))
    numbers = Integers(17)
    # It has no sparse gates.
    models = [case for case in cases(numbers, 12) if not case[0][layout.SPARSE_AT]]
    assert models
    for words, weights in models:
        for dt_us, input_map in events(numbers, words, 6):
            for at, data in ((_WORDS, words), (_WEIGHTS, weights), (_INPUT_MAP, input_map)):
                core.uc.mem_write(at, bytes(data))
            core.call(_WORDS, _WEIGHTS, dt_us, _INPUT_MAP)
            other = array("i", bytes(core.uc.mem_read(_WORDS, 4 * len(words))))
            decay.step(words, weights, dt_us, input_map)
            assert list(layout.memory(words)) == list(layout.memory(other)), (words[:8], dt_us)

"""A program that hangs is ended by the watchdog; one that was left in order is left in peace."""

import time
from pathlib import Path
from typing import Any

import pytest

from host_tools.errors import RivuletError
from host_tools.link.raw_repl import raw_repl
from host_tools.link.wire import Board
from host_tools.paths import BOARDS
from host_tools.simulate.virtual import VirtualBoard

_PATIENCE_S = 100
_SOURCE = BOARDS / "virtual" / "board.py"

# The first life is fed for longer than the watchdog waits and then hangs; the second does not.
_MAIN = """
import machine, time, virtual_world
def note(word):
    with open("log", "a") as log:
        log.write(word + "\\n")
note(virtual_world.reset_cause)
first = virtual_world.reset_cause == "power-on"
dog = machine.WDT(timeout=600)
for _ in range(60):
    dog.feed()
    time.sleep_ms(20)
note("hangs" if first else "lives")
while True:
    if not first:
        dog.feed()
"""


def _status(board: VirtualBoard) -> dict[str, Any]:
    """As soon as the board answers again."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with Board(str(board.port)) as wire:
                return wire.status()
        except RivuletError:
            assert time.monotonic() < end, "the board does not come back"


def _journals(board: VirtualBoard) -> list[bytes]:
    return [path.read_bytes() for path in sorted((board.files / "models").glob("journal.*"))]


def test_the_virtual_boards_watchdog_kills_what_hangs(tmp_path: Path, micropython: Path) -> None:
    board = VirtualBoard(tmp_path / "board", interpreter=micropython)
    board.files.mkdir(parents=True)
    (board.files / "main.py").write_text(_MAIN)
    log = board.files / "log"
    with board:
        end = time.monotonic() + _PATIENCE_S
        while not log.exists() or "lives" not in log.read_text():
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        time.sleep(1.0)  # feeding keeps it alive
    assert log.read_text().split() == ["power-on", "hangs", "watchdog", "lives"]


def test_the_firmware_counts_what_reset_it(board: VirtualBoard) -> None:
    board.power_on()
    assert _status(board)["resets"] == {"power-on": 1}
    # Leaving the loop put its watchdog to sleep; that of whoever came then is not fed.
    with (
        pytest.raises(RivuletError, match="did not restart"),
        raw_repl(str(board.port), 0.4) as repl,
    ):
        repl.run("import machine\ndog = machine.WDT(timeout=300)")
        # The firmware that starts again notes it on the board's flash.
        before = _journals(board)
        end = time.monotonic() + _PATIENCE_S
        while _journals(board) == before:
            assert time.monotonic() < end, "the watchdog does not bite"
            time.sleep(0.05)
    assert _status(board)["resets"] == {"power-on": 1, "watchdog": 1}
    board.power_off()
    board.power_on()
    assert _status(board)["resets"] == {"power-on": 2, "watchdog": 1}


def _install(board: VirtualBoard, source: str) -> None:
    """Put the source of a board.py in the place of the compiled one."""
    compiled = next(board.files.glob("firmware/*/board.*py"))
    compiled.unlink()
    compiled.with_suffix(".py").write_text(source)


def test_the_watchdog_sleeps_at_the_prompt(board: VirtualBoard) -> None:
    source = _SOURCE.read_text()
    assert "_WATCHDOG_MS = 8388" in source
    _install(board, source.replace("_WATCHDOG_MS = 8388", "_WATCHDOG_MS = 1500"))
    board.power_on()
    assert _status(board)["resets"] == {"power-on": 1}
    with raw_repl(str(board.port)) as repl:
        time.sleep(2.0)  # longer than it waits
        assert repl.run("print(6 * 7)").strip() == "42"
    assert _status(board)["resets"] == {"power-on": 1}


def test_a_board_without_a_watchdog_runs_all_the_same(board: VirtualBoard) -> None:
    source = _SOURCE.read_text()
    for name in ("start_watchdog", "stop_watchdog", "reset_cause"):
        assert name in source
        source = source.replace(f"def {name}", f"def _no_{name}")
    source = source.replace("stop_watchdog = ", "_no_stop_watchdog = ")
    _install(board, source)
    board.power_on()
    assert _status(board)["resets"] == {}

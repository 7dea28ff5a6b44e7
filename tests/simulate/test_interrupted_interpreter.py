"""A Ctrl-C that the virtual board's interpreter does not survive still stops the program.

MicroPython 1.25 raises KeyboardInterrupt from the signal handler, wherever it is. About one in
300 leaves the lock of its heap taken while a program allocates.
"""

from pathlib import Path

import pytest

from host_tools.simulate.virtual import VirtualBoard
from tests.simulate.test_virtual_board import Port, main_py, wait_for

# Runs for ever, and does `harm` at the first Ctrl-C of the board's life.
_PROGRAM = """
import os
first = 'first' not in os.listdir()
try:
    open('first', 'w').close()
    while True: pass
except KeyboardInterrupt:
    if not first:
        raise
    {harm}
"""
_LOCKS_UP = "import _thread; lock = _thread.allocate_lock(); lock.acquire(); lock.acquire()"
_CRASHES = "import uctypes; uctypes.bytearray_at(0, 8)[0] = 1"


@pytest.mark.parametrize(
    ("harm", "said"), [(_LOCKS_UP, "locked up"), (_CRASHES, "ended with status")]
)
def test_it_is_started_anew_and_interrupted(
    tmp_path: Path, micropython: Path, harm: str, said: str
) -> None:
    board = VirtualBoard(tmp_path / "board", interpreter=micropython)
    board.files.mkdir(parents=True)
    main_py(board, _PROGRAM.format(harm=harm))
    with board, Port(board) as port:
        wait_for((board.files / "first").exists)
        port.write(b"\r\x03\r\x01")
        heard = port.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        assert b"KeyboardInterrupt" in heard
        assert port.execute(b"print(6 * 7)") == b"42\r\n\x04\x04"
        assert any(said in line for line in board.diagnosis)

"""Silence alone decides nothing: slow boards, stalled boards, boards that a flash left behind."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.simulate.virtual import VirtualBoard

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_board_in_the_raw_repl_is_told_from_silence(board: VirtualBoard, rivulet: Run) -> None:
    """As a flash that was killed leaves it."""
    board.power_on()
    with serial.Serial(str(board.port), timeout=5.0) as port:
        # A Ctrl-C while the board starts is lost: a person would press it again, too.
        for _ in range(10):
            port.write(b"\r\x03")
            if port.read_until(b">>> ").endswith(b">>> "):
                break
        else:
            raise AssertionError("no prompt")
        port.write(b"\r\x01")
        assert port.read_until(b"exit\r\n>").endswith(b"exit\r\n>")
    done = rivulet("status", "--port", board.port)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "MicroPython answers, but Rivulet is not running" in done.stderr


@contextmanager
def _slow(board: VirtualBoard, runs_s: float, rests_s: float) -> Iterator[None]:
    """Let the board's interpreter run only part of the time."""
    over = threading.Event()

    def brake() -> None:
        while not over.is_set():
            relay = board._relay
            assert relay is not None
            pid = relay._child._process.pid
            try:
                os.kill(pid, signal.SIGSTOP)
                over.wait(rests_s)
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:  # it has restarted in this moment
                pass
            over.wait(runs_s)

    thread = threading.Thread(target=brake)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.timeout(600)
def test_a_board_that_runs_a_tenth_of_the_time_is_flashed(board: VirtualBoard) -> None:
    """It was said to be keyed. The time-outs and its pauses are half as long as usual."""
    board.power_on()
    with _slow(board, 0.5, 4.5):
        done = flash(str(board.port), load_board("virtual"), timeout_scale=0.5)
    assert done.port == str(board.port)


def test_a_board_that_is_silent_for_longer_than_the_first_waits_is_flashed(
    board: VirtualBoard,
) -> None:
    """As while its computer waits for a disk: nothing is heard, and then everything."""
    board.power_on()
    with _slow(board, 60.0, 1.5):
        done = flash(str(board.port), load_board("virtual"), timeout_scale=0.1)
    assert done.port == str(board.port)


def test_a_slow_interpreter_is_none_to_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from host_tools.errors import RivuletError
    from host_tools.interpreter import find

    slow = tmp_path / "micropython" / "micropython"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr(find, "_PROBE_TIMEOUT_S", 0.2)
    monkeypatch.setattr(find, "_obtain", lambda *_: pytest.fail("it was downloaded again"))
    monkeypatch.setenv("PATH", "/nowhere")
    for named in (str(slow), ""):
        monkeypatch.setenv("MICROPYTHON", named)
        with pytest.raises(RivuletError, match="did not answer within 0.2 s"):
            find.find_micropython(cache=tmp_path)

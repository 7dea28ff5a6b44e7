"""The virtual board as its users meet it: through its port, with the unmodified mpremote."""

import errno
import hashlib
import os
import select
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tools.errors import RivuletError
from host_tools.simulate.virtual import VirtualBoard

_PATIENCE_S = 100


class Port:
    """A host program that has the port open."""

    def __init__(self, board: VirtualBoard) -> None:
        self.descriptor = os.open(board.port, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.descriptor)
        self.unread = b""

    def __enter__(self) -> "Port":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.descriptor, data) :]

    def read_until(self, ending: bytes) -> bytes:
        """Everything up to and including `ending`."""
        deadline = time.monotonic() + _PATIENCE_S
        while ending not in self.unread:
            assert time.monotonic() < deadline, f"no {ending!r} in {self.unread[-2000:]!r}"
            if select.select([self.descriptor], [], [], 0.1)[0]:
                self.unread += os.read(self.descriptor, 4096)
        found, _, self.unread = self.unread.partition(ending)
        return found + ending

    def silent(self) -> bool:
        return not self.unread and not select.select([self.descriptor], [], [], 0.3)[0]

    def enter_raw_repl(self) -> None:
        self.write(b"\r\x03\r\x01")
        self.read_until(b"raw REPL; CTRL-B to exit\r\n>")

    def enter_friendly_repl(self) -> None:
        self.write(b"\x03'at the' ' prompt'\r")
        self.read_until(b"'at the prompt'\r\n>>> ")

    def execute(self, code: bytes) -> bytes:
        """What the board answers in the raw REPL: output, 0x04, error, 0x04."""
        self.write(code + b"\x04")
        self.read_until(b"OK")
        return self.read_until(b"\x04") + self.read_until(b"\x04")


def mpremote(board: VirtualBoard, *arguments: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def board(tmp_path: Path, micropython: Path) -> Iterator[VirtualBoard]:
    with VirtualBoard(tmp_path / "board", interpreter=micropython) as board:
        yield board


def main_py(board: VirtualBoard, text: str) -> None:
    (board.files / "main.py").write_text(text)


# mpremote


def test_mpremote_runs_code(board: VirtualBoard, tmp_path: Path) -> None:
    assert mpremote(board, "exec", "print(6 * 7)").strip() == "42"
    assert mpremote(board, "eval", "[1, 'a', b'\\x00']").strip() == "[1, 'a', b'\\x00']"
    script = tmp_path / "script.py"
    # Longer than several windows of the raw-paste flow control.
    script.write_text("total = 0\n" + "total += 1\n" * 1000 + "print(total)\n")
    assert mpremote(board, "run", script).strip() == "1000"


def test_mpremote_reports_the_boards_errors(board: VirtualBoard) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError") as caught:
        mpremote(board, "exec", "1/0")
    assert "/hardware/" not in str(caught.value)


def test_mpremote_copies_files_there_and_back(board: VirtualBoard, tmp_path: Path) -> None:
    data = bytes(range(256)) * 5 + b"\r\n\x03\x04"
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.write_bytes(data)
    mpremote(board, "fs", "mkdir", ":lib")
    mpremote(board, "fs", "cp", original, ":lib/data.bin")
    assert (board.files / "lib" / "data.bin").read_bytes() == data
    digest = hashlib.sha256(data).hexdigest()
    assert digest in mpremote(board, "fs", "sha256sum", ":lib/data.bin")
    mpremote(board, "fs", "cp", ":lib/data.bin", copy)
    assert copy.read_bytes() == data
    assert "data.bin" in mpremote(board, "fs", "ls", ":lib")
    mpremote(board, "fs", "rm", ":lib/data.bin")
    mpremote(board, "fs", "rmdir", ":lib")
    assert list(board.files.iterdir()) == []


def test_memory_lasts_until_a_soft_reset(board: VirtualBoard) -> None:
    mpremote(board, "exec", "kept = 5")
    assert mpremote(board, "resume", "eval", "kept").strip() == "5"
    mpremote(board, "soft-reset")
    assert "kept" not in mpremote(board, "resume", "eval", "dir()")


def test_mpremote_breaks_into_a_busy_main(board: VirtualBoard) -> None:
    main_py(board, "while True: pass\n")
    mpremote(board, "reset")
    assert mpremote(board, "eval", "1").strip() == "1"


# The REPL


def test_files_run_at_power_on_and_the_repl_follows(board: VirtualBoard) -> None:
    with Port(board) as port:
        port.enter_friendly_repl()
        (board.files / "boot.py").write_text("order = ['boot']\n")
        main_py(board, "order.append('main')\nprint(order, __name__)\n1/0\n")
        port.write(b"\x04")
        said = port.read_until(b"\r\n>>> ").decode()
    assert "MPY: soft reboot\r\n['boot', 'main'] __main__\r\nTraceback" in said
    assert 'File "main.py", line 3, in <module>\r\nZeroDivisionError' in said


def test_a_raw_soft_reset_runs_boot_but_not_main(board: VirtualBoard) -> None:
    (board.files / "boot.py").write_text("print('booted')\n")
    main_py(board, "print('main ran')\n")
    with Port(board) as port:
        port.enter_raw_repl()
        port.write(b"\x04")
        said = port.read_until(b"raw REPL; CTRL-B to exit\r\n>")
    assert said == b"OK\r\nMPY: soft reboot\r\nbooted\r\nraw REPL; CTRL-B to exit\r\n>"


def test_machine_reset_runs_main_also_from_the_raw_repl(board: VirtualBoard) -> None:
    main_py(board, "print('main ran')\n")
    with Port(board) as port:
        port.enter_raw_repl()
        port.write(b"import machine; machine.reset()\x04")
        port.read_until(b"main ran\r\n")


def test_typing_at_the_prompt(board: VirtualBoard) -> None:
    with Port(board) as port:
        port.enter_friendly_repl()
        port.write(b"\x02")
        assert b"MicroPython v" in port.read_until(b">>> ")
        port.write(b"2 * 32\x7f1\r")
        assert port.read_until(b">>> ") == b"2 * 32\b \b1\r\n62\r\n>>> "
        port.write(b"for i in range(2):\r    print(i)\r\r")
        assert port.read_until(b"\r\n1\r\n>>> ").endswith(b"... \r\n0\r\n1\r\n>>> ")
        port.write(b"\x1b[Aa = (1,\r2)\ra\r")
        port.read_until(b"(1, 2)\r\n>>> ")
        port.write(b"\x05def f():\r  return 'pasted'\r\rprint(f())\r\x04")
        port.read_until(b"pasted\r\n>>> ")
        # A program that takes the prompt for something else.
        port.write(b"~\x81\xff~\ra\r")
        assert port.read_until(b"(1, 2)\r\n>>> ").count(b"Error") == 1
        port.write(b"half a line")
        port.read_until(b"half a line")
        port.write(b"\x03")
        assert port.read_until(b">>> ") == b"\r\n>>> "


def test_ctrl_c_stops_a_program_and_makes_unread_input_void(board: VirtualBoard) -> None:
    with Port(board) as port:
        port.enter_friendly_repl()
        port.write(b"while True: pass\r\r")
        port.read_until(b"... \r\n")
        port.write(b"print('never')\r\x03print('then')\r")
        said = port.read_until(b"then\r\n>>> ")
    assert b"KeyboardInterrupt" in said
    assert b"never" not in said


def test_ctrl_c_at_any_moment_leaves_a_working_raw_repl(board: VirtualBoard) -> None:
    with Port(board) as port:
        port.enter_raw_repl()
        for turn in range(40):
            port.write(b"while True: pass\x04")
            port.read_until(b"OK")
            time.sleep(turn * 0.0005)
            port.write(b"\x03" * (1 + turn % 3))
            assert b"KeyboardInterrupt" in port.read_until(b"\x04") + port.read_until(b"\x04>")
            # Also outside of running code.
            port.write(b"half\x03")
            answer = port.execute(b"print(%d)" % turn)
            assert answer == b"%d\r\n\x04\x04" % turn
            port.read_until(b">")
    assert board.diagnosis == []


def test_raw_paste_reports_an_interrupted_and_an_unknown_request(board: VirtualBoard) -> None:
    with Port(board) as port:
        port.enter_raw_repl()
        port.write(b"\x05A\x01")
        assert port.read_until(b"\x01\x80\x00\x01") == b"R\x01\x80\x00\x01"
        port.write(b"print('never')\x03")
        said = port.read_until(b"\x04") + port.read_until(b"\x04") + port.read_until(b"\x04>")
        assert b"KeyboardInterrupt" in said and b"never" not in said
        port.write(b"\x05X\x01")
        assert port.read_until(b">") == b"R\x00>"


# The port


def test_bytes_pass_unchanged(board: VirtualBoard) -> None:
    echo = b"""
import sys
data = bytearray(255)
sys.stdout.write('ready')
count = 0
while count < len(data):
    data[count:] = sys.stdin.buffer.read(len(data) - count)
    count = len(data)
sys.stdout.buffer.write(data)
"""
    sent = bytes(byte for byte in range(256) if byte != 0x03)
    with Port(board) as port:
        port.enter_raw_repl()
        port.write(echo + b"\x04")
        port.read_until(b"ready")
        port.write(sent)
        assert port.read_until(sent) == sent


def test_a_full_port_is_seen_and_nothing_is_lost(board: VirtualBoard) -> None:
    flood = b"""
import select, sys
port = select.poll()
port.register(sys.stdout.buffer, select.POLLOUT)
count = refused = 0
while refused < 50:
    if port.poll(1):
        sys.stdout.buffer.write(b'%07d\\n' % count)
        count += 1
        refused = 0
    else:
        refused += 1
open('count', 'w').write(str(count))
print('end')
"""
    with Port(board) as port:
        port.enter_raw_repl()
        port.write(flood + b"\x04")
        count = board.files / "count"
        wait_for(lambda: count.exists() and count.read_text() != "")
        port.read_until(b"OK")
        lines = port.read_until(b"end").split(b"\n")[:-1]
    assert len(lines) == int(count.read_text())
    assert lines == [b"%07d" % number for number in range(len(lines))]


def test_output_goes_nowhere_while_the_port_is_closed(board: VirtualBoard) -> None:
    mpremote(board, "exec", "")  # its first start is over
    main_py(
        board,
        # Half a second for what is on its way to the port still.
        "import time\nfor n in range(20000):\n    print('old', n)\n"
        "time.sleep_ms(500)\nopen('done', 'w').close()\n"
        "while True:\n    time.sleep_ms(1)\n",
    )
    with Port(board) as port:
        port.write(b"\x04")
        port.read_until(b"old 10\r\n")  # leaves what comes next unread
    wait_for((board.files / "done").exists)
    with Port(board) as port:
        assert port.silent()


def test_a_power_cut_takes_port_and_memory_but_not_files(board: VirtualBoard) -> None:
    mpremote(board, "exec", "kept = 5; open('file', 'w').write('stays')")
    with Port(board) as port:
        board.power_off()
        assert not os.path.lexists(board.port)
        try:
            assert os.read(port.descriptor, 1) == b""
        except OSError as error:
            assert error.errno == errno.EIO
    board.power_on()
    assert mpremote(board, "exec", "print(open('file').read())").strip() == "stays"
    assert "kept" not in mpremote(board, "resume", "eval", "dir()")


def test_the_wire_can_be_disturbed(tmp_path: Path, micropython: Path) -> None:
    class Swap:
        def to_board(self, data: bytes) -> bytes:
            return data.replace(b"a", b"b")

        def to_host(self, data: bytes) -> bytes:
            return data.replace(b"1", b"2")

    folder = tmp_path / "board"
    with VirtualBoard(folder, interpreter=micropython, wire=Swap()) as board, Port(board) as port:
        port.write(b"\r\x03\r\x01")
        port.read_until(b"raw REPL; CTRL-B to exit\r\n>")
        assert port.execute(b"print('a', 1)") == b"b 2\r\n\x04\x04"


# The process


def test_one_folder_is_one_board(board: VirtualBoard, micropython: Path) -> None:
    with pytest.raises(RivuletError, match="running already"):
        VirtualBoard(board.folder, interpreter=micropython).power_on()
    assert mpremote(board, "eval", "1").strip() == "1"


def test_what_cannot_run_is_told_in_one_line(tmp_path: Path) -> None:
    for interpreter in (tmp_path / "absent", Path("/bin/false")):
        with pytest.raises(RivuletError) as caught:
            VirtualBoard(tmp_path / "board", interpreter=interpreter).power_on()
        assert "\n" not in str(caught.value)


def test_a_missing_stimulus_is_told(tmp_path: Path, micropython: Path) -> None:
    board = VirtualBoard(tmp_path / "board", tmp_path / "absent", interpreter=micropython)
    with pytest.raises(RivuletError, match="absent is not a file"):
        board.power_on()


def test_an_interpreter_that_dies_is_started_again(board: VirtualBoard) -> None:
    assert board._relay is not None
    os.kill(board._relay._child._process.pid, signal.SIGKILL)
    wait_for(lambda: board.diagnosis != [])
    assert mpremote(board, "eval", "1").strip() == "1"


def test_the_heap_can_be_limited(tmp_path: Path, micropython: Path) -> None:
    with VirtualBoard(tmp_path / "board", interpreter=micropython, heap_kb=256) as board:
        code = "import gc; gc.collect(); print(gc.mem_free() + gc.mem_alloc())"
        assert int(mpremote(board, "exec", code)) < 256 * 1024

"""Serial, TCP and in-process streams: the client works the same over each of them."""

import os
import pty
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from host_tools.errors import BoardGone, NoReply, PortUnusable
from host_tools.link import ports
from host_tools.link.raw_repl import raw_repl
from host_tools.link.serial_stream import SerialStream
from host_tools.link.stream import Stream
from host_tools.link.tcp_stream import TcpStream
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from tests.link.scripted import Script


class FarEnd:
    """The board's end of a stream: a port's name for the host, and a descriptor."""

    def __init__(self, port: str, descriptor: Callable[[], int]) -> None:
        self.port = port
        self.descriptor = descriptor
        self.hang_up: Callable[[], None] = lambda: None


@contextmanager
def _serial_end() -> Iterator[FarEnd]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    end = FarEnd(os.ttyname(slave), lambda: master)
    end.hang_up = lambda: os.close(master)
    yield end
    os.close(slave)
    with suppress(OSError):
        os.close(master)


@contextmanager
def _tcp_end() -> Iterator[FarEnd]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def descriptor() -> int:
            if not accepted:
                accepted.append(server.accept()[0])
            return accepted[0].fileno()

        end = FarEnd(f"socket://127.0.0.1:{server.getsockname()[1]}", descriptor)
        end.hang_up = lambda: accepted[0].close()
        yield end
        for each in accepted:
            each.close()


@pytest.fixture(params=(_serial_end, _tcp_end))
def far_end(request: pytest.FixtureRequest) -> Iterator[FarEnd]:
    with request.param() as end:
        yield end


def _opened(end: FarEnd) -> Stream:
    kind = TcpStream if ports.is_socket(end.port) else SerialStream
    stream: Stream = kind(end.port, 0.05)
    end.descriptor()
    return stream


def test_bytes_go_both_ways(far_end: FarEnd) -> None:
    stream = _opened(far_end)
    assert stream.name == far_end.port and stream.read() == b""
    stream.write(b"~to the board~")
    assert os.read(far_end.descriptor(), 100) == b"~to the board~"
    os.write(far_end.descriptor(), bytes(range(256)))
    found = b""
    while len(found) < 256:
        found += stream.read()
    assert found == bytes(range(256))
    stream.close()
    stream.close()


def test_the_other_end_goes_away(far_end: FarEnd) -> None:
    stream = _opened(far_end)
    far_end.hang_up()
    with pytest.raises(BoardGone) as raised:
        for _ in range(100):
            stream.read()
            stream.write(b"x")
    assert str(raised.value).startswith(f"{far_end.port}: ")
    stream.close()


def test_a_port_that_takes_no_more_bytes(far_end: FarEnd) -> None:
    stream = _opened(far_end)
    with pytest.raises(NoReply, match="takes no more bytes"):
        stream.write(bytes(1 << 24))  # more than the system keeps for who does not read
    stream.close()


def test_the_client_over_each_stream(far_end: FarEnd) -> None:
    script = Script()

    def serve() -> None:
        with suppress(OSError):
            while data := os.read(far_end.descriptor(), 4096):
                script.write(data)
                os.write(far_end.descriptor(), script.read())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with Board(far_end.port, timeout_scale=10) as over_port, Board(Script()) as in_process:
        for board in (over_port, in_process):
            board.reset()
            assert board.confirm() == ""
        assert over_port.description == in_process.description
        assert over_port.port == far_end.port


@contextmanager
def _copied(descriptor: int) -> Iterator[None]:
    """A process with a copy of the descriptor, as one has of all until it runs its program."""
    command = [sys.executable, "-c", "input()"]
    copy = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[descriptor])
    yield
    copy.communicate(b"\n")


def test_a_process_that_is_being_started_does_not_hold_the_port() -> None:
    with _serial_end() as end:
        stream = SerialStream(end.port, 1.0)
        with _copied(stream._serial.fileno()):
            with pytest.raises(PortUnusable, match="in use"):
                SerialStream(end.port, 1.0)
            stream.close()
            SerialStream(end.port, 1.0).close()


def test_nor_the_port_of_a_raw_repl(tmp_path: Path, micropython: Path) -> None:
    with VirtualBoard(tmp_path, interpreter=micropython) as board:
        with raw_repl(str(board.port)) as session:
            copied = _copied(session._transport.serial.fileno())
            copied.__enter__()
        SerialStream(str(board.port), 1.0).close()
        copied.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("port", "said"),
    [
        ("socket://", "write socket://HOST:PORT"),
        ("socket://localhost", "write socket://HOST:PORT"),
        ("socket://localhost:port", "write socket://HOST:PORT"),
        ("socket://localhost:99999", "write socket://HOST:PORT"),
        ("socket://localhost:1", "does not accept a connection: Connection refused"),
        ("/dev/null", "/dev/null is not a usable serial port"),
        ("/dev/nowhere", "there is no port /dev/nowhere"),
    ],
)
def test_ports_that_are_none(port: str, said: str) -> None:
    with pytest.raises(PortUnusable, match=said) as raised:
        Board(port)
    assert str(raised.value).isprintable()


def test_a_tcp_port_can_be_named_on_the_command_line() -> None:
    assert ports.resolve("socket://localhost:1") == "socket://localhost:1"
    with pytest.raises(PortUnusable, match="no port /dev/nowhere"):
        ports.resolve("/dev/nowhere")

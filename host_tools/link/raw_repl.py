"""Runs code on a board through MicroPython's raw REPL, over mpremote's transport."""

import contextlib
import io
import os
import struct
from collections.abc import Iterator

import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from host_tools.errors import (
    BoardCodeError,
    BoardGone,
    Locked,
    NotRunning,
    PortUnusable,
    RivuletError,
)
from host_tools.link.ports import unlock, unusable_port
from rivulet import protocol

# A board that erases flash is silent for a while, but never longer than this.
_SILENCE_S = 5.0
_EXEC_S = 60.0
# How long Rivulet may take to answer, and how much of its output is read.
_HELLO_S = 1.0
_HELLO_BYTES = 2048


class RawRepl:
    """An open session: the board's program is stopped, and its heap is free."""

    def __init__(self, port: str, transport: SerialTransport, timeout_scale: float) -> None:
        self.port = port
        self._transport = transport
        self._scale = timeout_scale

    def run(self, code: str) -> str:
        """Execute `code` on the board and return its output. Raises BoardCodeError, BoardGone."""
        with _reporting_loss(self.port):
            output, problem = self._transport.exec_raw(code, timeout=_EXEC_S * self._scale)
        if problem:
            lines = problem.decode("utf-8", "replace").strip().splitlines()
            raise BoardCodeError(self.port, lines[-1])
        text: str = output.decode("utf-8", "replace")
        return text

    def clear(self) -> None:
        """Soft-reset the board without starting its program, so that its heap is fresh."""
        with _reporting_loss(self.port):
            self._transport.enter_raw_repl(timeout_overall=_SILENCE_S * self._scale)

    def restart(self) -> None:
        """Soft-reset the board into its program, as Ctrl-D at its prompt does."""
        with _reporting_loss(self.port):
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
            said = self._transport.read_until(
                1, b"soft reboot\r\n", timeout_overall=_SILENCE_S * self._scale
            )
        if not said.endswith(b"soft reboot\r\n"):
            raise RivuletError(f"the board on {self.port} did not restart: press its reset button")


@contextlib.contextmanager
def raw_repl(port: str, timeout_scale: float = 1.0) -> Iterator[RawRepl]:
    """Stop the program on `port` while the block runs, then start it again. Raises RivuletError.

    timeout_scale stretches every time-out, for boards that run slower than real time.
    """
    transport = _open(port, _SILENCE_S * timeout_scale)
    try:
        _enter(port, transport, timeout_scale)
        session = RawRepl(port, transport, timeout_scale)
        try:
            yield session
        except RivuletError:
            # Start the program even when the work failed. If the board is gone, the first error
            # is the one to report.
            with contextlib.suppress(RivuletError):
                session.restart()
            raise
        session.restart()
    finally:
        unlock(transport.serial)
        with contextlib.suppress(OSError):
            transport.close()


@contextlib.contextmanager
def at_prompt(port: str, timeout_scale: float = 1.0) -> Iterator[RawRepl]:
    """Open a session with a board at its prompt, which stays as it is. Raises RivuletError."""
    transport = _open(port, _SILENCE_S * timeout_scale)
    try:
        with _reporting_loss(port), contextlib.redirect_stdout(io.StringIO()):
            transport.enter_raw_repl(soft_reset=False, timeout_overall=_SILENCE_S * timeout_scale)
        yield RawRepl(port, transport, timeout_scale)
        with _reporting_loss(port):
            transport.exit_raw_repl()
    finally:
        unlock(transport.serial)
        with contextlib.suppress(OSError):
            transport.close()


def _open(port: str, silence_s: float) -> SerialTransport:
    # mpremote waits for the bytes of a pseudo-terminal. Behind a link it does not recognise one,
    # and looks every 10 ms whether a byte has come.
    device = os.path.realpath(port) if os.path.islink(port) else port
    try:
        transport = SerialTransport(device, timeout=silence_s)
    except (TransportError, ValueError):
        # mpremote does not give the reason. Opening the port once more does.
        try:
            serial.serial_for_url(port, exclusive=True).close()
        except (OSError, ValueError) as error:
            raise unusable_port(port, error) from error
        raise PortUnusable(f"{port} was in use a moment ago: try again") from None
    # Without a limit a write to a board that went away would wait for ever.
    transport.serial.write_timeout = silence_s
    return transport


def _enter(port: str, transport: SerialTransport, timeout_scale: float) -> None:
    # A board that is just starting can miss the first Ctrl-C, so the first wait is short.
    waits_s = (2.0 * timeout_scale, _SILENCE_S * timeout_scale)
    with _reporting_loss(port):
        for timeout_s in waits_s:
            transport.serial.timeout = timeout_s
            # On a failure mpremote prints what it read. The error below takes its place.
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(TransportError):
                transport.enter_raw_repl(timeout_overall=timeout_s)
                transport.serial.timeout = _SILENCE_S * timeout_scale
                return
        if _runs_rivulet(transport.serial, timeout_scale):
            raise Locked(
                f"{port}: this board is keyed: name its key file with --key or in RIVULET_KEY, "
                "or run 'rivulet release' first"
            )
    raise NotRunning(
        f"{port}: no MicroPython prompt within {sum(waits_s):g} s: check that this is the board's "
        "port and that MicroPython is installed on it, and reset the board"
    )


def _runs_rivulet(port: serial.Serial, timeout_scale: float) -> bool:
    """Whether Rivulet answers at an open port. Then it has a key, or Ctrl-C had stopped it."""
    port.timeout = _HELLO_S * timeout_scale
    port.write(protocol.frame(protocol.HELLO, 0))
    deframer = protocol.Deframer(protocol.frame_size(protocol.MAX_REQUEST))
    # Telemetry may come before the answer, and is one as well.
    found = (deframer.feed(byte) for byte in port.read(_HELLO_BYTES))
    return protocol.FRAME in found


@contextlib.contextmanager
def _reporting_loss(port: str) -> Iterator[None]:
    try:
        yield
    # struct.error: mpremote unpacks an answer that was cut short.
    except (OSError, TransportError, struct.error) as error:
        raise BoardGone(
            f"the board on {port} stopped answering: check its cable, then run the same command "
            "again"
        ) from error

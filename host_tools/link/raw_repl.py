"""Runs code on a board through MicroPython's raw REPL, over mpremote's transport."""

import contextlib
import io
import os
import struct
import time
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
from host_tools.link.bounded_port import BoundedPort, Endless
from host_tools.link.ports import unlock, unusable_port
from host_tools.text import visible
from rivulet import protocol

# A board that erases flash is silent for a while, but never longer than this.
_SILENCE_S = 5.0
_EXEC_S = 60.0
# Limits that only a board that never ends reaches: of what code takes, and of what it prints.
_LONGEST_EXEC_S = 900.0
_MOST_BYTES = 4_000_000
# How long Rivulet may take to answer.
_HELLO_S = 4.0
_ASK_AGAIN_S = 0.5
_CHUNK_BYTES = 4096
# How long a board that shows signs of life is asked for its prompt.
_SLOW_S = 60.0
# By how much the time-outs of such a board are longer from then on.
_STRETCH = 6.0


class RawRepl:
    """An open session: the board's program is stopped, and its heap is free."""

    def __init__(self, port: str, transport: SerialTransport, timeout_scale: float) -> None:
        self.port = port
        self._transport = transport
        self._bounded: BoundedPort = transport.serial
        self._scale = timeout_scale

    def run(self, code: str) -> str:
        """Execute `code` on the board and return its output. Raises BoardCodeError, BoardGone."""
        with _reporting_loss(self.port), self._bounded.within(_LONGEST_EXEC_S * self._scale):
            output, problem = self._transport.exec_raw(code, timeout=_EXEC_S * self._scale)
        if problem:
            lines = problem.decode("utf-8", "replace").strip().splitlines()
            raise BoardCodeError(self.port, visible(lines[-1] if lines else "an error"))
        text: str = output.decode("utf-8", "replace")
        return text

    def clear(self) -> None:
        """Soft-reset the board without starting its program, so that its heap is fresh."""
        silence_s = _SILENCE_S * self._scale
        with _reporting_loss(self.port), self._bounded.within(4 * silence_s), _quiet():
            self._transport.enter_raw_repl(timeout_overall=silence_s)

    def restart(self) -> None:
        """Soft-reset the board into its program, as Ctrl-D at its prompt does."""
        silence_s = _SILENCE_S * self._scale
        with _reporting_loss(self.port), self._bounded.within(2 * silence_s):
            self._transport.exit_raw_repl()
            self._transport.serial.write(b"\x04")
            said = self._transport.read_until(1, b"soft reboot\r\n", timeout_overall=silence_s)
        if not said.endswith(b"soft reboot\r\n"):
            raise RivuletError(
                f"the board on {self.port} did not restart within {silence_s:g} s: press its "
                "reset button"
            )


@contextlib.contextmanager
def raw_repl(port: str, timeout_scale: float = 1.0) -> Iterator[RawRepl]:
    """Stop the program on `port` while the block runs, then start it again. Raises RivuletError.

    timeout_scale stretches every time-out, for boards that run slower than real time.
    """
    transport = _open(port, _SILENCE_S * timeout_scale)
    try:
        session = RawRepl(port, transport, _enter(port, transport, timeout_scale))
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
    except (TransportError, OSError, ValueError):
        # mpremote does not give the reason. Opening the port once more does.
        try:
            serial.serial_for_url(port, exclusive=True).close()
        except (OSError, ValueError) as error:
            raise unusable_port(port, error) from error
        raise PortUnusable(f"{port} was in use a moment ago: try again") from None
    # Without a limit a write to a board that went away would wait for ever.
    transport.serial.write_timeout = silence_s
    transport.serial = BoundedPort(transport.serial, _MOST_BYTES)
    return transport


def _enter(port: str, transport: SerialTransport, timeout_scale: float) -> float:
    """Bring the board to its raw prompt; return the scale of the session's time-outs.

    A board that is just starting can miss the first Ctrl-C, so the first wait is short. A board
    that shows signs of life is slow, and a silent one may be: each is asked again, the silent one
    once, unless Rivulet says that it has a key. Raises NotRunning, Locked.
    """
    port_s = _SILENCE_S * timeout_scale
    waits_s = [2.0 * timeout_scale, port_s]
    bounded: BoundedPort = transport.serial
    began = time.monotonic()
    heard, stretch = -1, 1.0
    while waits_s:
        timeout_s = waits_s.pop(0)
        bounded.timeout = timeout_s
        with _reporting_loss(port):
            # On a failure mpremote prints what it read. The error below takes its place.
            with _quiet(), contextlib.suppress(TransportError, Endless):
                with bounded.within(3 * timeout_s):
                    transport.enter_raw_repl(timeout_overall=timeout_s)
                bounded.timeout = port_s * stretch
                return timeout_scale * stretch
            if not waits_s and _has_key(bounded, timeout_scale):
                raise Locked(
                    f"{port}: this board is keyed: name its key file with --key or in "
                    "RIVULET_KEY, or run 'rivulet release' first"
                )
        is_late = time.monotonic() - began > _SLOW_S * timeout_scale
        if not waits_s and bounded.heard > heard and not is_late:
            heard, stretch = bounded.heard, _STRETCH
            waits_s = [2 * port_s]
    if bounded.heard:
        raise NotRunning(
            f"{port}: something answers, but no MicroPython prompt within "
            f"{time.monotonic() - began:.0f} s: check that this is the board's port; if it is, "
            "reset the board and try again"
        )
    raise NotRunning(
        f"{port}: no MicroPython prompt within {time.monotonic() - began:.0f} s: check that this "
        "is the board's port and that MicroPython is installed on it, and reset the board"
    )


def _has_key(port: BoundedPort, timeout_scale: float) -> bool:
    """Whether Rivulet answers at an open port and says that it has a key.

    Silence and other output tell nothing: the board may be slow, or run something else.
    """
    port.timeout = 0.05
    deframer = protocol.Deframer(protocol.frame_size(protocol.MAX_REQUEST))
    head = struct.calcsize(protocol.REPLY_HEAD)
    end = time.monotonic() + _HELLO_S * timeout_scale
    ask_at = 0.0
    with port.within(2 * _HELLO_S * timeout_scale):
        while time.monotonic() < end:
            if time.monotonic() >= ask_at:
                ask_at = time.monotonic() + _ASK_AGAIN_S * timeout_scale
                port.write(protocol.frame(protocol.CHALLENGE, 0))
            for byte in port.read(max(1, min(port.in_waiting, _CHUNK_BYTES))):
                if deframer.feed(byte) != protocol.FRAME or deframer.length < 2 + head:
                    continue
                body = bytes(deframer.body[: deframer.length])
                _, of, status, _ = struct.unpack_from(protocol.REPLY_HEAD, body, 2)
                if body[0] == protocol.REPLY and of == protocol.CHALLENGE:
                    return status == protocol.OK and len(body) > 2 + head
    return False


def _quiet() -> contextlib.AbstractContextManager[object]:
    return contextlib.redirect_stdout(io.StringIO())


@contextlib.contextmanager
def _reporting_loss(port: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    except Endless as error:
        raise RivuletError(f"the board on {port} {error}: reset it, and try again") from None
    # struct.error: mpremote unpacks an answer that was cut short.
    except (OSError, TransportError, struct.error) as error:
        raise BoardGone(
            f"the board on {port} stopped answering, {time.monotonic() - began:.0f} s into this "
            "step: check its cable, then run the same command again"
        ) from error

"""Carries bytes between the virtual board's serial port and its interpreter."""

import contextlib
import fcntl
import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from host_tools.simulate.virtual.interpreter_process import InterpreterProcess
from host_tools.simulate.virtual.terminal import Terminal

_CTRL_C = 0x03
_CHUNK_BYTES = 4096
# As much as a host may send ahead of the board. Beyond it the host has to wait, so a Ctrl-C
# behind more than this much unread input does not get through.
_TO_BOARD_BYTES = 65536
_TO_HOST_BYTES = 4096
# Room between board and relay: enough for a burst of frames, little enough that a board notices
# soon that nobody reads.
_PIPE_BYTES = 8192
# The system does not tell when a host opens the port: it has to be looked at.
_OPEN_CHECK_MS = 10
_CHECK_MS = 200
# Some interpreters end at a second interrupt before the first was noticed, so they keep a
# distance; and what follows a Ctrl-C waits until the interrupt has struck, as it does on USB,
# where the interrupt overtakes all other input.
_INTERRUPT_SPACING_S = 0.03
_INTERRUPT_SETTLING_S = 0.01
# How long an interrupt may take to strike an interpreter that is about to be replaced.
_INTERRUPT_TRAVEL_S = 0.05
# An interpreter that waits for a lock at so many looks in a row is locked up.
_LOCK_CHECK_S = 0.2
_LOCK_CHECKS = 3
# How long an interpreter may take to crash after the interrupt that is the cause.
_CRASH_S = 10.0
_SHORT_LIFE_S = 1.0
_SHORT_LIVES = 3


class Wire(Protocol):
    """A fault on the cable: each direction may change, lose or add bytes."""

    def to_board(self, data: bytes) -> bytes: ...

    def to_host(self, data: bytes) -> bytes: ...


class Relay:
    """Runs the interpreter and relays, in a thread of its own, until stopped."""

    def __init__(
        self,
        terminal: Terminal,
        command: Callable[[str, str], list[str]],
        wire: Wire | None,
        moved: Callable[[str, str], None],
    ) -> None:
        self._terminal: Terminal | None = terminal
        # What the cable was put into since the last turn; None: it was pulled.
        self._cable: deque[Terminal | None] = deque()
        self._command = command
        self._wire = wire
        self._moved = moved  # called with a pin and its new state
        self.stderr_lines: deque[str] = deque(maxlen=100)
        self.stimulus_start_us: int | None = None
        self.stimulus_done = False
        # Set once the interpreter has started, or has failed to for good.
        self.decided = threading.Event()
        self.failed = False

        # Both outlive a restart of the interpreter: input that waits is not lost by one. Both
        # ends of the input are kept, to take back what a Ctrl-C makes void.
        self._input, self._input_end = socket.socketpair()
        self._input.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _CHUNK_BYTES)
        self._output, self._output_end = os.pipe()
        os.set_blocking(self._output, False)
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            fcntl.fcntl(self._output_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._wake, self._wake_end = os.pipe()

        self._to_board = bytearray()
        self._to_host = bytearray()
        self._host_present = False
        self._interrupt_wanted = False
        self._keyboard = True  # whether the board wants Ctrl-C as an interrupt or as a byte
        self._interrupted_at = 0.0
        self._ready = False
        self._short_lives = 0
        self._next_mode = ""  # while a restart waits: what to start in
        self._next_cause = ""
        self._restart_at = 0.0
        self._start("friendly", "power-on")
        self._thread = threading.Thread(target=self._run, name="virtual board", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The power goes: everything ends where it is."""
        os.write(self._wake_end, b"x")
        self._thread.join()
        os.close(self._wake)
        os.close(self._wake_end)

    def connect(self, terminal: Terminal | None) -> None:
        """Put the cable into a port of its own, or pull it (None); the board runs on."""
        self._cable.append(terminal)
        os.write(self._wake_end, b"c")

    def _start(self, mode: str, cause: str) -> None:
        self._ready = False
        self._keyboard = True
        self._next_mode = ""
        if self._interrupt_wanted:  # it strikes before what was sent after it is read
            self._to_board[:0] = self._take_back()
        self.stimulus_start_us = None
        self.stimulus_done = False
        self._started_at = self._fed_at = self._looked_at = time.monotonic()
        self._times_locked = 0
        if cause:
            self._watchdog_s = 0.0  # asleep; MicroPython's own restart does not stop it
        self._child = InterpreterProcess(
            self._command(mode, cause), self._input_end, self._output_end
        )

    def _run(self) -> None:
        try:
            while not self.failed and self._turn():
                pass
        finally:
            self._child.end()
            while self._cable:
                self._take_cable()
            if self._terminal is not None:
                self._terminal.close()
            self._input.close()
            self._input_end.close()
            os.close(self._output)
            os.close(self._output_end)
            self.decided.set()

    def _turn(self) -> bool:
        """Wait until something can move, and move it; False when told to stop."""
        while self._cable:
            self._take_cable()
        now = time.monotonic()
        if self._next_mode and now >= self._restart_at:
            self._child.end()
            self._start(self._next_mode, self._next_cause)
        if not self._host_present and self._terminal is not None:
            self._host_present = self._terminal.opened()
        if self._interrupt_wanted and self._may_interrupt(now):
            self._interrupt_wanted = False
            self._interrupted_at = now
            self._child.interrupt()
        sendable = bool(self._to_board) and self._may_send(now)

        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(self._child.stderr, select.POLLIN)
        if sendable:
            poll.register(self._input, select.POLLOUT)
        if not self._host_present or len(self._to_host) < _TO_HOST_BYTES:
            poll.register(self._output, select.POLLIN)
        if self._host_present and self._terminal is not None:
            mask = select.POLLIN if len(self._to_board) < _TO_BOARD_BYTES else 0
            poll.register(self._terminal.master, mask | (select.POLLOUT if self._to_host else 0))
        happened = dict(poll.poll(self._patience_ms(sendable)))

        if self._wake in happened and b"x" in os.read(self._wake, _CHUNK_BYTES):
            return False
        if self._output in happened:
            self._from_board()
        if self._host_present and self._terminal is not None:
            self._serve_host(self._terminal, happened.get(self._terminal.master, 0))
        if self._input.fileno() in happened and self._to_board and not self._interrupt_wanted:
            self._feed_board()
        # Last, for these may replace the interpreter.
        if self._child.stderr in happened:
            self._side_channel()
        elif self._watchdog_s and time.monotonic() - self._fed_at > self._watchdog_s:
            self._replace("watchdog")
        elif self._locked_up():
            self.stderr_lines.append("the interpreter locked up and was started anew")
            self._interrupt_wanted = True  # it was a Ctrl-C, which has stopped no program yet
            self._replace("watchdog")
        return True

    def _replace(self, cause: str) -> None:
        self._child.end()
        self._start("friendly", cause)

    def _locked_up(self) -> bool:
        """Whether a Ctrl-C has left the interpreter waiting for a lock of its own."""
        now = time.monotonic()
        if self._interrupted_at < self._started_at or now - self._looked_at < _LOCK_CHECK_S:
            return False
        self._looked_at = now
        self._times_locked = self._times_locked + 1 if self._child.waits_for_a_lock else 0
        return self._times_locked >= _LOCK_CHECKS

    def _patience_ms(self, sendable: bool) -> int:
        if (self._to_board and not sendable) or self._interrupt_wanted or self._next_mode:
            return 2
        if not self._host_present:
            return _OPEN_CHECK_MS
        # Of an interpreter that was interrupted it is looked whether it has locked up.
        interrupted = self._interrupted_at >= self._started_at
        return _CHECK_MS if self._watchdog_s or interrupted else 1000

    def _may_interrupt(self, now: float) -> bool:
        return self._ready and now - self._interrupted_at >= _INTERRUPT_SPACING_S

    def _may_send(self, now: float) -> bool:
        settled = now - self._interrupted_at >= _INTERRUPT_SETTLING_S
        return settled and not self._interrupt_wanted

    def _take_cable(self) -> None:
        if self._terminal is not None:
            self._terminal.close()
        self._terminal = self._cable.popleft()
        self._host_present = False
        self._to_host.clear()
        self._to_board.clear()

    def _serve_host(self, terminal: Terminal, happened: int) -> None:
        if happened & (select.POLLIN | select.POLLHUP):
            self._from_host(terminal)
        if happened & select.POLLHUP:
            # The port was closed: as with USB, output now goes nowhere until it is opened.
            self._host_present = False
            self._to_host.clear()
            terminal.discard_unread()
        elif happened & select.POLLOUT:
            with contextlib.suppress(BlockingIOError):
                del self._to_host[: os.write(terminal.master, self._to_host)]

    def _from_host(self, terminal: Terminal) -> None:
        try:
            data = os.read(terminal.master, _CHUNK_BYTES)
        except OSError:  # nothing there, or closed by the host
            return
        if self._wire is not None:
            data = self._wire.to_board(data)
        interrupt = data.rfind(_CTRL_C) if self._keyboard else -1
        if interrupt >= 0:
            # As on a board, a Ctrl-C makes void the input that has not been read yet.
            self._to_board.clear()
            self._take_back()
            self._interrupt_wanted = True
            data = data[interrupt + 1 :]
        self._to_board += data

    def _take_back(self) -> bytes:
        """Return the input that the board has not read, which it then does not get."""
        taken = b""
        with contextlib.suppress(BlockingIOError):
            while chunk := self._input_end.recv(_CHUNK_BYTES, socket.MSG_DONTWAIT):
                taken += chunk
        return taken

    def _feed_board(self) -> None:
        with contextlib.suppress(BlockingIOError):
            chunk = bytes(self._to_board[:_CHUNK_BYTES])
            del self._to_board[: self._input.send(chunk, socket.MSG_DONTWAIT)]

    def _from_board(self) -> None:
        try:
            data = os.read(self._output, _CHUNK_BYTES)
        except BlockingIOError:
            return
        if not self._host_present:
            return
        self._to_host += data if self._wire is None else self._wire.to_host(data)

    def _side_channel(self) -> None:
        lines = self._child.read_lines()
        if lines is None:
            self._died()
            return
        for line in lines:
            if not line.startswith("@"):
                self.stderr_lines.append(line)
                continue
            words = line[1:].split()
            if words == ["ready"]:
                self._ready = True
                self.decided.set()
            elif words[:1] == ["restart"]:
                self._ready = False
                self._next_mode = "raw" if words[1:] == ["raw"] else "friendly"
                self._next_cause = "software" if words[1:] == ["hard"] else ""
                # An interrupt on its way to the old interpreter is for the new one.
                self._restart_at = self._interrupted_at + _INTERRUPT_TRAVEL_S
            elif words == ["interrupted"]:
                self._interrupt_wanted = True
            elif words[:1] == ["keyboard"]:
                self._keyboard = words[1:] == ["on"]
                self._interrupt_wanted &= self._keyboard
            elif words[:1] == ["watchdog"]:
                self._watchdog_s = int(words[1]) / 1000
                self._fed_at = time.monotonic()
            elif words == ["fed"]:
                self._fed_at = time.monotonic()
            elif words[:2] == ["stimulus", "start"]:
                self.stimulus_start_us = int(words[2])
            elif words == ["stimulus", "end"]:
                self.stimulus_done = True
            elif words[:1] == ["output"]:
                self._moved(words[1], " ".join(words[2:]))

    def _died(self) -> None:
        """The interpreter ended unasked: start it anew, as a watchdog would, but not for ever."""
        status = self._child.end()
        self.stderr_lines.append(f"the interpreter ended with status {status}")
        now = time.monotonic()
        lived_s = now - self._started_at
        if now - self._interrupted_at < min(lived_s, _CRASH_S):
            self._interrupt_wanted = True  # the Ctrl-C ended it, and has stopped no program yet
        self._short_lives = self._short_lives + 1 if lived_s < _SHORT_LIFE_S else 0
        if self._short_lives >= _SHORT_LIVES:
            self.failed = True
        else:
            self._start("friendly", "watchdog")

"""A virtual board: a folder that is its flash, a serial port, and power that can be cut."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.interpreter.find import find_micropython
from host_tools.paths import BOARDS
from host_tools.simulate.powered import PoweredBoard
from host_tools.simulate.rigs import default_wiring
from host_tools.simulate.virtual.relay import Relay, Wire
from host_tools.simulate.virtual.terminal import Terminal
from host_tools.simulate.wiring import Wiring

_BOOT = BOARDS / "virtual" / "hardware" / "boot.py"
_START_TIMEOUT_S = 20


def wiring_file(folder: Path) -> Path:
    """Return the file that says what is wired to the virtual board of a folder."""
    return folder / "wiring.json"


class VirtualBoard(PoweredBoard):
    """Runs a MicroPython interpreter as a board.

    `folder` keeps what survives a power cut (`files`, the board's flash) and holds `port`, the
    serial port's name while the power is on. `stimulus` is a file written by
    host_tools.simulate.stimulus; the sensors of `wiring` play it, `speed` times as fast as real
    time, once or (`repeat`) again and again; None: that of the board's default.toml. `on_output`
    is called, in the relay's thread, with the name and the new state of an output that moved.
    `wire` corrupts the serial line for tests. `heap_kb` limits the memory.
    """

    name = "virtual"
    # A board in real time: replies take no longer than on a real one.
    timeout_scale = 1.0

    def __init__(
        self,
        folder: Path,
        stimulus: Path | None = None,
        interpreter: Path | None = None,
        speed: float = 1.0,
        *,
        repeat: bool = False,
        wiring: Wiring | None = None,
        heap_kb: int | None = None,
        wire: Wire | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> None:
        # Resolved, because MicroPython compares the folder with the system's own idea of it.
        self.folder = folder.resolve()
        self.files = self.folder / "files"
        self.port = self.folder / "port"
        self.stimulus = stimulus
        self.speed = speed
        self.repeat = repeat
        self.wiring = default_wiring("virtual") if wiring is None else wiring
        self.heap_kb = heap_kb
        self.wire = wire
        self.on_output = on_output
        self._interpreter = interpreter
        self._relay: Relay | None = None
        self._terminal: Terminal | None = None
        self._lock: int | None = None

    def power_on(self) -> None:
        """Start the board; returns when it is running its own code."""
        if self._relay is not None:
            return
        if self.stimulus is not None and not self.stimulus.is_file():
            raise RivuletError(f"the stimulus {self.stimulus} is not a file")
        interpreter = self._interpreter or find_micropython()
        self._take()
        try:
            self.wiring.write(wiring_file(self.folder))
            self._terminal = Terminal(self.port)
            self._relay = Relay(
                self._terminal,
                lambda mode, cause: self._command(interpreter, mode, cause),
                self.wire,
                self._moved,
            )
        except OSError as error:
            self.power_off()
            raise RivuletError(f"cannot start the virtual board: {error}") from None
        started = self._relay.decided.wait(_START_TIMEOUT_S)
        if not started or self._relay.failed:
            said = self.diagnosis
            self.power_off()
            reason = said[-2:-1] or said or ["no answer"]
            raise RivuletError(f"{interpreter} cannot run the virtual board: {reason[0]}")

    def install(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files into the flash of a board that is off; the firmware that was there goes."""
        self._take()
        shutil.rmtree(self.files / "firmware", ignore_errors=True)
        for name, data in files:
            path = self.files / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def power_off(self) -> None:
        """Cut the power: memory and port are gone at once, files stay."""
        # Taken first: power may be cut from two threads at once.
        relay, self._relay = self._relay, None
        terminal, self._terminal = self._terminal, None
        if relay is not None:
            relay.stop()
        elif terminal is not None:
            terminal.close()
        self._unlock()

    def unplug(self) -> None:
        """Pull the cable of a board that has power of its own: the port is gone, it runs on."""
        if self._relay is not None:
            self._terminal = None
            self._relay.connect(None)

    def plug_in(self) -> None:
        """Put the cable in again; returns when the port is there."""
        if self._relay is not None:
            self._terminal = Terminal(self.port)
            self._relay.connect(self._terminal)

    @property
    def device(self) -> str:
        """The port's own name, which `port` links to: another one after each power cut."""
        if self._terminal is None:
            raise RivuletError("the virtual board has no port: it is off, or its cable is out")
        return self._terminal.device

    @property
    def stimulus_start_us(self) -> int | None:
        """The board's time (microseconds since its start) at which stimulus time 0 happened."""
        return self._relay.stimulus_start_us if self._relay is not None else None

    @property
    def stimulus_done(self) -> bool:
        """Whether the last edge of the stimulus has been delivered."""
        return self._relay is not None and self._relay.stimulus_done

    @property
    def diagnosis(self) -> list[str]:
        """The last lines that the interpreter itself (not the firmware) had to say."""
        return list(self._relay.stderr_lines) if self._relay is not None else []

    def _moved(self, pin: str, state: str) -> None:
        """Pass on what an output pin did, under the name of the actuator."""
        if self.on_output is not None:
            self.on_output(self.wiring.output_at(pin), state)

    def _command(self, interpreter: Path, mode: str, cause: str) -> list[str]:
        heap = [] if self.heap_kb is None else ["-X", f"heapsize={self.heap_kb}k"]
        return [
            *(str(interpreter), *heap, str(_BOOT), mode, cause, str(self.files)),
            *(str(round(self.speed * 1000)), str(wiring_file(self.folder))),
            *(str(self.stimulus.resolve()) if self.stimulus is not None else "",),
            "repeat" if self.repeat else "once",
        ]

    def _take(self) -> None:
        """Keep everybody else from the folder until the power is cut. Raises RivuletError."""
        if self._lock is not None:
            return
        try:
            self.files.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RivuletError(f"cannot keep a virtual board in {self.folder}: {error}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._unlock()
            raise RivuletError(
                f"the virtual board in {self.folder} is running already; stop that one first"
            ) from None

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

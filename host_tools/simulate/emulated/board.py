"""An emulated Pico as the host sees it: a folder, a serial port, and power that can be cut."""

import importlib.util
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.simulate.emulated.machine import READY, SLOWNESS
from host_tools.simulate.emulated.outputs import OUTPUT
from host_tools.simulate.emulated.sensors import STIMULUS_END, STIMULUS_START
from host_tools.simulate.powered import PoweredBoard
from host_tools.simulate.rigs import default_wiring
from host_tools.simulate.wiring import Wiring

_UF2_MAGIC = b"UF2\n"
# Booting takes a second or two; formatting a fresh filesystem somewhat longer.
_START_TIMEOUT_S = 300
_STOP_TIMEOUT_S = 60
# Until it is measured: that of a busy board on a computer with nothing else to do.
_USUAL_SLOWNESS = 20.0
# Other programs may take more of the computer from now on.
_MARGIN = 3.0


class EmulatedPico(PoweredBoard):
    """Runs `uf2` in a process of its own, so that the host's work and the emulator's do not
    slow one another.

    `folder` keeps the flash (`flash.bin`) and holds `port`, the serial port's name while the power
    is on. `stimulus` is a file written by host_tools.simulate.stimulus; the sensors of `wiring`
    play it, from its beginning whenever a driver starts the one that was started first; None: that
    of the board's default.toml.
    `on_output` is called, in a thread, with the name and the new state of an output that moved.
    Simulated time never outruns real time; a busy board falls some twenty times behind it.
    """

    name = "emulated Pico"

    def __init__(
        self,
        folder: Path,
        uf2: Path,
        *,
        wiring: Wiring | None = None,
        on_output: Callable[[str, str], None] | None = None,
    ) -> None:
        if importlib.util.find_spec("rp2040py") is None:
            raise RivuletError("the emulator is missing: pip install 'rivulet[emulator]'")
        if uf2.exists() and not uf2.is_file():
            raise RivuletError(f"{uf2} is not a file")
        try:
            with uf2.open("rb") as file:
                magic = file.read(len(_UF2_MAGIC))
        except OSError as error:
            raise RivuletError(f"{uf2}: {error.strerror}") from None
        if magic != _UF2_MAGIC:
            raise RivuletError(f"{uf2} is not a UF2 image: give MicroPython's .uf2 for the Pico")
        self.folder = folder.resolve()
        self.port = self.folder / "port"
        self.wiring = default_wiring("rpi_pico") if wiring is None else wiring
        self.on_output = on_output
        self.stimulus: Path | None = None
        self.stimulus_start_us: int | None = None
        self.stimulus_done = False
        # Whether operations on the flash are noted in FOLDER/flash.notes (see flash_notes.py).
        self.notes = False
        self._uf2 = uf2.resolve()
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._ready = threading.Event()
        self._slowness = _USUAL_SLOWNESS

    @property
    def timeout_scale(self) -> float:
        """By how much the board, as slow as it is now, stretches a time-out."""
        return _MARGIN * max(self._slowness, _USUAL_SLOWNESS)

    def power_on(self) -> None:
        """Boot; returns when the board is on its USB."""
        if self._process is not None:
            return
        if self.stimulus is not None and not self.stimulus.is_file():
            raise RivuletError(f"the stimulus {self.stimulus} is not a file")
        self.stimulus_start_us = None
        self.stimulus_done = False
        self._ready.clear()
        log = self.folder / "emulator.log"
        wiring = self.folder / "wiring.json"
        command = [
            sys.executable,
            "-m",
            "host_tools.simulate.emulated",
            *(["--notes"] * self.notes),
        ]
        command += [str(self._uf2), str(self.folder), str(wiring)]
        command += [str(self.stimulus.resolve())] if self.stimulus is not None else []
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.wiring.write(wiring)
            with log.open("wb") as errors:
                # A session of its own: the terminal's Ctrl-C is for the host tool, not the board.
                self._process = subprocess.Popen(
                    command,
                    cwd=self.folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
        except OSError as error:
            raise RivuletError(f"cannot keep an emulated Pico in {self.folder}: {error}") from None
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()
        started = self._ready.wait(_START_TIMEOUT_S)
        if not started or not self.port.exists():
            self.power_off()
            said = log.read_text(errors="replace").strip().splitlines() or [
                "it never used its USB"
            ]
            raise RivuletError(f"the emulated Pico does not boot {self._uf2}: {said[-1]}")

    def power_off(self) -> None:
        """Cut the power: memory and port are gone, flash keeps what was written so far."""
        process, self._process = self._process, None
        if process is None or self._listener is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._listener.join()
        process.stdout.close()
        if self.port.is_symlink() and not os.path.exists(self.port):
            self.port.unlink()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Follow what the emulator says beside the board's own output."""
        assert process.stdout is not None
        for line in process.stdout:
            what, *numbers = line.decode().split()
            if what == READY:
                self._ready.set()
            elif what == SLOWNESS:
                self._slowness = float(numbers[0])
            elif what == STIMULUS_START:
                self.stimulus_done = False
                self.stimulus_start_us = int(numbers[0])
            elif what == STIMULUS_END:
                self.stimulus_done = True
            elif what == OUTPUT and self.on_output is not None:
                name = self.wiring.output_at(numbers[0])
                self.on_output(name, " ".join(numbers[1:]))
        # It has ended: nobody needs to wait longer.
        self._ready.set()

"""The process behind an emulated Pico: the chip, its USB console on a pty, its flash in a file.

    python -m host_tools.simulate.emulated [--notes] IMAGE.uf2 FOLDER WIRING [STIMULUS]

Runs until its standard input ends, which is how the power is cut; that also happens when the
program that started it dies. With --notes the file FOLDER/flash.notes gets every operation on the
flash. Says on standard output READY, what the stimulus and the outputs do, and how slow the
emulator is.
"""

import argparse
import select
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.simulate.wiring import Wiring, read

READY = "ready"
# Followed by the seconds of real time that a second of a busy board takes.
SLOWNESS = "slowness"

_FLASH_BYTES = 2 * 1024 * 1024
# Simulated time is held to real time at steps of this length.
_PACE_NS = 1_000_000
# A board that is this far behind does not hurry to catch up: its time-outs would run out at once.
_LAG_S = 0.01
# Slowness is measured over so much work, in real time.
_MEASURED_S = 0.5


def say(*words: object) -> None:
    print(*words, flush=True)


class Slowness:
    """Measures how much real time the emulator takes for a second of a busy board."""

    def __init__(self) -> None:
        self._real_s = self._simulated_s = 0.0

    def add(self, real_s: float, simulated_s: float) -> None:
        """Take account of one step; a step in which the board slept tells nothing."""
        if real_s > simulated_s:
            self._real_s += real_s
            self._simulated_s += simulated_s
        if self._real_s > _MEASURED_S and self._simulated_s:
            say(SLOWNESS, round(self._real_s / self._simulated_s, 1))
            self._real_s = self._simulated_s = 0.0


class _Stopped(list[Any]):
    """The PIO blocks while none of them runs. The emulator looks at each one after every
    instruction; finding none saves it a seventh of its time."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())


class Machine:
    """A Pico with an image in its flash, over the filesystem that FOLDER keeps."""

    def __init__(self, uf2: Path, folder: Path, wiring: Wiring, stimulus: Path | None) -> None:
        # Imported here, so that the host can import this module's names without the emulator.
        from rp2040py.boards import BoardSpec
        from rp2040py.device import BaseDevice
        from rp2040py.device.load_flash import load_uf2

        from host_tools.simulate.emulated.console import Console
        from host_tools.simulate.emulated.outputs import Outputs
        from host_tools.simulate.emulated.sensors import attach

        self._flash_file = folder / "flash.bin"
        device = BaseDevice(board=BoardSpec(image=str(uf2)))
        self._mcu: Any = device.mcu
        self._simulator: Any = device.simulator
        if self._flash_file.exists():
            # As when an image is copied onto a board: the filesystem behind it stays.
            self._mcu.flash[:_FLASH_BYTES] = self._flash_file.read_bytes()
            load_uf2(uf2, self._mcu)
        words = attach(self._mcu, wiring, stimulus, say)
        Outputs(self._mcu, wiring, words.kept, say)
        self._console = Console(folder / "port", device.cdc, self._mcu.usb_ctrl)
        device.cdc.on_device_connected = lambda: say(READY)
        self._pacing: Any = self._mcu.clock.create_alarm(self._pace)

    def run(self) -> None:
        """Emulate until standard input ends."""
        from rp2040py.execute_batch import execute_batch

        clock, simulator, console = self._mcu.clock, self._simulator, self._console
        pio_blocks = self._mcu.pio
        stopped = _Stopped(pio_blocks)
        self._mcu.leave_reset()
        self._pacing.schedule(_PACE_NS)
        started, origin_ns = time.monotonic(), clock.nanos
        slowness = Slowness()
        while True:
            simulator.stopped = False
            self._mcu.pio = stopped if all(pio.stopped for pio in pio_blocks) else pio_blocks
            step_at, step_ns = time.monotonic(), clock.nanos
            execute_batch(simulator, 1)
            slowness.add(time.monotonic() - step_at, (clock.nanos - step_ns) * 1e-9)
            ahead_s = (clock.nanos - origin_ns) * 1e-9 - (time.monotonic() - started)
            if ahead_s < -_LAG_S:
                started, origin_ns = time.monotonic(), clock.nanos
            poll = select.poll()
            poll.register(sys.stdin, select.POLLIN)
            console.register(poll)
            # Input from the host ends the wait at once.
            happened = dict(poll.poll(max(0, round(ahead_s * 1000))))
            if sys.stdin.fileno() in happened:
                break
            console.serve(happened)

    def note_flash(self, folder: Path) -> None:
        from host_tools.simulate.emulated import flash_notes

        flash_notes.attach(self._mcu, folder / flash_notes.NAME)

    def save(self) -> None:
        """What is in the flash now is what the next boot finds."""
        files.write_bytes(self._flash_file, bytes(self._mcu.flash[:_FLASH_BYTES]))

    def close(self) -> None:
        self._console.close()

    def _pace(self) -> None:
        # A sleeping guest jumps from alarm to alarm without using real time: this one makes it
        # come up for air.
        self._pacing.schedule(_PACE_NS)
        self._simulator.stopped = True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m host_tools.simulate.emulated")
    parser.add_argument("--notes", action="store_true", help="note every operation on the flash")
    parser.add_argument("image", type=Path, metavar="IMAGE.uf2")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("wiring", type=Path, metavar="WIRING")
    parser.add_argument("stimulus", type=Path, metavar="STIMULUS", nargs="?")
    given = parser.parse_args()
    machine = Machine(given.image, given.folder, read(given.wiring), given.stimulus)
    if given.notes:
        machine.note_flash(given.folder)
    try:
        machine.run()
    finally:
        machine.save()
        machine.close()

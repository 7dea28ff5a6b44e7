"""The cable is pulled: in the middle of a push, of monitoring, of flashing."""

import dataclasses
import os
import random
from functools import partial

from host_tools.boards import load_board
from host_tools.deploy.flash import flash
from host_tools.deploy.payload import FOLDERS, POINTER
from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._boards import Cable, attempt, connected, push_again, virtual_board
from host_tools.faults._models import fresh_models
from host_tools.simulate.virtual import VirtualBoard

# Of no board: so that source is flashed, which needs no compiler.
_NO_ARCH = "none"
_CHANGED = ("rivulet/control/guard.py", "rivulet/sensing/clock.py", "drivers/mpu6050.py")


def _pushes(given: Given, board: VirtualBoard, cable: Cable) -> Row:
    draw = random.Random(given.seed)
    models = fresh_models(given.folder, given.seed)
    broken: list[str] = []
    times = given.times(full=40, short=2)
    done = 0
    with connected(board) as wire:
        old = next(models)
        length = cable.measured("to_board", lambda: wire.push(old))
        running = wire.status()["turns"]
    for _ in range(times):
        new = next(models)
        after = 1 + draw.randrange(length)
        with connected(board) as wire:
            cable.strike("to_board", after, board.unplug)
            told = attempt(partial(wire.push, new), broken)
        cable.mend()
        board.plug_in()
        with connected(board) as wire:
            if wire.status()["turns"] <= running:
                broken.append(f"pulled at byte {after}: the board started anew")
            broken += push_again(wire, old, new, told, f"pulled at byte {after}")
            running = wire.status()["turns"]
        old = new
        done += told
    return Row(
        "cable pulled at a random byte of a push; the board keeps its power",
        times,
        "the old or the new model is active, complete; the board keeps running; the next push "
        "succeeds",
        f"{times - done} pushes failed with one line, {done} completed",
        broken,
    )


def _monitoring(given: Given, board: VirtualBoard, cable: Cable) -> Row:
    draw = random.Random(given.seed)
    broken: list[str] = []
    times = given.times(full=20, short=1)
    records = 0
    for _ in range(times):
        with connected(board) as wire:
            wire.subscribe(100.0)
            cable.strike("to_host", 2000 + draw.randrange(8000), board.unplug)
            try:
                for _record in wire.records(20.0):
                    records += 1
                broken.append("nobody told that the cable was out")
            except RivuletError as error:
                if "went away" not in str(error):
                    broken.append(str(error))
        cable.mend()
        board.plug_in()
    with connected(board) as wire:
        wire.subscribe(100.0)
        if not any(True for _ in wire.records(2.0)):
            broken.append("no telemetry afterwards")
    return Row(
        "cable pulled during telemetry",
        times,
        "the host reports in one line that the board is gone; telemetry returns with the cable",
        f"{records} records before the cuts, reported {times} times",
        broken,
    )


def _age(board: VirtualBoard) -> None:
    """Make some files of the firmware those of an older one."""
    firmware = board.files / FOLDERS[(board.files / POINTER).read_text()]
    for path in _CHANGED:
        with (firmware / path).open("r+") as file:
            file.seek(0, os.SEEK_END)
            file.write("# as it was before\n" * 100)


def _flashes(given: Given, board: VirtualBoard, cable: Cable) -> Row:
    draw = random.Random(given.seed)
    broken: list[str] = []
    facts = dataclasses.replace(load_board("virtual"), arch=_NO_ARCH)
    times = given.times(full=20, short=1)
    done = 0
    flash(str(board.port), facts)
    _age(board)
    length = cable.measured("to_board", partial(flash, str(board.port), facts))
    for _ in range(times):
        _age(board)
        after = 1 + draw.randrange(length)
        cable.strike("to_board", after, board.unplug)
        done += attempt(partial(flash, str(board.port), facts), broken)
        # A board without power of its own: what the flash left is what it starts from.
        board.power_off()
        cable.mend()
        board.power_on()
        with connected(board) as wire:
            if not wire.status()["model_hash"]:
                broken.append(f"pulled at byte {after}: no model afterwards")
        flash(str(board.port), facts)
        if not flash(str(board.port), facts).up_to_date:
            broken.append(f"pulled at byte {after}: the next flash did not finish it")
    return Row(
        "cable pulled, and the power with it, at a random byte of a flash",
        times,
        "the board starts its program and its model; the next flash completes",
        f"{times - done} flashes failed with one line, {done} completed",
        broken,
    )


def run(given: Given) -> list[Row]:
    cable = Cable()
    with virtual_board(given, wire=cable, moving=True) as board:
        return [
            _pushes(given, board, cable),
            _monitoring(given, board, cable),
            _flashes(given, board, cable),
        ]

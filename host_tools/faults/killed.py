"""The host's program is killed, as by a crash or a dead battery, while it pushes or monitors."""

import random
import subprocess
import sys
import time

from host_tools.faults import Given, Row
from host_tools.faults._boards import Cable, connected, push_again, virtual_board
from host_tools.faults._models import fresh_models
from host_tools.paths import ROOT
from host_tools.simulate.virtual import VirtualBoard

_PROGRAM = "from host_tools.commands import main; main()"
_PATIENCE_S = 30.0
# The lease of the host's telemetry is 3 s.
_SILENT_AFTER_S = 3.5


def _killed(cable: Cable, direction: str, after: int, *arguments: object) -> bool:
    """Start `rivulet` and kill it when so many bytes have gone; whether it was still there."""
    command = [sys.executable, "-c", _PROGRAM, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as program:
        cable.strike(direction, after, program.kill)
        try:
            program.wait(_PATIENCE_S)
        finally:
            program.kill()
            cable.mend()
    return program.returncode < 0


def _pushing(given: Given, board: VirtualBoard, cable: Cable, draw: random.Random) -> Row:
    models = fresh_models(given.folder, given.seed)
    path = given.folder / "pushed.safetensors"
    broken: list[str] = []
    times = given.times(full=20, short=1)
    killed = 0
    with connected(board) as wire:
        old = next(models)
        length = cable.measured("to_board", lambda: wire.push(old))
    for _ in range(times):
        new = next(models)
        path.write_bytes(new)
        after = 1 + draw.randrange(length)
        killed += _killed(cable, "to_board", after, "push", path, "--port", board.port)
        with connected(board) as wire:
            broken += push_again(wire, old, new, False, f"killed at byte {after}")
        old = new
    if not killed:
        broken.append("no program was killed: this tests nothing")
    return Row(
        "SIGKILL to `rivulet push` at a random byte",
        times,
        "the old or the new model is active, complete; the port is free; the next push succeeds",
        f"{killed} killed during the push",
        broken,
    )


def _monitoring(given: Given, board: VirtualBoard, cable: Cable, draw: random.Random) -> Row:
    broken: list[str] = []
    times = given.times(full=5, short=1)
    killed = 0
    for _ in range(times):
        after = 3000 + draw.randrange(10_000)
        killed += _killed(cable, "to_host", after, "monitor", "--port", board.port)
        time.sleep(_SILENT_AFTER_S)
        with connected(board) as wire:
            before = wire.status()
            time.sleep(0.5)
            facts = wire.status()
            if facts["telemetry_sent"] != before["telemetry_sent"]:
                broken.append("telemetry goes on with nobody there")
            if facts["turns"] <= before["turns"]:
                broken.append("the loop stands")
    if killed != times:
        broken.append(f"{times - killed} monitors ended by themselves: this tests nothing")
    return Row(
        "SIGKILL to `rivulet monitor`",
        times,
        "the loop keeps running; telemetry ends with its lease",
        f"{killed} killed, silent {_SILENT_AFTER_S} s later",
        broken,
    )


def run(given: Given) -> list[Row]:
    draw = random.Random(given.seed)
    cable = Cable()
    with virtual_board(given, wire=cable, moving=True) as board:
        return [
            _pushing(given, board, cable, draw),
            _monitoring(given, board, cable, draw),
        ]

"""The firmware hangs in a driver; only the watchdog can help.

With PICO_UF2 the table has the same of an emulated Pico and its own watchdog.
"""

import os
import random
import time
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._boards import connected, virtual_board
from host_tools.faults._models import IMU, write_model

_PATIENCE_S = 30.0
# Instead of the board's own: it hangs once, after so many turns without work.
_HANGING = """

_WATCHDOG_MS = 800
_rest = idle
_turns = 0

def idle():
    global _turns
    _turns += 1
    while _turns > {turns} and virtual_world.reset_cause != "watchdog":
        pass
    _rest()
"""


def run(given: Given) -> list[Row]:
    broken: list[str] = []
    numbers = random.Random(given.seed)
    times = given.times(full=20, short=2)
    board = virtual_board(given)
    source = next(board.files.glob("firmware/*/board.py"))
    original = source.read_text()
    model = write_model(given.folder / "model.safetensors", given.seed, channels=IMU)
    with board, connected(board) as wire:
        wire.push(model)
        digest = wire.status()["model_hash"]
        resets = wire.status()["resets"].get("watchdog", 0)
    longest_s = 0.0
    safe = 0
    for number in range(times):
        board.power_off()
        source.write_text(original + _HANGING.format(turns=numbers.randrange(1, 400)))
        board.power_on()
        begun = time.monotonic()
        facts: dict[str, Any]
        while True:
            try:
                with connected(board) as wire:
                    facts = dict(wire.status())
            except RivuletError:
                facts = {"resets": {}}
            if facts["resets"].get("watchdog", 0) == resets + number + 1:
                break
            if time.monotonic() - begun > _PATIENCE_S:
                broken.append(f"hang {number}: the board does not come back")
                return [_row(number, longest_s, safe, broken)]
            time.sleep(0.1)
        longest_s = max(longest_s, time.monotonic() - begun)
        if facts["safe_mode"]:
            safe += 1
        elif facts["model_hash"] != digest:
            broken.append(f"hang {number}: another model runs")
        if bool(facts["safe_mode"]) != (number % 3 == 2):
            broken.append(f"hang {number}: safe mode is for three in a row")
    board.power_off()
    rows = [_row(times, longest_s, safe, broken)]
    image = os.environ.get("PICO_UF2")
    if image and not given.short:
        # Imported where there is an emulator.
        from host_tools.faults._pico_watchdog import hang

        rows.append(hang(given, Path(image)))
    return rows


def _row(times: int, longest_s: float, safe: int, broken: list[str]) -> Row:
    return Row(
        "the program hangs for ever in a driver, at a random turn",
        times,
        "the watchdog resets the board; the board counts the reset and runs the same model; after "
        "three in a row it starts in safe mode",
        f"back after {longest_s:.1f} s at most (watchdog of 0.8 s); {safe} times in safe mode",
        broken,
    )

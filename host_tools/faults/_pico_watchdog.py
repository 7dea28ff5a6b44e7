"""A driver hangs on an emulated Pico, and the chip's own watchdog resets it."""

import contextlib
import time
from pathlib import Path
from typing import Any

from host_tools.boards import load_board
from host_tools.deploy.mpy import compile_module
from host_tools.deploy.payload import ACTIVE, PayloadFile, build_payload, on_a_board
from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._models import IMU, hash_of, write_model
from host_tools.faults._pico import ARCH, make_flash
from host_tools.link.wire import Board
from host_tools.paths import BOARDS
from host_tools.simulate.emulated import EmulatedPico

# How a driver can hang: asleep, or in a loop, for which the emulator takes minutes.
_WAYS = {"sleeps": "time.sleep_ms(1 << 28)", "spins": "pass"}
# Behind the board's own code: it hangs once, after so many turns without work.
_HANGING = """

_rest = idle
_turns = 0
_cause = reset_cause
_said = None

def reset_cause():
    global _said
    _said = _cause()
    return _said

def idle():
    global _turns
    _turns += 1
    while _turns > 40 and _said != "watchdog":
        {hanging}
    _rest()
"""
_PATIENCE_S = 600.0


def hang(given: Given, uf2: Path) -> Row:
    """Hang in every way; the watchdog waits for as long as the board's own code says."""
    model = write_model(given.folder / "pico.safetensors", given.seed, channels=IMU, integers=True)
    payload = build_payload(load_board("rpi_pico"), ARCH)
    source = (BOARDS / "rpi_pico" / "board.py").read_text(encoding="utf-8")
    broken: list[str] = []
    for way, hanging in _WAYS.items():
        folder = given.folder / way
        folder.mkdir()
        path = folder / "board.py"
        path.write_text(source + _HANGING.format(hanging=hanging), encoding="utf-8")
        data = compile_module(path, ARCH, path.name)
        files = [PayloadFile(f.path, data) if f.path == "board.mpy" else f for f in payload]
        make_flash(given, folder / "flash.bin", [*on_a_board(files), PayloadFile(ACTIVE, model)])
        with EmulatedPico(folder, uf2) as pico:
            facts = _came_back(pico)
        if facts["resets"].get("watchdog") != 1:
            broken.append(f"it {way}: no reset by the watchdog but {facts['resets']}")
        elif facts["model_hash"] != hash_of(model) or facts["safe_mode"]:
            broken.append(f"it {way}: the board does not run its model again")
    return Row(
        f"a driver on an emulated Pico {' or '.join(_WAYS)} for ever",
        len(_WAYS),
        "the chip's own watchdog resets it; the board counts the reset and runs the same model",
        "back each time" if not broken else "not always back",
        broken,
    )


def _came_back(pico: EmulatedPico) -> dict[str, Any]:
    """The status of the board once its watchdog has reset it, or what it says at the end."""
    end = time.monotonic() + _PATIENCE_S
    facts: dict[str, Any] = {"resets": {}}
    while "watchdog" not in facts["resets"] and time.monotonic() < end:
        # While it hangs it does not answer.
        with contextlib.suppress(RivuletError), Board(str(pico.port), pico.timeout_scale) as wire:
            facts = dict(wire.status())
    return facts

"""The ESP32 boards without one: compiled for their processor, and run on this computer.

The interpreter here stands in for the chip: a `machine` module made for these tests has what the
esp32 port documents (soft interrupts, numbered timers, causes of a reset). No real board, and no
emulator of one, is involved.
"""

import subprocess
import tomllib
from pathlib import Path

import pytest

from host_tools.boards import load_board
from host_tools.deploy.mpy import compile_module
from host_tools.deploy.payload import build_payload
from host_tools.paths import BOARDS, FIRMWARE, ROOT

_BOARDS = ("esp32_generic", "esp32_generic_s3")
# MP_NATIVE_ARCH_XTENSAWIN, in the upper bits of an .mpy file's third byte.
_XTENSAWIN = 10

_SCRIPT = """\
import sys
sys.path[:0] = {boards!r} + [{tests!r}, {firmware!r}]
import fake_machine as machine
machine.port("esp32")
machine.reset_by({cause})
import board
print(board.NAME)
print(board.reset_cause())
board.start_watchdog()()
print(machine.WDT.timeout, machine.WDT.fed)
board.stop_watchdog()
print(machine.WDT.timeout > 86400000)
before = board.ticks_ms()
board.idle()
print(board.ticks_ms() > before)
print(hasattr(board, "make_sensors"))
"""


@pytest.mark.parametrize("name", _BOARDS)
@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (1, "power-on or brown-out"),
        (2, "software"),
        (3, "watchdog"),
        (4, "deep sleep"),
        (5, ""),
        (0, "unknown"),
    ],
)
def test_a_board_does_what_its_chip_alone_does(
    micropython: Path, name: str, cause: int, words: str
) -> None:
    script = _SCRIPT.format(
        boards=[str(BOARDS / name), *(str(path.parent) for path in load_board(name).modules)],
        tests=str(ROOT / "tests" / "device"),
        firmware=str(FIRMWARE),
        cause=cause,
    )
    done = subprocess.run(
        [micropython, "-c", script], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.stdout.splitlines() == [name, words, "8388 1", "True", "True", "False"], (
        done.stderr
    )


def test_both_get_the_one_module_of_their_chip() -> None:
    chip = (BOARDS / "esp32_generic" / "esp32_chip.py").read_bytes()
    for name in _BOARDS:
        files = {file.path: file.data for file in build_payload(load_board(name), None)}
        assert files["esp32_chip.py"] == chip and "import" in files["board.py"].decode()


@pytest.mark.parametrize("name", _BOARDS)
def test_viper_becomes_code_for_its_processor(name: str) -> None:
    assert load_board(name).arch == "xtensawin"
    compiled = compile_module(FIRMWARE / "rivulet" / "sensing" / "ring.py", "xtensawin", "ring.py")
    assert compiled[0:1] == b"M" and compiled[2] >> 2 == _XTENSAWIN


@pytest.mark.parametrize("name", _BOARDS)
def test_the_default_wiring_uses_pins_that_the_board_has(name: str) -> None:
    facts = load_board(name).facts
    wiring = tomllib.loads((BOARDS / name / "default.toml").read_text(encoding="utf-8"))
    assert wiring["board"]["name"] == name
    used = [
        pin
        for part in (*wiring["sensors"].values(), *wiring["actuators"].values())
        for pin in part["pins"].values()
    ]
    bus = wiring["sensors"]["mpu6050"]["bus"]
    used += [bus["sda"], bus["scl"]]
    assert len(used) == len(set(used)) == 4 and set(used) <= set(facts["gpio"])
    assert set(facts["adc"]) <= set(facts["gpio"])

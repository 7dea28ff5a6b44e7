"""Boards made of software, behind one interface: what the demo and the tests need of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from host_tools.interpreter.find import find_micropython
from host_tools.simulate.virtual import VirtualBoard


class SimulatedBoard(Protocol):
    """A board that can be switched on and off and whose sensor plays a stimulus."""

    name: str
    stimulus: Path | None

    @property
    def timeout_scale(self) -> float: ...

    @property
    def port(self) -> Path: ...

    @property
    def stimulus_start_us(self) -> int | None: ...

    @property
    def stimulus_done(self) -> bool: ...

    def power_on(self) -> None: ...

    def power_off(self) -> None: ...


def virtual_board(folder: Path, speed: float, say: Callable[[str], None]) -> SimulatedBoard:
    """The firmware on a MicroPython interpreter of this machine."""
    return VirtualBoard(folder, None, find_micropython(say), speed=speed)


def emulated_pico(folder: Path, uf2: Path) -> SimulatedBoard:
    """The firmware on a MicroPython image for the Pico, emulated cycle by cycle."""
    from host_tools.simulate.emulated import EmulatedPico

    return EmulatedPico(folder, uf2)

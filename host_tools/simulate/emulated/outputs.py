"""Tells what the outputs of an emulated Pico do."""

from collections.abc import Callable, Mapping
from struct import pack, unpack
from typing import Any

from host_tools.simulate.wiring import Wiring

# What the emulator's process says: this, the pin, its new state.
OUTPUT = "output"

# How often the pins are looked at, in simulated time.
_LOOK_NS = 50_000_000
_FUNCTION_PWM = 4
_DIVIDER_ONE = 16  # the divider is in sixteenths


class Outputs:
    """Looks at the pins that actuators are wired to, and says which have moved.

    words: by address, the values of actuators that are on a bus.
    """

    def __init__(
        self, mcu: Any, wiring: Wiring, words: Mapping[int, int], say: Callable[..., None]
    ) -> None:
        self._mcu = mcu
        self._words = words
        self._places = [int(output.gpio) for output in wiring.outputs]
        self._states = ["off" for _ in self._places]
        self._say = say
        self._alarm = mcu.clock.create_alarm(self._look)
        if self._places:
            self._alarm.schedule(_LOOK_NS)

    def _look(self) -> None:
        self._alarm.schedule(_LOOK_NS)
        for number, place in enumerate(self._places):
            state = self._state(place)
            if state != self._states[number]:
                self._states[number] = state
                self._say(OUTPUT, place, state)

    def _state(self, place: int) -> str:
        if place >= len(self._mcu.gpio):
            word = self._words.get(place)
            return "off" if word is None else f"{unpack('<f', pack('<I', word))[0]:.4g}"
        pin = self._mcu.gpio[place]
        if pin.function_select != _FUNCTION_PWM:
            return "on" if pin.output_enable and pin.output_value else "off"
        # Each slice drives two pins (RP2040 data sheet, 4.5.2).
        slice_ = self._mcu.pwm.channels[pin.index // 2 % 8]
        level = slice_.cc >> 16 if pin.index % 2 else slice_.cc & 0xFFFF
        steps = slice_.top + 1
        hz = self._mcu.clk_sys * _DIVIDER_ONE / (max(slice_.div, 1) * steps)
        return f"{min(100 * level / steps, 100):.1f} % at {hz:.0f} Hz"

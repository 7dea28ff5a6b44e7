"""Raspberry Pi Pico (RP2040): its clock, its watchdog, why it was reset."""

import time

import machine
from micropython import const

NAME = "rpi_pico"

_IDLE_MS = const(1)
# As long as the chip can count: loading a model, garbage collection and flash writes are done in
# a turn of the loop and take a part of this.
_WATCHDOG_MS = const(8388)

# Registers that MicroPython has no names for (RP2040 data sheet, 4.7.6, 2.12.8, 2.3.1.7).
_WATCHDOG_CTRL = const(0x40058000)
_WATCHDOG_REASON = const(0x40058008)
_CHIP_RESET = const(0x40064008)
_TO_CLEAR = const(0x3000)  # at this distance: bits that are written there are cleared
_WATCHDOG_ENABLE = const(1 << 30)
# An accumulator of an interpolator that nothing uses. Zero after every reset of the chip, kept
# when only MicroPython starts again.
_SPARE = const(0xD0000080)
_SEEN = const(0x52765265)

# On rp2 both wrap at 2**30 by themselves.
ticks_us = time.ticks_us
ticks_ms = time.ticks_ms


def reset_cause():
    """Why the chip started, in a word or two; "" if only MicroPython did. Ask once a start.

    An RP2040 does not tell a brown-out from power that was switched on.
    """
    if machine.mem32[_SPARE] == _SEEN:
        return ""
    machine.mem32[_SPARE] = _SEEN
    reason = machine.mem32[_WATCHDOG_REASON]
    if reason:
        return "watchdog" if reason & 1 else "software"
    flags = machine.mem32[_CHIP_RESET]
    if flags & 1 << 16:
        return "reset pin"
    return "debugger" if flags & 1 << 20 else "power-on or brown-out"


def start_watchdog():
    """From now on the chip resets itself unless the function returned is called in time."""
    return machine.WDT(timeout=_WATCHDOG_MS).feed


def stop_watchdog():
    """For whoever takes over at the REPL. MicroPython cannot stop it; the chip can."""
    machine.mem32[_WATCHDOG_CTRL + _TO_CLEAR] = _WATCHDOG_ENABLE


def idle():
    """Rest; interrupts are served meanwhile, and their stamps are exact.

    Milliseconds, because rp2 waits for microseconds by spinning.
    """
    time.sleep_ms(_IDLE_MS)

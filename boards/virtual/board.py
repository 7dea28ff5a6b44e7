"""The virtual board: its time is that of the simulated world."""

import machine
import virtual_world

NAME = "virtual"

# The simulated world keeps the time, so that it can run faster than the real one.
ticks_us = virtual_world.ticks_us
ticks_ms = virtual_world.ticks_ms
idle = virtual_world.idle
stop_watchdog = virtual_world.stop_watchdog

_WATCHDOG_MS = 8388


def reset_cause():
    """Why the board started, in a word or two; "" if only MicroPython did."""
    return virtual_world.reset_cause


def start_watchdog():
    """From now on the board is reset unless the function returned is called in time."""
    return machine.WDT(timeout=_WATCHDOG_MS).feed

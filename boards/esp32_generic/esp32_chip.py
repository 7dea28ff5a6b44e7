"""What every ESP32 does alike: its clock, its watchdog, why it was reset."""

import time

import machine
from micropython import const

_IDLE_MS = const(1)
# As on a Pico: loading a model, garbage collection and flash writes take a part of this.
_WATCHDOG_MS = const(8388)
_WEEK_MS = const(604800000)

_CAUSES = {
    machine.PWRON_RESET: "power-on or brown-out",
    # machine.reset(), or a crash of the system below MicroPython, which the port tells alike.
    machine.HARD_RESET: "software",
    machine.WDT_RESET: "watchdog",
    machine.DEEPSLEEP_RESET: "deep sleep",
    machine.SOFT_RESET: "",
}

# On esp32 both wrap at 2**30 by themselves.
ticks_us = time.ticks_us
ticks_ms = time.ticks_ms


def reset_cause():
    """Return why the chip started, in a word or two; "" if only MicroPython did."""
    return _CAUSES.get(machine.reset_cause(), "unknown")


def start_watchdog():
    """From now on the chip resets itself unless the function returned is called in time."""
    return machine.WDT(timeout=_WATCHDOG_MS).feed


def stop_watchdog():
    """For whoever takes over at the REPL. It cannot be stopped, but it can wait for a week."""
    machine.WDT(timeout=_WEEK_MS)


def idle():
    """Rest. Soft interrupts run meanwhile, and the system's other tasks do."""
    time.sleep_ms(_IDLE_MS)

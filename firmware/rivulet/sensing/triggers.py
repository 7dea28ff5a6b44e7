"""Lets pins and timers call functions in interrupts, whatever the port offers.

Interrupts are hard where the port has them: they start within microseconds, and the function must
not allocate. Elsewhere they are soft: MicroPython runs the function between two bytecodes, and a
stamp that it takes is late by as much. What differs between the ports (MicroPython 1.25 - 1.28):

    Pin.irq   takes `hard` on rp2, stm32 and most others; esp32 has soft interrupts only
    Timer     rp2 and stm32 have any number, with the id -1, and `hard` callbacks since 1.27 (rp2);
              on stm32 a period is whole milliseconds; esp32 has four with the ids 0 to 3 (two on
              a C3) and takes -1 for 3 without a word
"""

import errno
import sys

from rivulet.compat import const, micropython

_TIMERS = const(4)  # the most that a chip with numbered timers has

# The newest exception that a driver's own function raised in an interrupt, or None. The loop
# tells it and stores None.
failed = [None]

_numbered = sys.platform == "esp32"
_taken = [False] * _TIMERS
# By source: the loop's handlers, which raise nothing and need no wrapper.
_handlers = {}

if hasattr(micropython, "alloc_emergency_exception_buf"):
    # Else an exception raised in a hard interrupt names neither file nor line.
    micropython.alloc_emergency_exception_buf(128)


def stamp(push, ticks_us, source):
    """Return a handler that stores the time of an event: push(ticks_us(), source)."""

    # Closed over, because the interrupt has no time to look names up.
    def data_ready(_):
        push(ticks_us(), source)

    _handlers[source] = data_ready
    return data_ready


def on_edge(pin, function, rising=True, falling=False):
    """Call function(pin) in the interrupt at these edges of a machine.Pin."""
    edges = (pin.IRQ_RISING if rising else 0) | (pin.IRQ_FALLING if falling else 0)
    function = _kept(function)
    try:
        pin.irq(function, edges, hard=True)
    except TypeError:
        pin.irq(function, edges)


def off(pin):
    """Let the edges of a machine.Pin call nothing any more."""
    pin.irq(None)


def every(hz, function):
    """Call function(timer) `hz` times a second in the interrupt; returns a timer with `deinit()`.

    Keep what it returns: a timer that nobody holds may end. Raises OSError if none is free.
    """
    from machine import Timer

    function = _kept(function)
    if _numbered:
        return _Numbered(hz, function)
    try:
        return Timer(-1, mode=Timer.PERIODIC, freq=hz, callback=function, hard=True)
    except (TypeError, ValueError):
        return Timer(-1, mode=Timer.PERIODIC, freq=hz, callback=function)


class _Numbered:
    """A timer of a chip that has a few, with numbers. Only this module knows which are free."""

    def __init__(self, hz, function):
        from machine import Timer

        # From the highest: the idle interrupt of a UART takes the lowest.
        for number in range(_TIMERS - 1, -1, -1):
            if _taken[number]:
                continue
            try:
                self._timer = Timer(number, mode=Timer.PERIODIC, freq=hz, callback=function)
            except ValueError:
                continue  # the chip has fewer
            _taken[number] = True
            self._number = number
            return
        raise OSError(errno.ENODEV, "every timer of this chip is taken")

    def deinit(self):
        self._timer.deinit()
        _taken[self._number] = False


def _kept(function):
    """The function, with what it raises kept in `failed`: an interrupt has nobody to tell it."""
    if function in _handlers.values():
        return function

    def call(argument):
        try:
            function(argument)
        except Exception as error:
            failed[0] = error

    return call

"""Timers of whatever port; see triggers.py, which says how ports differ."""

import errno
import sys

from machine import Timer

from rivulet.compat import const

_TIMERS = const(4)  # the most that a chip with numbered timers has

_numbered = sys.platform == "esp32"
_taken = [False] * _TIMERS


def every(hz, function):
    """Call function(timer) `hz` times a second in the interrupt; returns a timer with `deinit()`.

    Raises OSError if none is free.
    """
    if _numbered:
        return _Numbered(hz, function)
    try:
        return Timer(-1, mode=Timer.PERIODIC, freq=hz, callback=function, hard=True)
    except (TypeError, ValueError):
        return Timer(-1, mode=Timer.PERIODIC, freq=hz, callback=function)


class _Numbered:
    """A timer of a chip that has a few, with numbers. Only this module knows which are free."""

    def __init__(self, hz, function):
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

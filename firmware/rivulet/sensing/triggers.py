"""Lets pins and timers call functions in interrupts, whatever the port offers.

Interrupts are hard where the port has them: they start within microseconds, and the function must
not allocate. Elsewhere they are soft: MicroPython runs the function between two bytecodes, and a
stamp that it takes is late by as much. What differs between the ports (MicroPython 1.25 - 1.28):

    Pin.irq   takes `hard` on rp2, stm32 and most others; esp32 has soft interrupts only
    Timer     rp2 and stm32 have any number, with the id -1, and `hard` callbacks since 1.27 (rp2);
              on stm32 a period is whole milliseconds; esp32 has four with the ids 0 to 3 (two on
              a C3) and takes -1 for 3 without a word
"""

from rivulet.compat import micropython

# The newest exception that a driver's own function raised in an interrupt, or None. The loop
# tells it and stores None.
failed = [None]

# By source: the loop's handlers, which raise nothing and need no wrapper.
_handlers = {}


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
    # Imported for the drivers that use one: others leave the memory to the board.
    from rivulet.sensing import timers

    return timers.every(hz, _kept(function))


def _kept(function):
    """The function, with what it raises kept in `failed`: an interrupt has nobody to tell it."""
    if function in _handlers.values():
        return function
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        # Else an exception raised in a hard interrupt names neither file nor line.
        micropython.alloc_emergency_exception_buf(128)

    def call(argument):
        try:
            function(argument)
        except Exception as error:
            failed[0] = error

    return call

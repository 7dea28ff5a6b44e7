"""A `machine` module for drivers: pins, timers, converters and a bus that a test moves.

It has what the ports document, and refuses what they do: with `port("esp32")` Pin.irq knows no
`hard` and timers have the numbers 0 to 3. Interrupts run with the heap locked where that is
possible, so that one which allocates raises a MemoryError.
"""

import sys

try:
    import micropython

    _lock, _unlock = micropython.heap_lock, micropython.heap_unlock
except (ImportError, AttributeError):

    def _lock():
        pass

    _unlock = _lock


# The causes of a reset that esp32 tells apart.
PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5


class _Port:
    name = "rp2"
    timers = 4
    cause = PWRON_RESET


def port(name, timers=4):
    """Behave as this port does, with nothing connected."""
    _Port.name = name
    _Port.timers = timers
    Pin.levels.clear()
    Pin.modes.clear()
    Pin.interrupts.clear()
    PWM.pulses.clear()
    ADC.counts.clear()
    del Timer.running[:]


def reset_by(cause):
    """Have been reset by this."""
    _Port.cause = cause


def reset_cause():
    return _Port.cause


def interrupt(function, argument):
    """Run a function as a hard interrupt does: it cannot allocate."""
    _lock()
    try:
        function(argument)
    finally:
        _unlock()


class Pin:
    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 4
    IRQ_RISING = 8

    levels = {}
    modes = {}  # number -> (mode, pull)
    interrupts = {}  # number -> (handler, trigger, hard)

    def __init__(self, id, mode=None, pull=None, value=None):
        self.id = id
        if mode is not None:
            self.modes[id] = (mode, pull)
        if value is not None:
            self.levels[id] = 1 if value else 0

    def value(self, level=None):
        if level is None:
            return self.levels.get(self.id, 0)
        self.levels[self.id] = 1 if level else 0

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, **settings):
        hard = settings.pop("hard", False) if _Port.name != "esp32" else False
        if settings:
            raise TypeError("extra keyword arguments given")
        if handler is None:
            self.interrupts.pop(self.id, None)
        else:
            self.interrupts[self.id] = (handler, trigger, hard)


def drive(id, level):
    """Change the level of a pin from outside, and call what waits for that edge."""
    before = Pin.levels.get(id, 0)
    Pin.levels[id] = level
    handler, trigger, _ = Pin.interrupts.get(id, (None, 0, False))
    edge = Pin.IRQ_RISING if level > before else Pin.IRQ_FALLING if level < before else 0
    if trigger & edge:
        interrupt(handler, Pin(id))


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    running = []

    def __init__(self, id, mode, freq, callback, **settings):
        if _Port.name == "esp32":
            if not 0 <= id < _Port.timers:
                raise ValueError("invalid Timer number")
            if settings.pop("hard", False):
                raise ValueError("hard Timers are not implemented")
        elif id != -1:
            raise ValueError("Timer doesn't exist")
        self.hard = settings.pop("hard", False) if _Port.name == "rp2" else False
        if settings:
            raise TypeError("extra keyword arguments given")
        assert mode == self.PERIODIC
        self.id = id
        self.freq = freq
        self.callback = callback
        self.running.append(self)

    def deinit(self):
        if self in self.running:
            self.running.remove(self)


def tick():
    """Let every timer fire once."""
    for timer in list(Timer.running):
        interrupt(timer.callback, timer)


class PWM:
    pulses = {}  # number -> [frequency in Hz, "u16" or "ns", width]

    def __init__(self, pin, freq, duty_u16):
        self.id = pin.id
        self.pulses[self.id] = [freq, "u16", duty_u16]

    def duty_u16(self, width):
        assert isinstance(width, int) and 0 <= width <= 65535
        self.pulses[self.id][1:] = "u16", width

    def duty_ns(self, width):
        assert isinstance(width, int) and width >= 0
        self.pulses[self.id][1:] = "ns", width


class ADC:
    counts = {}

    def __init__(self, pin):
        self.id = pin.id

    def read_u16(self):
        return self.counts[self.id]


class WDT:
    """A watchdog as on esp32: one, which takes another time-out when it is made again."""

    timeout = None
    fed = 0

    def __init__(self, id=0, timeout=5000):
        WDT.timeout = timeout

    def feed(self):
        WDT.fed += 1


class I2C:
    """A bus with one chip, whose registers hold 8 bits each."""

    def __init__(self, address):
        self.address = address
        self.registers = bytearray(256)
        self.written = []
        self.broken = False

    def _check(self, address):
        if self.broken or address != self.address:
            raise OSError(5)

    def readfrom_mem(self, address, register, count):
        data = bytearray(count)
        self.readfrom_mem_into(address, register, data)
        return bytes(data)

    def readfrom_mem_into(self, address, register, buffer):
        self._check(address)
        for index in range(len(buffer)):
            buffer[index] = self.registers[register + index]

    def writeto_mem(self, address, register, data):
        self._check(address)
        self.written.append((register, bytes(data)))
        self.registers[register : register + len(data)] = data


# For drivers, which import it by its real name.
sys.modules["machine"] = sys.modules[__name__]

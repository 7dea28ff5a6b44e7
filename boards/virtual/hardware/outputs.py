"""Pins and PWM of the virtual board's `machine`."""

import virtual_world
from micropython import const

_FULL = const(65535)


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = virtual_world.FALLING
    IRQ_RISING = virtual_world.RISING

    _levels = {}  # levels belong to the pin, not to the object that names it

    def __init__(self, id, mode=-1, pull=-1, *, value=None):
        self.id = id.id if isinstance(id, Pin) else id
        if value is not None:
            self.value(value)

    def init(self, mode=-1, pull=-1, *, value=None):
        if value is not None:
            self.value(value)

    def value(self, level=None):
        if level is None:
            return self._levels.get(self.id, 0)
        level = 1 if level else 0
        if self._levels.get(self.id) != level:
            self._levels[self.id] = level
            virtual_world.moved(self.id, "on" if level else "off")

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    high = on
    low = off

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, hard=False):
        if handler is None:
            virtual_world.interrupts.pop(self.id, None)
        else:
            virtual_world.interrupts[self.id] = (handler, self, trigger)

    def __repr__(self):
        return "Pin(GPIO%s)" % self.id


class PWM:
    """A pin that is on for a share of each period."""

    def __init__(self, dest, *, freq=0, duty_u16=0, duty_ns=0, invert=False):
        self._pin = Pin(dest)
        self._freq = 0
        self._duty = 0
        self.init(freq=freq, duty_u16=duty_u16, duty_ns=duty_ns)

    def init(self, *, freq=0, duty_u16=None, duty_ns=None, invert=False):
        if freq:
            self._freq = freq
        if duty_u16 is not None:
            self._duty = min(max(int(duty_u16), 0), _FULL)
        if duty_ns:
            self._duty = min(round(duty_ns * self._freq * _FULL / 1000000000), _FULL)
        self._tell()

    def deinit(self):
        self._duty = 0
        virtual_world.moved(self._pin.id, "off")

    def freq(self, value=None):
        if value is None:
            return self._freq
        self._freq = value
        self._tell()

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self.init(duty_u16=value)

    def duty_ns(self, value=None):
        if value is None:
            return self._duty * 1000000000 // (_FULL * self._freq) if self._freq else 0
        self._duty = 0
        self.init(duty_ns=value)

    def _tell(self):
        share = 100 * self._duty / _FULL
        virtual_world.moved(self._pin.id, "%.1f %% at %d Hz" % (share, self._freq))

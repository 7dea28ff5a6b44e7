"""The virtual board's `machine`: pins, buses and timers that lead to the simulated world."""

import errno
import time

import virtual_world
from micropython import const
from outputs import PWM, Pin  # noqa: F401  (parts of this module)

_UNIQUE_ID = b"RVIRTUAL"
_FREQUENCY_HZ = const(125_000_000)

PWRON_RESET = 1
WDT_RESET = 3


class I2C:
    def __init__(self, id=0, *, scl=None, sda=None, freq=400_000, timeout=50_000):
        self._bus = id
        self._register = {}  # address -> the register a plain read starts from

    def scan(self):
        return [
            device.address
            for device in virtual_world.devices
            if virtual_world.chip_at(self._bus, device.address) is device and not device.failing
        ]

    def readfrom_mem(self, addr, memaddr, nbytes, *, addrsize=8):
        return self._device(addr).chip.read(memaddr, nbytes)

    def readfrom_mem_into(self, addr, memaddr, buf, *, addrsize=8):
        buf[:] = self._device(addr).chip.read(memaddr, len(buf))

    def writeto_mem(self, addr, memaddr, buf, *, addrsize=8):
        device = self._device(addr)
        device.chip.write(memaddr, buf)
        virtual_world.start_if_armed(device)

    def readfrom(self, addr, nbytes, stop=True):
        device = self._device(addr)
        return device.chip.read(self._register.get(addr, 0), nbytes)

    def readfrom_into(self, addr, buf, stop=True):
        buf[:] = self.readfrom(addr, len(buf))

    def writeto(self, addr, buf, stop=True):
        self._device(addr)
        if len(buf) > 0:
            self._register[addr] = buf[0]
        if len(buf) > 1:
            self.writeto_mem(addr, buf[0], buf[1:])
        return len(buf)

    def _device(self, address):
        virtual_world.pump()
        device = virtual_world.chip_at(self._bus, address)
        if device is None:
            raise OSError(errno.ENODEV)
        if device.failing:
            raise OSError(errno.EIO)
        return device


class SoftI2C(I2C):
    def __init__(self, scl=None, sda=None, *, freq=400_000, timeout=50_000):
        super().__init__(None)  # it can be on the pins of any bus


class ADC:
    """A converter whose pin is open: nothing simulated drives it."""

    def __init__(self, id):
        pass

    def read_u16(self):
        return 0


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        self.due_us = 0
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, freq=-1, period=-1, callback=None, hard=False):
        self.deinit()
        period_us = round(1_000_000 / freq) if freq > 0 else period * 1000
        if period_us <= 0:
            raise ValueError("a timer needs a freq or a period above 0")
        self._period_us = period_us if mode == self.PERIODIC else 0
        self._callback = callback
        self.due_us = virtual_world.elapsed_us() + period_us
        virtual_world.timers.append(self)
        virtual_world.schedule()

    def deinit(self):
        if self in virtual_world.timers:
            virtual_world.timers.remove(self)
            virtual_world.schedule()

    def fire(self, called):
        """Call the callback through `called`; False if the timer is over."""
        self.due_us += self._period_us
        return called(self._callback, self) and self._period_us > 0


class _Memory:
    """The address space: the words of players, and words that just keep what is written."""

    def __init__(self):
        self._words = {}

    def __getitem__(self, address):
        device = virtual_world.player_at(address)
        if device is None:
            return self._words.get(address, 0)
        if address == device.address:
            virtual_world.pump()
        return device.chip.read_word(address - device.address, device.failing)

    def __setitem__(self, address, value):
        device = virtual_world.player_at(address)
        if device is None:
            self._words[address] = value & 0xFFFFFFFF
            # An actuator on a bus has its value in such a word.
            virtual_world.moved_to(address, value & 0xFFFFFFFF)
        else:
            device.chip.write_word(address - device.address, value)
            virtual_world.start_if_armed(device)


mem32 = _Memory()


class WDT:
    """The supervisor keeps the time and kills the interpreter, whatever that is doing."""

    def __init__(self, id=0, timeout=5000):
        # Feeding is told no more often than this, so it may bite up to a quarter early.
        self._interval_ms = timeout // 4
        self._told_ms = time.ticks_ms()
        virtual_world.event("watchdog %d" % timeout)

    def feed(self):
        now = time.ticks_ms()
        if time.ticks_diff(now, self._told_ms) >= self._interval_ms:
            self._told_ms = now
            virtual_world.event("fed")


def reset_cause():
    # As on rp2, which knows no other two.
    return WDT_RESET if virtual_world.reset_cause in ("watchdog", "software") else PWRON_RESET


def reset():
    """Start again as after power-on, main.py included."""
    virtual_world.restart("hard")


def soft_reset():
    raise SystemExit


def unique_id():
    return _UNIQUE_ID


def freq():
    return _FREQUENCY_HZ


def idle():
    virtual_world.idle()

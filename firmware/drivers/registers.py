"""Any I2C chip that keeps its readings in registers, described in rivulet.toml alone.

At a fixed rate the register of each channel is read, one transfer a channel. What a chip needs at
its start is in `init`, a list of [register, byte, ...].
"""

from rivulet.sensing.triggers import every

KIND = "sensor"
# None: the setting `channels` lists them, one table each, with the keys of CHANNEL_SETTINGS.
CHANNELS = None
UNITS = None
LIMITS = None
TRIGGER = "timer"
BUS = "i2c"
PINS = {}
SETTINGS = {
    "address": (None, 8, 119),
    "rate_hz": (10, 1, 1000),
    "init": ((),),
    "channels": (None,),
}
CHANNEL_SETTINGS = {
    "name": (None,),
    "unit": ("",),
    "register": (None, 0, 255),
    # Unsigned or signed, bits, and which byte comes first: the big end or the little one.
    # fmt: off
    "type": (
        None,
        (
            "u8",
            "i8",
            "u16be",
            "u16le",
            "i16be",
            "i16le",
            "u24be",
            "u24le",
            "i24be",
            "i24le",
            "u32be",
            "u32le",
            "i32be",
            "i32le",
        ),
    ),
    # fmt: on
    # Value = count * scale + offset.
    "scale": (1.0,),
    "offset": (0.0,),
}


class Driver:
    def __init__(self, bus, pins, address, rate_hz, init, channels):
        self._bus = bus
        self._address = address
        self._rate_hz = rate_hz
        self._init = init
        self._registers = tuple(_Register(channel) for channel in channels)
        self._timer = None
        self.interval_us = 1000000 // rate_hz
        if any(each.offset or each.size > 3 for each in self._registers):
            self.read_raw = None  # counts know no offset, and integers at most 31 bits
        else:
            self.scales = tuple(each.scale for each in self._registers)

    def start(self, handler):
        """Set the chip up; `handler` is called `rate_hz` times a second.

        Raises OSError if the chip does not answer, or if no timer is free.
        """
        self.stop()
        for register, *data in self._init:
            self._bus.writeto_mem(self._address, register, bytes(data))
        for register in self._registers:
            register.count(self._bus, self._address)
        self._timer = every(self._rate_hz, handler)

    def read(self, out):
        """Write every channel's value into `out`; raises OSError when the bus fails."""
        for index in range(len(self._registers)):
            register = self._registers[index]
            count = register.count(self._bus, self._address)
            out[index] = count * register.scale + register.offset

    def read_raw(self, out):
        """Write every channel's count into `out`, allocating nothing; raises OSError."""
        for index in range(len(self._registers)):
            out[index] = self._registers[index].count(self._bus, self._address)

    def stop(self):
        if self._timer is not None:
            self._timer.deinit()
            self._timer = None


class _Register:
    """One channel's register: where it is and what its bytes mean."""

    def __init__(self, settings):
        kind = settings["type"]
        bits = int(kind[1:].rstrip("bel"))
        self.scale = settings["scale"]
        self.offset = settings["offset"]
        self.size = bits // 8
        self._sign = 1 << (bits - 1) if kind[0] == "i" else 0
        self._little = kind.endswith("le")
        self._register = settings["register"]
        self._data = bytearray(self.size)

    def count(self, bus, address):
        """Read the register. Allocates nothing up to 24 bits."""
        data = self._data
        bus.readfrom_mem_into(address, self._register, data)
        value = 0
        for index in range(self.size):
            value = value << 8 | data[-1 - index if self._little else index]
        # The xor moves a signed count to 0 and up, and the difference moves it back.
        return (value ^ self._sign) - self._sign

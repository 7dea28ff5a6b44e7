"""What sensors and actuators share: bus and pins."""

from typing import Annotated

from msgspec import Meta, Struct

_Pin = Annotated[
    int | str, Meta(description="a GPIO number, or the name of one of the board's pins")
]
Pins = Annotated[
    dict[str, _Pin],
    Meta(description="a table of the driver's pin names, each with a GPIO number or a pin's name"),
]
_BusNumber = Annotated[
    Annotated[int, Meta(ge=0, le=15)] | None,
    Meta(description="a bus number of the chip, 0 to 15"),
]

DRIVER = "the name of a driver: a file of drivers/ in this folder, or of Rivulet's own"


class BusTable(Struct, forbid_unknown_fields=True):
    """A bus of the chip. Sensors and actuators that share one state it alike."""

    i2c: _BusNumber = None
    spi: _BusNumber = None
    uart: _BusNumber = None
    sda: _Pin | None = None
    scl: _Pin | None = None
    sck: _Pin | None = None
    mosi: _Pin | None = None
    miso: _Pin | None = None
    tx: _Pin | None = None
    rx: _Pin | None = None
    hz: Annotated[
        Annotated[int, Meta(ge=1, le=100_000_000)] | None,
        Meta(description="the clock of I2C or SPI, 1 to 100000000 Hz"),
    ] = None
    baud: Annotated[
        Annotated[int, Meta(ge=50, le=10_000_000)] | None,
        Meta(description="bits per second of the UART, 50 to 10000000"),
    ] = None

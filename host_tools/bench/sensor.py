"""What a real MPU-6050's event costs: the bus by the bits on the wire, the rest as measured.

On I2C a byte is 9 bits, eight and the acknowledgement; a start, a repeated start and a stop count
as a bit each. A reading writes the chip's address and the register's number, starts again, and
reads the address and the sample. On SPI a byte is 8 bits, and a reading is the register's number
and the sample. Pauses of a controller between bytes are not counted.
"""

from typing import Any

_HERTZ = 400_000
_SAMPLE_BYTES = 14  # six channels and the temperature between them
_SPI_HERTZ = 1_000_000, 8_000_000
# In a FIFO the temperature can be left out.
_FIFO_SAMPLE_BYTES = 12
_FIFO_COUNT_BYTES = 2
_FIFO_SAMPLES = 8


def i2c_bits(count: int) -> int:
    """Return the bits of reading `count` bytes from a register on."""
    return 3 + 9 * (3 + count)


def spi_bits(count: int) -> int:
    """Return the bits of reading `count` bytes from a register on."""
    return 8 * (1 + count)


def sentences(found: dict[str, Any]) -> list[str]:
    """Return the sentences of the page; found: what bench_sensor.py printed."""
    bus_us = i2c_bits(_SAMPLE_BYTES) * 1e6 / _HERTZ
    rest_us = found["median_us"] - found["transfer_us"]
    spi = [f"{spi_bits(_SAMPLE_BYTES) * 1e6 / hertz:.0f} µs" for hertz in _SPI_HERTZ]
    burst = i2c_bits(_FIFO_COUNT_BYTES) + i2c_bits(_FIFO_SAMPLES * _FIFO_SAMPLE_BYTES)
    fifo_us = burst * 1e6 / _HERTZ / _FIFO_SAMPLES
    return [
        f"A real sensor: an event of an MPU-6050, six channels, takes {rest_us + bus_us:.0f} µs "
        f"through the whole loop. {bus_us:.0f} µs of them are its bus: "
        f"{i2c_bits(_SAMPLE_BYTES)} bits at 400 kHz ({found['transfer_us']} µs on this board, "
        "MicroPython's driver of the controller included, in whose place they stand here). "
        f"Decoding takes {found['viper_us']} µs, in plain Python {found['python_us']} µs; "
        f"for a model in floats a reading takes {found['floats_us'] - found['integers_us']} µs "
        "more.",
        f"Other buses, by their bits alone: SPI takes {spi[0]} at 1 MHz and {spi[1]} at 8 MHz, if "
        f"a chip has it (the MPU-6000 does). A burst of {_FIFO_SAMPLES} samples from the "
        f"chip's FIFO, temperature left out, takes {fifo_us:.0f} µs a sample at 400 kHz, and its "
        f"samples come up to {_FIFO_SAMPLES - 1} intervals late.",
    ]

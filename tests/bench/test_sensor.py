"""The cost of a real sensor's event: bits on the wire, and the page's sentences."""

from host_tools.bench import report, sensor
from tests.bench.test_bench import report as a_report

_FOUND = {
    **{"median_us": 800, "heap_bytes": 0, "transfer_us": 420},
    **{"integers_us": 450, "floats_us": 520, "viper_us": 21, "python_us": 130},
}


def test_bits_of_a_reading() -> None:
    # Start, address, register, start again, address, one byte, stop; on SPI register and byte.
    assert sensor.i2c_bits(1) == 1 + 9 + 9 + 1 + 9 + 9 + 1
    assert sensor.i2c_bits(14) == 156 and sensor.spi_bits(14) == 120


def test_the_page_has_the_bus_by_its_bits_and_the_rest_as_measured() -> None:
    text = "\n".join(sensor.sentences(_FOUND))
    assert "takes 770 µs through the whole loop. 390 µs of them are its bus: 156 bits" in text
    assert "Decoding takes 21 µs, in plain Python 130 µs" in text
    assert "a reading takes 70 µs more" in text
    assert "SPI takes 120 µs at 1 MHz and 15 µs at 8 MHz" in text
    # 48 bits for how many there are, and 894 for eight samples of 12 bytes.
    assert "takes 294 µs a sample at 400 kHz" in text


def test_it_is_on_the_page_where_it_was_measured() -> None:
    assert "A real sensor" in report.quoted(a_report(sensor=_FOUND))
    assert "A real sensor" not in report.quoted(a_report())

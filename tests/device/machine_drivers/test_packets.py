"""Numbers in packets over a UART."""

import struct

from drivers import packets


class Uart:
    """A UART whose arrived bytes a test gives."""

    IRQ_RXIDLE = 16

    def __init__(self):
        self.arrived = b""
        self.handler = None

    def irq(self, handler, trigger):
        self.handler = handler if trigger else None

    def any(self):
        return len(self.arrived)

    def read(self, count):
        taken, self.arrived = self.arrived[:count], self.arrived[count:]
        return taken


def _packet(*values):
    body = struct.pack("<%df" % len(values), *values)
    return b"\xa5" + body + bytes((sum(body) & 0xFF,))


def _driver():
    bus = Uart()
    channels = [{"name": name, "unit": ""} for name in ("x", "v")]
    driver = packets.Driver(bus, {}, rate_hz=50, channels=channels)
    driver.start(print)
    return bus, driver


def _fails(driver):
    try:
        driver.read([0.0, 0.0])
    except OSError:
        return True
    return False


def test_a_packet_is_read_when_the_line_falls_silent():
    bus, driver = _driver()
    assert bus.handler is print and driver.interval_us == 20000
    bus.arrived = _packet(1.5, -0.25)
    out = [0.0, 0.0]
    driver.read(out)
    assert out == [1.5, -0.25]
    driver.stop()
    assert bus.handler is None


def test_of_several_packets_the_newest_counts():
    bus, driver = _driver()
    bus.arrived = _packet(1.0, 2.0) + _packet(3.0, 4.0)
    out = [0.0, 0.0]
    driver.read(out)
    assert out == [3.0, 4.0]


def test_a_packet_may_come_in_pieces():
    bus, driver = _driver()
    whole = _packet(5.0, 6.0)
    bus.arrived = whole[:4]
    assert _fails(driver)
    bus.arrived = whole[4:]
    out = [0.0, 0.0]
    driver.read(out)
    assert out == [5.0, 6.0]


def test_a_damaged_packet_is_left_out():
    bus, driver = _driver()
    damaged = bytearray(_packet(1.0, 2.0))
    damaged[3] ^= 1
    bus.arrived = bytes(damaged)
    assert _fails(driver)
    # The next one is found again.
    bus.arrived = b"\x00\x17" + _packet(7.0, 8.0)
    out = [0.0, 0.0]
    driver.read(out)
    assert out == [7.0, 8.0]


def test_nothing_arrived_is_an_error_of_the_bus():
    assert _fails(_driver()[1])

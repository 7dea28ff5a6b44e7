"""The example of docs/drivers.md against the worked example of the chip's data sheet."""

import struct

import bmp280
import fake_machine as machine

from rivulet.sensing import timers

_events = bytearray(1)


def _handler(_):
    _events[0] += 1


def _chip():
    machine.port("rp2")
    timers._numbered = False
    bus = machine.I2C(0x76)
    bus.registers[0xD0] = 0x58
    words = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
    bus.registers[0x88:0xA0] = struct.pack("<HhhHhhhhhhhh", *words)
    for register, count in ((0xF7, 415148), (0xFA, 519888)):
        bus.registers[register : register + 3] = bytes(
            (count >> 12, count >> 4 & 0xFF, count << 4 & 0xFF)
        )
    return bus, bmp280.Driver(bus, {}, address=0x76, rate_hz=10)


def test_the_worked_example_of_the_data_sheet():
    bus, driver = _chip()
    driver.start(_handler)
    out = [0.0, 0.0]
    driver.read(out)
    assert abs(out[0] - 25.08) < 0.01 and abs(out[1] - 100653.27) < 2, out
    assert bus.written == [(0xF5, b"\x00"), (0xF4, b"\x2f")]


def test_the_timer_makes_the_events():
    _, driver = _chip()
    _events[0] = 0
    driver.stop()
    driver.start(_handler)
    driver.start(_handler)
    assert [timer.freq for timer in machine.Timer.running] == [10]
    machine.tick()
    assert _events[0] == 1
    driver.stop()
    assert not machine.Timer.running


def test_another_chip_and_one_that_is_not_ready_do_not_start():
    for register, value in ((0xD0, 0x60), (0xF3, 0x01)):
        bus, driver = _chip()
        bus.registers[register] = value
        try:
            driver.start(_handler)
        except OSError:
            assert not machine.Timer.running
        else:
            raise AssertionError("register 0x%02x" % register)

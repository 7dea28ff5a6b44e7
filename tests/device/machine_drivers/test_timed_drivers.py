"""Sensors that a timer reads: the chip's converter, and chips with registers."""

from array import array

import fake_machine as machine

from drivers import adc, registers
from rivulet.sensing import timers, triggers

_events = bytearray(1)


def _handler(_):
    _events[0] += 1


def _on():
    machine.port("rp2")
    timers._numbered = False
    triggers.failed[0] = None
    _events[0] = 0


def _close(a, b):
    return abs(a - b) <= 1e-5 * max(abs(a), abs(b), 1)


def _converter(*channels, **settings):
    settings = dict({"rate_hz": 50, "reference": 3.3}, **settings)
    channels = [
        {"name": "x", "unit": "V", "scale": scale, "offset": offset} for scale, offset in channels
    ]
    driver = adc.Driver(None, {"adc": 26}, channels=channels, **settings)
    driver.start(_handler)
    return driver


def test_a_count_is_a_voltage_or_what_it_stands_for():
    _on()
    out = [0.0, 0.0]
    driver = _converter((1.0, 0.0), (25.0, -12.5), reference=3.0)
    machine.ADC.counts[26] = 65535
    driver.read(out)
    assert _close(out[0], 3.0) and _close(out[1], 62.5)
    machine.ADC.counts[26] = 0
    driver.read(out)
    assert out == [0.0, -12.5]


def test_integers_get_the_count_if_no_offset_is_in_the_way():
    _on()
    counts, out = array("i", (0, 0)), [0.0, 0.0]
    driver = _converter((2.0, 0.0), (1.0, 0.0))
    machine.ADC.counts[26] = 1000
    machine.interrupt(driver.read_raw, counts)  # allocates nothing
    driver.read(out)
    assert counts[0] == counts[1] == 1000
    assert all(_close(counts[i] * driver.scales[i], out[i]) for i in range(2))
    driver = _converter((2.0, 0.0), (1.0, 0.1))
    assert driver.read_raw is None and not hasattr(driver, "scales")


def test_the_timer_makes_the_events():
    _on()
    driver = _converter((1.0, 0.0), rate_hz=200)
    machine.tick()
    assert _events[0] == 1 and machine.Timer.running[0].freq == 200
    assert driver.interval_us == 5000
    driver.stop()
    driver.stop()
    assert not machine.Timer.running


def _channel(register, kind, scale=1.0, offset=0.0):
    return {"name": "x", "unit": "", "register": register, "type": kind, "scale": scale,
            "offset": offset}  # fmt: skip


def _chip(bus, *channels, **settings):
    settings = dict({"address": 0x48, "rate_hz": 10, "init": ()}, **settings)
    return registers.Driver(bus, {}, channels=channels, **settings)


def test_every_type_of_register():
    _on()
    bus = machine.I2C(0x48)
    bus.registers[0x10:0x14] = b"\xfe\x01\x02\x83"
    expected = (
        ("u8", 0xFE), ("i8", -2), ("u16be", 0xFE01), ("u16le", 0x01FE), ("i16be", -511),
        ("i16le", 0x01FE), ("u24be", 0xFE0102), ("u24le", 0x0201FE), ("i24be", -130814),
        ("i24le", 0x0201FE), ("u32be", 0xFE010283), ("u32le", 0x830201FE), ("i32be", -33488253),
        ("i32le", 0x830201FE - 0x100000000),
    )  # fmt: skip
    assert tuple(kind for kind, _ in expected) == registers.CHANNEL_SETTINGS["type"][1]
    for kind, value in expected:
        driver = _chip(bus, _channel(0x10, kind))
        driver.start(_handler)
        out = [0]
        driver.read(out)
        # A float of 32 bits keeps 24 of them.
        assert abs(out[0] - value) <= abs(value) * 1e-7, (kind, out[0], value)


def test_values_have_scale_and_offset_and_counts_have_neither():
    _on()
    bus = machine.I2C(0x48)
    bus.registers[0:4] = b"\x0c\x80\x00\x64"
    driver = _chip(bus, _channel(0, "i16be", 0.0078125), _channel(2, "u16be", 0.1, -5.0))
    out = [0.0, 0.0]
    driver.read(out)
    assert _close(out[0], 25.0) and _close(out[1], 5.0)
    assert driver.read_raw is None
    assert _chip(bus, _channel(0, "u32be")).read_raw is None
    driver = _chip(bus, _channel(0, "i16be", 0.0078125), _channel(2, "u24be", 0.5))
    counts = array("i", (0, 0))
    machine.interrupt(driver.read_raw, counts)  # allocates nothing
    assert counts[0] == 0x0C80 and counts[1] == 0x6400
    assert driver.scales == (0.0078125, 0.5)


def test_the_chip_is_set_up_and_a_timer_makes_the_events():
    _on()
    bus = machine.I2C(0x48)
    driver = _chip(bus, _channel(0, "i16be"), init=([1, 0x60, 0xA0], [2, 7]))
    driver.start(_handler)
    assert bus.written == [(1, b"\x60\xa0"), (2, b"\x07")]
    machine.tick()
    assert _events[0] == 1 and machine.Timer.running[0].freq == 10
    driver.stop()
    assert not machine.Timer.running


def test_a_chip_that_does_not_answer_does_not_start():
    _on()
    bus = machine.I2C(0x49)
    driver = _chip(bus, _channel(0, "i16be"))
    for act in (lambda: driver.start(_handler), lambda: driver.read([0.0])):
        try:
            act()
        except OSError:
            assert not machine.Timer.running
        else:
            raise AssertionError("nothing was taken for a chip")

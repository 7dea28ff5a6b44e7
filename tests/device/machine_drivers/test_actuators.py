"""The shipped actuators: levels and pulse widths for values, and off at the start."""

import fake_machine as machine

from drivers import digital_out, led, pwm_motor, servo


def _made(module, pins, **settings):
    machine.port("rp2")
    defaults = {name: setting[0] for name, setting in module.SETTINGS.items()}
    driver = module.Driver(None, pins, **dict(defaults, **settings))
    driver.start()
    return driver


def test_the_led_is_lit_above_0():
    for invert in (False, True):
        driver = _made(led, {"led": 25}, invert=invert)
        assert machine.Pin.levels[25] == invert
        for value, lit in ((1.0, True), (0.0, False), (0.01, True), (2, True), (0, False)):
            driver.write(value)
            assert machine.Pin.levels[25] == (lit != invert), value


def test_a_relay_is_on_above_its_threshold():
    for invert in (False, True):
        driver = _made(digital_out, {"out": 6}, threshold=60.0, invert=invert)
        assert machine.Pin.levels[6] == invert
        for value, on in ((59.0, False), (60.5, True), (-3.0, False)):
            driver.write(value)
            assert machine.Pin.levels[6] == (on != invert), value


def test_a_motor_has_power_and_direction():
    driver = _made(pwm_motor, {"pwm": 9, "direction": 8}, frequency_hz=1000)
    assert machine.PWM.pulses[9] == [1000, "u16", 0]
    for value, width, backwards in ((0.5, 32767, 0), (-1.0, 65535, 1), (0.0, 0, 0)):
        driver.write(value)
        assert machine.PWM.pulses[9][2] == width and machine.Pin.levels[8] == backwards, value


def test_a_motor_without_direction_stops_rather_than_turn_back():
    driver = _made(pwm_motor, {"pwm": 9})
    driver.write(1)
    assert machine.PWM.pulses[9][2] == 65535
    driver.write(-0.5)
    assert machine.PWM.pulses[9][2] == 0 and 8 not in machine.Pin.levels


def test_a_servos_pulse():
    driver = _made(servo, {"servo": 16}, lowest_us=600, highest_us=2400)
    assert machine.PWM.pulses[16] == [50, "u16", 0]
    for value, width in ((0.0, 600000), (0.5, 1500000), (1.0, 2400000)):
        driver.write(value)
        assert machine.PWM.pulses[16] == [50, "ns", width]

"""Units: one form, comparison, conversion."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.project.units import UnitError, conversion, normalise, parse, same


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("m/s²", "m/s^2"),
        ("m/s2", "m/s^2"),
        ("m/s**2", "m/s^2"),
        ("m·s⁻²", "m/s^2"),
        (" m s^-2 ", "m/s^2"),
        ("km/h", "km/h"),
        ("1/s", "1/s"),
        ("°C", "degC"),
        ("°/s", "deg/s"),
        ("µT", "uT"),
        ("kΩ", "kOhm"),
        ("1", "1"),
        ("", ""),
        ("widgets per day", "widgets per day"),
    ],
)
def test_one_form(text, form):
    assert normalise(text) == form
    assert normalise(form) == form


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("m", "cm", 1.5, 150.0),
        ("g", "m/s^2", 2.0, 19.6133),
        ("mg", "m/s^2", 1000.0, 9.80665),
        ("deg/s", "rad/s", 180.0, math.pi),
        ("dps", "deg/s", 7.0, 7.0),
        ("rpm", "deg/s", 1.0, 6.0),
        ("rpm", "rad/s", 60.0, 2 * math.pi),
        ("km/h", "m/s", 36.0, 10.0),
        ("degC", "K", 20.0, 293.15),
        ("degF", "degC", 212.0, 100.0),
        ("degC", "degF", 100.0, 212.0),
        ("degC/s", "K/min", 1.0, 60.0),
        ("hPa", "kPa", 1013.0, 101.3),
        ("bar", "Pa", 1.0, 1e5),
        ("mV", "V", 12.0, 0.012),
        ("mA", "A", 12.0, 0.012),
        ("%", "1", 50.0, 0.5),
        ("gauss", "uT", 1.0, 100.0),
        ("1/min", "Hz", 60.0, 1.0),
        ("V", "W/A", 3.0, 3.0),
    ],
)
def test_conversions(source, target, value, expected):
    factor, offset = conversion(source, target)
    assert value * factor + offset == pytest.approx(expected, rel=1e-12)
    back, shift = conversion(target, source)
    assert expected * back + shift == pytest.approx(value, rel=1e-12)


def test_a_difference_of_temperatures_has_no_offset():
    assert conversion("degC/s", "K/s") == (1.0, 0.0)


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("m", "s", "m cannot be converted to s: they measure different things"),
        ("rad/s", "Hz", "different things"),
        ("widget", "m", "'widget' is not a unit"),
        ("", "m", "not stated"),
        ("m/", "m", "not a unit"),
        ("m^99", "m", "not a unit"),
        ("cs", "s", "'cs' is not a unit"),
    ],
)
def test_what_cannot_be_converted(source, target, message):
    with pytest.raises(UnitError, match=message):
        conversion(source, target)
    assert not same(source, target)


def test_same():
    assert same("m/s²", "m/s2")
    assert same("rpm", "rev/min")
    assert same("", "")
    assert same("widget", "widget")
    assert not same("g", "m/s^2")
    assert not same("", "m")
    assert not same("degC", "K")


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_a_unit_error(text):
    normalise(text)
    assert same(text, text)
    try:
        parse(text)
    except UnitError:
        return
    assert same(normalise(text), text)

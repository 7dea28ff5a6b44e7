"""Whatever stands in rivulet.toml, it is examined or refused in one line, never a traceback."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from host_tools.errors import RivuletError
from host_tools.project import examine, rig
from tests.project.projects import GOOD, write

SETTINGS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
VALUES = st.recursive(
    st.one_of(
        st.integers(),
        st.sampled_from(["nan", "inf", "1e400", "-0.0", "1979-05-27", "07:32:00", "true", "0x1f"]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from(
            ["", "sonar", "imu", "class", "y0", "y9", "m", "cm", "\\u0000", "../x", "a.b"]
        ).map(lambda text: f'"{text}"'),
        st.text(
            st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters='"\\'),
            max_size=5,
        ).map(lambda text: f'"{text}"'),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda all_: f"[{', '.join(map(str, all_))}]"),
        st.dictionaries(
            st.sampled_from(
                ["i2c", "sda", "scl", "hz", "echo", "trigger", "distance", "name", "x"]
            ),
            inner,
            max_size=3,
        ).map(lambda d: "{ " + ", ".join(f"{k} = {v}" for k, v in d.items()) + " }"),
    ),
    max_leaves=4,
)
KEYS = [
    *("board.name", "board", "sensors", "sensors.sonar", "sensors.sonar.driver", "model.file"),
    *("sensors.sonar.pins", "sensors.sonar.pins.echo", "sensors.sonar.channels", "model"),
    *("sensors.sonar.units", "sensors.sonar.rate_hz", "sensors.sonar.gain", "sensors.imu.bus"),
    *("sensors.imu.bus.i2c", "sensors.imu.bus.hz", "sensors.imu.address", "sensors.imu.units"),
    *("sensors.any.driver", "sensors.any.channels", "sensors.any.init", "sensors.new"),
    *("actuators.fan.from", "actuators.fan.table", "actuators.fan.limits", "actuators.fan.safe"),
    *("actuators.fan.slew_per_s", "actuators.fan.pins.pwm", "actuators", "nonsense"),
]


def consider(file: Path) -> None:
    """Examine a file: what comes of it is a rig, or lines."""
    try:
        found = examine(file)
    except RivuletError as error:
        lines = [str(error)]
    else:
        lines = found.problems
        if not lines:
            compile(rig.source(found.project), "rig.py", "exec")
    assert all(re.fullmatch(r"[^\n]+", line) for line in lines), lines
    assert all(line.startswith(str(file)) for line in lines), lines


@SETTINGS
@given(st.binary(max_size=80))
def test_any_bytes(tmp_path, content):
    file = tmp_path / "rivulet.toml"
    file.write_bytes(content)
    consider(file)


@SETTINGS
@given(st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=6))
def test_any_values(tmp_path, changes):
    """Keys of a good project get other values; what TOML itself refuses is refused in a line."""
    wanted = {
        "board.name": '"rpi_pico"',
        "sensors.sonar.driver": '"sonar"',
        "sensors.sonar.pins": "{ trigger = 2, echo = 3 }",
        "sensors.imu.driver": '"imu"',
        "sensors.imu.bus": "{ i2c = 0, sda = 4, scl = 5 }",
        "sensors.imu.pins": "{ interrupt = 15 }",
        "actuators.fan.driver": '"motor"',
        "actuators.fan.pins": "{ pwm = 9 }",
        "actuators.fan.from": '"class"',
        **dict(changes),
    }
    # A key and one below it cannot both stand in a file.
    lines = [
        f"{key} = {value}"
        for key, value in wanted.items()
        if not any(other != key and key.startswith(other + ".") for other, _ in changes)
        and not any(key.startswith(other + ".") for other in wanted if other != key)
    ]
    file = write(tmp_path, "\n".join(lines))
    consider(file)


@SETTINGS
@given(st.text(max_size=30), st.integers(0, len(GOOD)))
def test_any_text_in_the_middle(tmp_path, text, place):
    file = tmp_path / "rivulet.toml"
    write(tmp_path, "")
    file.write_bytes((GOOD[:place] + text + GOOD[place:]).encode("utf-8", "surrogatepass"))
    consider(file)


@pytest.mark.parametrize(
    "content",
    [
        b"x = " + b"[" * 5000 + b"]" * 5000,
        b"x = 1" + b"0" * 5000,
        b"a" * (1 << 21),
        b"[board]\nname = 'rpi_pico'\n[model]\nfile = \"\\u0000\"",
        b'[board]\nname = "\\u0000/x"',
        b'[board]\nname = "/"',
        b"[board]\nname = 'rpi_pico'\n[model]\nfile = '.'",
    ],
    ids=["deep", "number", "large", "NUL in a model", "NUL in a board", "root", "folder"],
)
def test_what_a_fuzzer_seldom_finds(tmp_path, content):
    file = tmp_path / "rivulet.toml"
    file.write_bytes(content)
    consider(file)

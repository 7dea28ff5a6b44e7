"""What sensors feed is compared with what a model takes, before a push and in status."""

import re

import pytest

from host_tools.errors import RivuletError
from host_tools.project.feeding import FedChannel, check_push, fed_by, unfed, unit_differences

DESCRIPTION = {
    "sensors": [
        {"name": "imu", "channels": ["ax", "ay"], "units": ["m/s²", "g"]},
        {"name": "knob", "channels": ["level"], "units": [""]},
    ]
}
FED = [
    FedChannel("imu", "ax", "m/s²"),
    FedChannel("imu", "ay", "g"),
    FedChannel("knob", "level", ""),
]


def settings(**units: str) -> dict:
    return {"format": "rivulet-1", "channels": list(units), "units": list(units.values())}


def test_a_board_s_description():
    assert fed_by(DESCRIPTION) == FED


def test_unfed_channels():
    assert unfed(["ax", "speed", "level", "heat"], FED) == ["speed", "heat"]


def test_one_unit_in_two_writings_does_not_differ():
    assert unit_differences(["ax"], ["m/s2"], FED) == []
    assert check_push(DESCRIPTION, settings(ax="m/s^2"), False) == []


def test_differing_units_are_refused_with_what_to_write():
    with pytest.raises(RivuletError) as refused:
        check_push(DESCRIPTION, settings(ax="g", ay="g"), True)
    assert str(refused.value) == (
        "nothing was sent: ax: the model takes g, the sensor gives m/s²: write units = "
        '{ ax = "g" } in [sensors.imu] of rivulet.toml and flash again'
    )


def test_units_of_other_dimensions_have_nothing_to_write():
    with pytest.raises(
        RivuletError, match="ax: the model takes V, the sensor gives m/s²: m/s² can"
    ):
        check_push(DESCRIPTION, settings(ax="V"), True)


@pytest.mark.parametrize(
    ("units", "warning"),
    [
        ({"ax": ""}, "ax: the model does not state its unit; the sensor gives m/s²"),
        ({"level": "V"}, r"level: the sensor's unit is not stated, the model takes V: .*\.knob"),
    ],
)
def test_a_unit_that_is_not_stated_is_a_warning(units, warning):
    (found,) = check_push(DESCRIPTION, settings(**units), False)
    assert re.match(warning, found)


def test_unfed_channels_are_refused_unless_allowed():
    with pytest.raises(
        RivuletError, match=r"no sensor of this board feeds speed, heat \(its chan"
    ):
        check_push(DESCRIPTION, settings(ax="m/s^2", speed="m/s", heat="K"), False)
    assert check_push(DESCRIPTION, settings(ax="m/s^2", speed="m/s"), True) == []


def test_of_recordings_that_are_played_there_is_no_wiring_to_mend():
    played = {"sensors": [{"name": "recording", "channels": ["a", "b"], "units": ["g", ""]}]}
    with pytest.raises(RivuletError) as refused:
        check_push(played, settings(a="m/s^2"), True)
    assert str(refused.value) == (
        "nothing was sent: a: the model takes m/s^2, the sensor gives g, which NAME.json beside "
        "the recordings states: train a model of them"
    )
    (warning,) = check_push(played, settings(b="V"), False)
    assert warning.endswith("if that is the recordings', state it in NAME.json beside them")
    with pytest.raises(RivuletError, match=r"plays have no c \(their channels: a, b\)"):
        check_push(played, settings(a="g", c="V"), False)

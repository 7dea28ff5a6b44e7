"""The table [policy]: as a model file says it, and what it contradicts."""

from pathlib import Path

import numpy as np
import pytest

from host_tools.convert import convert
from host_tools.errors import RivuletError
from host_tools.project import examine, load, policy, rig
from rivulet.model import FORMAT_2

_BOARD = '[board]\nname = "rpi_pico"\n'
_MOTOR = '[actuators.{}]\ndriver = "pwm_motor"\npins = {{ pwm = {} }}\nfrom = "{}"\n'
_VALUES = '[train]\ntask = "value"\ntarget = ["speed", "heat"]\n'
_PID = (
    '[[policy.controllers]]\nname = "drive"\nkind = "pid"\ninput = "speed"\nsetpoint = "heat"\n'
    "kp = 2\n"
)


def written(folder: Path, *tables: str) -> Path:
    file = folder / "rivulet.toml"
    file.write_text(_BOARD + "".join(tables), encoding="utf-8")
    return file


def model_file(folder: Path, policy: dict, channels: list[str], outputs: int = 2, **own) -> Path:
    weights = {
        **{f"{gate}.recurrent": np.zeros((2, 2)) for gate in ("alpha", "drive")},
        **{f"{gate}.input": np.zeros((2, len(channels))) for gate in ("alpha", "drive")},
        **{f"{gate}.bias": np.zeros(2) for gate in ("alpha", "drive")},
        "readout.weight": np.zeros((outputs, 2)),
        "readout.bias": np.zeros(outputs),
    }
    path = folder / "model.safetensors"
    settings = {"channels": channels, "units": [""] * len(channels), "convention": "current"}
    convert(weights, settings | {"policy": {"cadence_us": 20000} | policy} | own).save(path)
    return path


def problems(file: Path, model: Path | None = None) -> str:
    return "\n".join(examine(file, model).problems)


def test_values_are_named_by_their_outputs(tmp_path: Path):
    states = '[[policy.states]]\nname = "a"\nto = [["heat", ">", 1, 20, "b"]]\n'
    states += '[[policy.states]]\nname = "b"\n'
    file = written(tmp_path, _VALUES, "[policy]\nhorizon_ms = 40\n", states, _PID)
    said = load(file).policy
    assert said == {
        "horizon_ms": 40.0,
        "states": [{"name": "a", "to": [["y1", ">", 1, 20, "b"]]}, {"name": "b"}],
        "controllers": [
            {"name": "drive", "kind": "pid", "input": "y0", "setpoint": "y1", "kp": 2.0}
        ],
    }


def test_a_controller_knows_the_limits_of_what_it_drives(tmp_path: Path):
    motor = _MOTOR.format("fan", 9, "drive") + "limits = [-0.5, 0.5]\nslew_per_s = 2\n"
    (made,) = load(written(tmp_path, _VALUES, _PID, motor)).policy["controllers"]
    assert (made["limits"], made["slew_per_s"]) == ([-0.5, 0.5], 2)
    own = _PID + "limits = [0, 0.25]\n"
    (made,) = load(written(tmp_path, _VALUES, own, motor)).policy["controllers"]
    assert made["limits"] == [0, 0.25]


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ("[policy]\ncadence_us = 0\n", "policy.cadence_us: is 0; allowed is"),
        ("[policy.classes]\nhysteresis = 1\n", "policy.classes.hysteresis: is 1; allowed is"),
        ("[policy.classes]\nlead = 1\n", "policy.classes.lead: is no key of this table"),
        ("[[policy.states]]\nto = []\n", "policy.states[0].name: is missing"),
        (_PID.replace("kp", "kq"), "policy.controllers[0].kq: is no key of this table"),
        (_PID.replace("kp = 2", "kp = 0"), "policy: controller 'drive': it needs kp, ki or kd"),
        (_PID.replace('"speed"', '"sped"'), "controller 'drive': input: the model has no output"),
        (_PID.replace('"drive"', '"speed"'), "'speed' is a target too: rename the controller"),
        (_MOTOR.format("fan", 9, "drift") + _PID, '"drift" is a class of no model'),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, table: str, line: str):
    assert line in problems(written(tmp_path, _VALUES, table))


def test_what_contradicts_the_model(tmp_path: Path):
    model = model_file(tmp_path, {}, ["a", "action.fan"])
    said = problems(written(tmp_path, _VALUES, _PID, _MOTOR.format("van", 9, "drive")), model)
    assert "policy.controllers: the model's file says otherwise" in said
    assert (
        "actuators: the model takes 'action.fan', and there is none: did you mean 'van'?" in said
    )
    said = problems(written(tmp_path, _MOTOR.format("fan", 9, "state")), model)
    assert "actuators.fan.from: the model's policy has no states" in said
    states = {"states": [{"name": "a", "to": [["y0", ">", 1, 0, "b"]]}, {"name": "b"}]}
    model = model_file(tmp_path, states, ["a", "action.fan"])
    assert not problems(written(tmp_path, _MOTOR.format("fan", 9, "state")), model)
    assert 'write "state"' in problems(written(tmp_path, _MOTOR.format("fan", 9, "class")), model)
    table = "table = { a = 0, c = 1 }\n"
    said = problems(written(tmp_path, _MOTOR.format("fan", 9, "state"), table), model)
    assert "has no entry for the model's state 'b'" in said
    assert "fan.table.c: the model has no such state" in said


def test_actuators_are_driven_by_controllers_and_states(tmp_path: Path):
    states = {"states": [{"name": "a", "to": [["y0", ">", 1, 0, "b"]]}, {"name": "b"}]}
    own = {"controllers": [{"name": "drive", "kind": "pid", "input": "y0", "kp": 1}]}
    model = model_file(tmp_path, states | own, ["a"])
    names = ("drive", "state", "b", "y1")
    motors = "".join(_MOTOR.format(f"m{i}", 9 + i, name) for i, name in enumerate(names))
    file = written(tmp_path, f'[model]\nfile = "{model.name}"\n', motors)
    assert not problems(file)
    project = load(file)
    from host_tools.project import model_of

    driven = [rig.drives(each, model_of(project)) for each in project.actuators.values()]
    assert driven == [
        ("drive", None),
        ("class", None),
        ("class", {"a": 0.0, "b": 1.0}),
        ("y1", None),
    ]


def test_the_format_is_the_oldest_that_carries_the_policy(tmp_path: Path):
    from host_tools.model_header import read_settings

    for said, channels, wanted in (
        ({}, ["a"], "rivulet-1"),
        ({"horizon_ms": 5}, ["a"], FORMAT_2),
        ({}, ["a", "age.a"], FORMAT_2),
    ):
        assert read_settings(model_file(tmp_path, said, channels))[0]["format"] == wanted
    with pytest.raises(RivuletError, match="policy: controller 'x': its kind is 'pd'"):
        model_file(tmp_path, {"controllers": [{"name": "x", "kind": "pd"}]}, ["a"])


def test_a_table_that_says_nothing_says_nothing(tmp_path: Path):
    assert load(written(tmp_path)).policy == {}
    assert policy.states({}) == policy.controllers({}) == []

"""Cadences that a board holds, and those that it cannot."""

from pathlib import Path

import pytest

from host_tools.commands import main
from host_tools.convert import convert
from host_tools.cost.cadence import cadence_fault, decision_us
from host_tools.integers.quantise import quantise
from tests.conftest import random_weights

_TICKED = ["a", "b", "age.a", "fresh.a", "age.b", "fresh.b"]


def model(path: Path, *, int8: bool = False, **settings: object) -> Path:
    weights, own = random_weights(hidden=32)
    made = convert(weights, own | {"convention": "current"} | settings)
    (quantise(made) if int8 else made).save(path)
    return path


def test_a_decision_is_about_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    measured = decision_us(model(path, int8=True), "rpi_pico")
    assert measured == pytest.approx(1600, rel=0.15)
    assert decision_us(model(path), "rpi_pico") == pytest.approx(7640, rel=0.25)
    assert decision_us(path, "my_own") is None


def test_a_tick_with_a_horizon_moves_twice(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    once = decision_us(model(path, channels=_TICKED), "rpi_pico")
    again = {"cadence_us": 20000, "horizon_ms": 40}
    twice = decision_us(model(path, channels=_TICKED, policy=again), "rpi_pico")
    assert once is not None and twice is not None and 1.4 * once < twice < 2 * once


def test_a_cadence_that_is_too_short_is_refused(tmp_path: Path, monkeypatch, capsys) -> None:
    path = tmp_path / "m.safetensors"
    assert cadence_fault(model(path, policy={"cadence_us": 20000}), "rpi_pico") == ""
    assert cadence_fault(model(path, policy={"cadence_us": 5000}), "virtual") == ""
    said = cadence_fault(path, "rpi_pico")
    assert "decides every 5 ms, and a decision takes about 8" in said
    file = tmp_path / "rivulet.toml"
    file.write_text(f'[board]\nname = "rpi_pico"\n[model]\nfile = "{path.name}"\n')
    monkeypatch.setattr("sys.argv", ["rivulet", "check", "--project", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    output = capsys.readouterr()
    assert "decides every 5 ms" in output.err and "1 contradiction" in output.out

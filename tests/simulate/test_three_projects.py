"""Three machines run on the virtual board from a TOML alone, and their actuators move."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.three_projects import MACHINES
from tests.virtual_command import virtual

Run = Callable[..., subprocess.CompletedProcess[str]]
# Each status takes a new process: the board has moved on in between.
_MOST_LOOKS = 60


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_runs_from_its_toml_alone(name: str, tmp_path: Path, rivulet: Run) -> None:
    machine = MACHINES[name]
    project = machine.write(tmp_path / "machine")

    with virtual("--project", project) as (port, notes):

        def status() -> dict:
            done = rivulet("status", "--port", port, "--json")
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout)

        facts = status()
        told = {each["name"]: (each["channels"], each["units"]) for each in facts["sensors"]}
        assert told == machine.sensors
        assert [each["error"] for each in facts["sensors"]] == [""] * len(told)
        assert facts["resting"] == "no model" and facts["boot_error"] == ""
        assert facts["actuators"] == [{"name": machine.actuator, "value": 0.0, "error": ""}]

        model = machine.model(tmp_path / "model.safetensors")
        done = rivulet("push", model, "--port", port)
        assert done.returncode == 0, done.stderr
        values: set[float] = set()
        for _ in range(_MOST_LOOKS):
            facts = status()
            if not facts["resting"]:
                values.add(facts["actuators"][0]["value"])
            if len(values) > (0 if machine.classes else 2):
                break
        assert facts["events"] > 0 and facts["unfed"] == [] and facts["unit_differences"] == []
        if machine.classes:
            assert values == {1.0}
        else:
            assert len(values) > 2 and all(0 < value <= 1 for value in values)
        # The actuator's pin moved, not only its value.
        assert any(note.startswith(f"{machine.actuator}: ") for note in notes)

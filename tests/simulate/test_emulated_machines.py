"""Projects on an emulated Pico: a machine's sensors and actuators from its TOML alone.

Slow, so it runs only when PICO_UF2 names an image with ulab: PICO_UF2=file.uf2 pytest ...
"""

import time
from pathlib import Path

import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.deploy.payload import ACTIVE, PayloadFile, build_payload, on_a_board
from host_tools.faults import Given
from host_tools.faults._pico import ARCH, make_flash
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.project import load
from host_tools.simulate import stimulus
from host_tools.simulate.emulated import EmulatedPico
from host_tools.simulate.play import play
from host_tools.simulate.rigs import simulate
from tests.conftest import make_model
from tests.pico_image import NEEDED, UF2
from tests.three_projects import MACHINES
from tests.three_sensors import CHANNELS as PROJECT_CHANNELS
from tests.three_sensors import DAC, RECORDING, RIG, VALVE

pytestmark = [*NEEDED, pytest.mark.timeout(6000)]
# A hang guard, in seconds of this machine: one without other work needs a tenth.
_HANG_S = 3000


def _with_project(
    folder: Path,
    project_folder: Path,
    model: Path,
    made: stimulus.Stimulus,
    moved: list[tuple[str, str]],
    micropython: Path,
) -> EmulatedPico:
    """A board, still off, with a project and a model in its flash, whose sensors play `made`.

    moved: gets (actuator, state) whenever the pin of an actuator changes.
    """
    simulated = simulate(load(project_folder))
    (folder / "pico").mkdir()
    files = on_a_board(build_payload(load_board("rpi_pico"), ARCH, simulated.project))
    files.append(PayloadFile(ACTIVE, model.read_bytes()))
    make_flash(Given(False, 1, folder, micropython), folder / "pico" / "flash.bin", files)
    pico = EmulatedPico(
        folder / "pico",
        Path(UF2),
        wiring=simulated.wiring,
        on_output=lambda name, state: moved.append((name, state)),
    )
    pico.stimulus = folder / "stimulus.bin"
    made.write(pico.stimulus)
    return pico


@pytest.mark.parametrize("name", ["imu_led", "sonar_encoder_motor"])
def test_a_machine_runs_from_its_toml_alone(name: str, tmp_path: Path, micropython: Path) -> None:
    machine = MACHINES[name]
    project = machine.write(tmp_path / "machine")
    model = machine.model(tmp_path / "model.safetensors")
    made = play("sine", list(load(project).sensors.values()))
    moved: list[tuple[str, str]] = []
    values: set[float] = set()
    with (
        _with_project(tmp_path, project, model, made, moved, micropython) as pico,
        Board(str(pico.port), pico.timeout_scale) as wire,
    ):
        end = time.monotonic() + _HANG_S
        while len(values) < (1 if machine.classes else 3) and time.monotonic() < end:
            facts = wire.status()
            if not facts["resting"]:
                values.add(facts["actuators"][0]["value"])
        told = {each["name"]: (each["channels"], each["units"]) for each in facts["sensors"]}
    assert told == machine.sensors and facts["boot_error"] == "" and facts["events"] > 0
    if machine.classes:
        assert values == {1.0}
    else:
        assert len(values) == 3 and all(0 < value <= 1 for value in values)
    # The pin moved, not only the value.
    assert len([name for name, _ in moved if name == machine.actuator]) >= len(values)


def test_a_project_of_three_sensors_a_motor_and_a_valve(tmp_path: Path, micropython: Path) -> None:
    """Chip and players, converted by the rig, reach the model's inputs; the outputs are told."""
    (tmp_path / "pump" / "drivers").mkdir(parents=True)
    (tmp_path / "pump" / "drivers" / "dac.py").write_text(DAC)
    (tmp_path / "pump" / "rivulet.toml").write_text(RIG + VALVE)
    (tmp_path / "recording.csv").write_text(RECORDING)
    model = make_model(tmp_path / "model.safetensors", channels=PROJECT_CHANNELS)
    made = play(str(tmp_path / "recording.csv"), list(load(tmp_path / "pump").sensors.values()))
    moved: list[tuple[str, str]] = []
    pico = _with_project(tmp_path, tmp_path / "pump", model, made, moved, micropython)
    with pico, Board(str(pico.port), pico.timeout_scale) as wire:
        wire.subscribe(5.0)
        records: list[Record] = []
        end = time.monotonic() + _HANG_S
        while not pico.stimulus_done or records[-1].events < made.sent:
            assert time.monotonic() < end, records[-1:]
            records += wire.records(0.5)
        facts = wire.status()
    assert [sensor["error"] for sensor in facts["sensors"]] == ["", "", ""]
    assert sum(facts["bus_errors"]) == 0
    inputs = records[-1].blocks["inputs"][:5]
    np.testing.assert_allclose(inputs, [-0.5, 0, 151.5, 0, 30], rtol=1e-5, atol=1e-9)
    last = dict(moved)
    assert last.keys() == {"fan", "valve"} and last["valve"] == "1.25"
    share, unit = last["fan"].split()[:2]
    assert unit == "%" and float(share) == pytest.approx(25, abs=0.1)

"""The firmware on a real MicroPython image for the Pico, emulated instruction by instruction.

Slow, so it runs only when PICO_UF2 names an image with ulab: PICO_UF2=file.uf2 pytest ...
"""

import csv
import hashlib
import io
import itertools
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.convert import convert, read_weights
from host_tools.data.recordings import Recordings
from host_tools.deploy.flash import flash
from host_tools.deploy.mpy import compile_module
from host_tools.deploy.payload import ON_PATH
from host_tools.errors import RivuletError
from host_tools.link.raw_repl import raw_repl
from host_tools.link.records import Record
from host_tools.link.wire import Board
from host_tools.paths import MODELS, ROOT
from host_tools.simulate import stimulus
from host_tools.simulate.emulated import EmulatedPico
from rivulet import model as device_model
from rivulet import protocol
from rivulet.store import learnt
from tests.conftest import CHANNELS, make_model, random_weights
from tests.imu import as_read
from tests.pico_image import NEEDED, UF2
from tests.trained_weights import CASCADE, CFC, LTC, UNITS, cascade, cfc, ltc, own, running

pytestmark = [*NEEDED, pytest.mark.timeout(6000)]
# A hang guard, in seconds of this machine: one without other work needs a tenth.
_HANG_S = 3000

Run = Callable[..., subprocess.CompletedProcess[str]]

# 2 * 32 units by 32 + 6 inputs + 1, the size of the reference model.
_MEASURE_HEAP = f"""
{ON_PATH}
import gc
from array import array
from rivulet.arrays import floats, np
from rivulet.store.uploads import Store
model = Store("measured").load_active()
values = floats(np.array([0.5, -0.5, 9.8, 0.1, -0.1, 0.2]))
slots = model.slots(model.channels)
model.event(60_000_000, slots, values)
gc.collect()
gc.disable()
before = gc.mem_alloc()
for _ in range(8):
    model.event(10_000, slots, values)
print((gc.mem_alloc() - before) // 8)
"""


def _mpremote(pico: EmulatedPico, *arguments: object) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", str(pico.port), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_HANG_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def flashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a board with the firmware on it, switched off."""
    folder = tmp_path_factory.mktemp("flashed")
    with EmulatedPico(folder, Path(UF2)) as pico:
        report = flash(str(pico.port), load_board("rpi_pico"), timeout_scale=pico.timeout_scale)
    assert report.ulab and report.form == ".mpy for armv6m"
    return folder


@pytest.fixture
def pico(flashed: Path, tmp_path: Path) -> Iterator[EmulatedPico]:
    """A board with the firmware, switched on; whatever happens it ends switched off."""
    folder = tmp_path / "pico"
    folder.mkdir()
    shutil.copy(flashed / "flash.bin", folder)
    with EmulatedPico(folder, Path(UF2)) as made:
        # An emulated port is there before main.py is, sooner than a person's could be opened: a
        # Ctrl-C that comes before main.py has looked for a key starts the board again.
        with _wire(made):
            pass
        yield made


def _wire(pico: EmulatedPico) -> Board:
    return Board(str(pico.port), pico.timeout_scale)


def _push(pico: EmulatedPico, model: Path) -> str:
    with _wire(pico) as wire:
        wire.push(model.read_bytes())
    return hashlib.sha256(model.read_bytes()).hexdigest()


def test_device_tests_on_the_board(pico: EmulatedPico, tmp_path: Path) -> None:
    """A part of tests/device, compiled and copied by the real mpremote: kernels on ulab, the
    ring, the guard, what actuators are given."""
    modules = ["test_action", "test_ring", "test_float32", "test_guard", "test_arrays"]
    shared = ("fixtures", "kernel_cases")
    names = (*shared, *modules)
    sources = [next((ROOT / "tests" / "device").rglob(f"{name}.py")) for name in names]
    compiled = []
    for source in (ROOT / "tests" / "device_runner.py", *sources):
        target = tmp_path / f"{source.stem}.mpy"
        target.write_bytes(compile_module(source, "armv6m", source.name))
        compiled.append(target)
    _mpremote(pico, "mkdir", ":tests")
    _mpremote(pico, "fs", "cp", *compiled, ":tests/")
    code = f"{ON_PATH}sys.path.append('tests'); import device_runner as d; d.run({modules})"
    said = _mpremote(pico, "exec", code)
    assert " passed, 0 failed" in said.splitlines()[-1], said


def test_viper_framing_and_the_heap_of_an_event(pico: EmulatedPico, tmp_path: Path) -> None:
    """Once its mean has settled, an event of 32 units and 6 channels takes at most 1000 bytes."""
    model = make_model(tmp_path / "active.safetensors", hidden=32)
    _mpremote(pico, "mkdir", ":measured", "+", "fs", "cp", model, ":measured/")
    with raw_repl(str(pico.port), pico.timeout_scale) as repl:
        assert 0 < int(repl.run(_MEASURE_HEAP)) <= 1000
        said = repl.run(
            "from rivulet import protocol as p\n"
            "body = bytes(range(256)) * 2\n"
            "sent = p.frame(p.PUSH_DATA, 7, body)\n"
            "d = p.Deframer(1024)\n"
            "found = [d.feed(byte) for byte in sent]\n"
            "print(found.count(p.FRAME), found[-1], bytes(d.body[2:d.length]) == body)\n"
            "print(min(sent) >= 0x20)"
        )
    assert said.split() == ["1", "1", "True", "True"]


def test_a_stream_equals_its_replay(pico: EmulatedPico, tmp_path: Path, rivulet: Run) -> None:
    """Pin interrupts, I2C, ulab and USB together, against numpy over the same events."""
    model = make_model(tmp_path / "model.safetensors")
    digest = _push(pico, model)
    pico.power_off()
    random = np.random.default_rng(1)
    recordings = Recordings(
        values=random.normal(0, 3, (1, 50, 6)),
        labels=np.array([0]),
        classes=("calm",),
        channels=tuple(CHANNELS),
        units=("m/s^2",) * 3 + ("rad/s",) * 3,
        period_us=40_000,
    )
    # What comes while the host connects may be read late.
    made = stimulus.build(
        recordings, [0], drop=0.4, jitter_us=9_000, gap_us=3_000_000, bus_faults=0.1, seed=3
    )
    failed = int(np.count_nonzero(made.records["flags"] & stimulus.BUS_FAILS))
    assert failed and made.sent > 25
    pico.stimulus = tmp_path / "stimulus.bin"
    made.write(pico.stimulus)
    pico.power_on()
    with _wire(pico) as wire:
        wire.subscribe(10.0)
        records: list[Record] = []
        end = time.monotonic() + _HANG_S
        while not pico.stimulus_done or records[-1].events + records[-1].bus_errors < made.sent:
            assert time.monotonic() < end, records[-1:]
            records += wire.records(0.5)
        facts = wire.status()
        assert wire.frames_corrupt == 0
    assert facts["model_hash"] == digest and facts["backend"] == "ulab"
    assert facts["events"] == made.sent - failed and sum(facts["bus_errors"]) == failed
    assert facts["late"] == 0 and sum(facts["dropped"]) == 0
    # The board's own clock and the emulator's agree on when the last event happened.
    assert pico.stimulus_start_us is not None
    last = records[-1]
    good = made.records[made.records["flags"] & stimulus.BUS_FAILS == 0]
    assert 0 <= last.t_us - pico.stimulus_start_us - int(good["t_us"][-1]) < 200

    events, out = tmp_path / "events.csv", tmp_path / "out.csv"
    _write_events(events, good)
    done = rivulet("replay", model, events, "-o", out, "--runtime", "numpy")
    assert done.returncode == 0, done.stderr
    row = list(csv.DictReader(out.open()))[-1]
    state = [float(row[f"x{i}"]) for i in range(6)]
    tau = [float(row[f"tau{i}"]) for i in range(6)]
    np.testing.assert_allclose(last.blocks["state"], state, atol=1e-4)
    np.testing.assert_allclose(last.tau, tau, rtol=1e-3)


def _play_noise(pico: EmulatedPico, tmp_path: Path) -> stimulus.Stimulus:
    """Switch a board on again with 1,000 events of a sensor before it, three a second."""
    pico.power_off()
    random = np.random.default_rng(4)
    recordings = Recordings(
        values=random.normal(0, 2, (1, 1000, 6)),
        labels=np.array([0]),
        classes=("calm",),
        channels=tuple(CHANNELS),
        units=("m/s^2",) * 3 + ("rad/s",) * 3,
        period_us=300_000,
    )
    made = stimulus.build(recordings, [0], jitter_us=100_000, seed=5)
    pico.stimulus = tmp_path / "stimulus.bin"
    made.write(pico.stimulus)
    pico.power_on()
    return made


def test_models_of_two_kinds_take_turns(pico: EmulatedPico, tmp_path: Path) -> None:
    """The models of the demo: the heap stays in pieces that are large enough, and loading them
    leaves interrupts enough of the stack, so that events go on."""
    kinds = ("weights", Dtype.float32), ("weights_b", Dtype.int8)
    _play_noise(pico, tmp_path)
    with _wire(pico) as wire:
        events = 0
        for number in range(5):
            name, dtype = kinds[number % 2]
            weights = read_weights(MODELS / "activity" / f"{name}.npz")
            model, _ = build(*weights, Options(dtype=dtype))
            model.save(tmp_path / "turn.safetensors")
            wire.push((tmp_path / "turn.safetensors").read_bytes())
            end = time.monotonic() + _HANG_S
            facts = wire.status()
            while facts["events"] <= events:
                assert time.monotonic() < end, facts
                facts = wire.status()
            events = facts["events"]
            assert facts["swaps"] == number + 1 and facts["memory_errors"] == 0


def test_cells_are_pushed_while_events_come(pico: EmulatedPico, tmp_path: Path) -> None:
    """One after another into the running loop; from one record to a later one each moves as
    numpy does over the same events."""
    made = _play_noise(pico, tmp_path)
    fed = ["accel_x", "accel_y", "gyro_z"]
    with _wire(pico) as wire:
        for weights, metadata in (
            (own("ctrnn"), {"cell": "ctrnn"}),
            (cascade((3, 3), "v", True), CASCADE),
            (cfc(), CFC),
            (ltc(), LTC),
        ):
            model = convert(weights, metadata | {"channels": fed})
            model.save(tmp_path / "live.safetensors")
            before = wire.status()["swaps"]
            wire.push((tmp_path / "live.safetensors").read_bytes())
            assert wire.status()["swaps"] == before + 1
            wire.subscribe(5.0)
            first, later = _two_records(wire, model.settings["cell"])
            wire.subscribe(0.0)
            twin = running(model, tmp_path)
            twin.cell.state_floats[:] = np.array(first.blocks["state"])
            twin.cell.input_floats[:] = np.array(first.blocks["inputs"])
            _play(twin, made.records[first.events - 1 : later.events])
            np.testing.assert_allclose(later.blocks["state"], twin.cell.state_floats, atol=2e-4)
            np.testing.assert_allclose(later.blocks["outputs"], twin.outputs(), atol=1e-3)
            np.testing.assert_allclose(later.tau, 1 / np.array(twin.cell.alpha_floats), rtol=1e-3)
        facts = wire.status()
    assert facts["late"] == 0 and sum(facts["dropped"]) == 0 and sum(facts["bus_errors"]) == 0


def test_a_label_is_learnt_on_ulab(pico: EmulatedPico, tmp_path: Path) -> None:
    """In float32 and beside a policy: P loses a part of rank one, the rows move along it alone,
    the file is kept, and 50 KB of the heap stay free."""
    pico.power_off()
    random = np.random.default_rng(6)
    values = random.normal(0, 2, (1, 1000, 6))
    recordings = Recordings(
        values=values,
        labels=np.array([0]),
        classes=("calm",),
        channels=tuple(CHANNELS),
        units=("m/s^2",) * 3 + ("rad/s",) * 3,
        period_us=300_000,
    )
    made = stimulus.build(recordings, [0], jitter_us=100_000, seed=5)
    pico.stimulus = tmp_path / "stimulus.bin"
    made.write(pico.stimulus)
    labelled = tmp_path / "labelled.csv"
    names = ("calm", "moving", "falling")
    lines = [",".join(["t_us", *CHANNELS, "label"])]
    for i in range(90):
        row = random.normal(i // 30 - 1, 1, 6)
        lines.append(",".join([str(300_000 * i), *map(str, row.round(4)), names[i // 30]]))
    labelled.write_text("\n".join(lines) + "\n")
    weights, metadata = random_weights(hidden=32)
    metadata["policy"] = {"cadence_us": 200_000, "classes": {"hysteresis": 0.05, "dwell_ms": 400}}
    model, _ = build(weights, metadata, Options(calibrate=labelled, spare=2))
    path = tmp_path / "model.safetensors"
    model.save(path)
    pico.power_on()
    with _wire(pico) as wire:
        wire.push(path.read_bytes())
        events = wire.status()["events"]
        while wire.status()["events"] < events + 3:
            pass
        assert wire.label(protocol.LABEL_NEW, b"jumping", 0) == 1
        while not wire.labels():
            pass
        image = wire.learnt()
        assert wire.confirm() == "confirmed"
        facts = wire.status()
    assert facts["labels"] == 1 and not facts["labels_on_trial"] and facts["backend"] == "ulab"
    print("heap:", facts["heap_free"], facts["heap_low"], "collection:", facts["gc_worst_us"])
    assert facts["heap_low"] >= 50_000
    data = path.read_bytes()
    before, after = (device_model.load(io.BytesIO(data), len(data)) for _ in range(2))
    assert learnt.apply(after, image, hashlib.sha256(data).hexdigest()) == ""
    assert after.settings["classes"][3] == "jumping"
    lost = _square(before.learner) - _square(after.learner)
    directions, sizes, _ = np.linalg.svd(lost)
    assert sizes[0] > 1e-3 and sizes[1] < 1e-4 * sizes[0]
    centre, scale = (model.tensors[name].astype(float) for name in device_model.ADAPTING[1:])
    moved = np.array(after.learner.rows.values) - np.array(before.learner.rows.values)
    moved = moved.reshape(after.output_count, -1)
    # As rows over phi.
    over_phi = np.hstack([moved[:, :-1] / scale, (moved @ np.append(centre, 1.0))[:, None]])
    along = np.abs(over_phi @ directions[:, 0])
    lengths = np.linalg.norm(over_phi, axis=1)
    assert lengths.max() > 1e-2 and np.allclose(along, lengths, rtol=1e-3, atol=1e-4)


def _square(learner: Any) -> np.ndarray:
    """P as a whole matrix."""
    width = learner.width
    made = np.zeros((width, width))
    made[np.tril_indices(width)] = learner.packed_floats
    return np.asarray(made + made.T - np.diag(np.diag(made)))


def _two_records(wire: Board, cell: str) -> tuple[Record, Record]:
    """Of the model pushed last, with at least three events between them."""
    first = None
    for record in wire.records(_HANG_S):
        if len(record.blocks["state"]) != UNITS or wire.description["model"]["cell"] != cell:
            continue  # of the model before
        if first is None:
            first = record
        elif record.events >= first.events + 3:
            return first, record
    raise AssertionError("no records came")


def _play(model: Any, records: np.ndarray) -> None:
    """Every record's values at its time; the first one's are held already."""
    slots = model.slots(CHANNELS)
    read = as_read(records["values"][1:])
    for (past, now), values in zip(itertools.pairwise(records), read.tolist(), strict=True):
        model.event(int(now["t_us"] - past["t_us"]), slots, values)


def _write_events(path: Path, records: np.ndarray) -> None:
    """The stimulus as the driver sees it."""
    with path.open("w") as file:
        file.write("t_us," + ",".join(CHANNELS) + "\n")
        read = as_read(records["values"])
        for t_us, values in zip(records["t_us"], read.tolist(), strict=True):
            file.write(f"{t_us}," + ",".join(map(repr, values)) + "\n")


def test_power_cut_in_a_push_keeps_the_old_model(pico: EmulatedPico, tmp_path: Path) -> None:
    digest = _push(pico, make_model(tmp_path / "first.safetensors", seed=1, hidden=2))
    other = make_model(tmp_path / "second.safetensors", seed=2, hidden=2)

    def cut(done: int, total: int) -> None:
        if done > total // 2:
            pico.power_off()

    with _wire(pico) as wire, pytest.raises(RivuletError, match="went away"):
        wire.push(other.read_bytes(), cut)
    pico.power_on()
    with _wire(pico) as wire:
        assert wire.status()["model_hash"] == digest
        assert wire.push(other.read_bytes()) in ("state kept", "state reset")
        assert wire.status()["model_hash"] == hashlib.sha256(other.read_bytes()).hexdigest()


def test_an_image_that_does_not_boot_is_told(tmp_path: Path) -> None:
    text = tmp_path / "text.uf2"
    text.write_text("not an image")
    with pytest.raises(RivuletError, match="not a UF2 image"):
        EmulatedPico(tmp_path, text)
    with pytest.raises(RivuletError, match="No such file"):
        EmulatedPico(tmp_path, tmp_path / "absent.uf2")

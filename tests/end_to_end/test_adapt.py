"""Teaching a board's model by labels, and taking home what it learnt."""

import hashlib
import os
import pty
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from host_tools.boards import load_board
from host_tools.build_model.build import Options, build
from host_tools.choices import Dtype
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.link.wire import Board
from host_tools.project import load_default
from host_tools.simulate.play import play
from host_tools.simulate.rigs import simulate
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import CHANNELS, make_model, random_weights
from tests.golden.conftest import COMMAND

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapt") / "labelled.csv"
    random = np.random.default_rng(1)
    lines = [",".join(["t_us", *CHANNELS, "label"])]
    for number in range(200):
        label = "still" if number // 50 % 2 else "walking"
        values = random.normal(0, 0.1 if label == "still" else 2.0, 6)
        lines.append(",".join([str(100_000 * number), *(f"{v:.4f}" for v in values), label]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def playing(board: VirtualBoard, recording: Path, tmp_path: Path) -> VirtualBoard:
    """A board, still off, whose sensor will play the recording again and again."""
    found = load_default(load_board("virtual"))
    made = play(str(recording), list(found.sensors.values()))
    rig = simulate(found)
    board.install(
        (file.path, file.data)
        for file in on_a_board(build_payload(load_board("virtual"), None, rig.project))
    )
    board.wiring = rig.wiring
    board.stimulus = tmp_path / "stimulus.bin"
    board.repeat = True
    made.write(board.stimulus)
    return board


def adaptable(path: Path, recording: Path, dtype: Dtype = Dtype.float32) -> Path:
    weights, metadata = random_weights()
    weights |= {name: weights[name][:2] for name in ("readout.weight", "readout.bias")}
    metadata |= {"classes": ["still", "walking"]}
    options = Options(dtype=dtype, calibrate=recording, spare=2)
    build(weights, metadata, options)[0].save(path)
    return path


def test_teach_keep_and_take_home(
    playing: VirtualBoard, tmp_path: Path, recording: Path, rivulet: Run
) -> None:
    model = adaptable(tmp_path / "model.safetensors", recording)
    playing.power_on()

    def run(*arguments: object, code: int = 0) -> str:
        done = rivulet(*arguments, "--port", playing.port)
        assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    run("push", model)
    assert "nothing yet: rivulet adapt" in run("status")
    said = run("adapt", "--label", "jumping", "--new", "--times", 3, "--every", 0.5)
    assert "3 labels learnt, 3 in all" in said and "on trial for" in said
    assert "3 labels, on trial" in run("status")
    assert "no class 'hopping', only still, walking, jumping; 1 spare" in run(
        "adapt", "--label", "hopping", code=1
    )
    assert "this model has classes" in run("adapt", "--values", "0.5", code=1)
    run("confirm")
    playing.power_off()
    playing.power_on()
    assert "3 labels, kept" in run("status")
    home = tmp_path / "home.safetensors"
    assert "with 3 labels of the board" in run("pull", model, "-o", home)
    with Board(str(playing.port)) as wire:
        before = wire.status()["model_hash"]
    run("push", home)
    with Board(str(playing.port)) as wire:
        described = wire.model()
        assert described["classes"][:3] == ["still", "walking", "jumping"]
        assert described["spare"] == 1
        assert described["hash"] == hashlib.sha256(home.read_bytes()).hexdigest() != before
    assert "give the file that was pushed" in run(
        "pull", model, "-o", tmp_path / "no.safetensors", code=1
    )
    run("rollback")  # to the model that was taught, with what it learnt
    assert "3 labels, kept" in run("status")
    run("rollback")  # which goes first
    assert "nothing yet" in run("status")


def test_an_integer_model_learns_and_comes_home(
    playing: VirtualBoard, tmp_path: Path, recording: Path, rivulet: Run
) -> None:
    model = adaptable(tmp_path / "model.safetensors", recording, Dtype.int8)
    playing.power_on()
    assert rivulet("push", model, "--port", playing.port).returncode == 0
    done = rivulet("adapt", "--label", "walking", "--times", 2, "--port", playing.port)
    assert done.returncode == 0, done.stderr
    home = tmp_path / "home.safetensors"
    done = rivulet("pull", model, "-o", home, "--port", playing.port)
    assert done.returncode == 0, done.stderr
    with Board(str(playing.port)) as wire:
        assert wire.confirm() == "confirmed"
        # Its dry run, which asks for the same bits, passes on the board.
        wire.push(home.read_bytes())
        assert wire.status()["probes"] == 5 and wire.status()["labels"] == 0


def test_a_model_that_learns_nothing(board: VirtualBoard, tmp_path: Path, rivulet: Run) -> None:
    model = make_model(tmp_path / "model.safetensors")
    board.power_on()
    for push in (False, True):
        if push:
            assert rivulet("push", model, "--port", board.port).returncode == 0
        for words in (("adapt", "--label", "x"), ("pull", model, "-o", tmp_path / "x.st")):
            done = rivulet(*words, "--port", board.port)
            assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
            assert "--spare-classes" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give one of"),
        (("--label", "a", "--keys", "1=b"), "give one of"),
        (("--values", "1,x"), "write numbers"),
        (("--keys", "11=b"), "is no key and label"),
        (("--label", " "), "one line of text"),
    ],
)
def test_mistakes_in_the_command(rivulet: Run, words: tuple[str, ...], said: str) -> None:
    done = rivulet("adapt", *words, "--port", "socket://127.0.0.1:9")
    assert done.returncode == 1 and said in done.stderr, done.stderr


def test_a_keyed_board_takes_labels_with_the_key_alone(
    playing: VirtualBoard, tmp_path: Path, recording: Path, rivulet: Run
) -> None:
    key = bytes(range(32))
    (playing.files / "access").mkdir()
    (playing.files / "access" / "key").write_text(key.hex() + "\n")
    path = tmp_path / "board.key"
    path.write_text(key.hex() + "\n")
    path.chmod(0o600)
    model = adaptable(tmp_path / "model.safetensors", recording)
    playing.power_on()
    with Board(str(playing.port), key=key) as wire:
        wire.push(model.read_bytes())
    for words in (("adapt", "--label", "still"), ("pull", model, "-o", tmp_path / "x.st")):
        done = rivulet(*words, "--port", playing.port)
        assert done.returncode == 1 and "this board is keyed" in done.stderr
    done = rivulet("adapt", "--label", "still", "--key", path, "--port", playing.port)
    assert done.returncode == 0, done.stderr


def test_keys_label_moments(playing: VirtualBoard, tmp_path: Path, recording: Path) -> None:
    playing.power_on()
    with Board(str(playing.port)) as wire:
        wire.push(adaptable(tmp_path / "model.safetensors", recording).read_bytes())
    terminal, other = pty.openpty()
    process = subprocess.Popen(
        [
            *(COMMAND, "adapt", "--seconds", "6"),
            *("--keys", "1=walking,2=jumping", "--new", "--port", str(playing.port)),
        ],
        stdin=other,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and "1 = walking" in process.stdout.readline()
    time.sleep(0.5)
    for key in (b"1", b"x", b"2"):
        os.write(terminal, key)
        time.sleep(1.0)
    said, wrong = process.communicate(timeout=60)
    assert process.returncode == 0, wrong
    assert "walking: label 1" in said and "jumping: label 2" in said
    assert "no label has the key 'x'" in said and "2 labels learnt, 2 in all" in said

"""A board that was set up before: what stands on its flash is read, and what it says of itself.

tests/golden/flash was made by the firmware of the golden commit, on a virtual board. It was
flashed with a key, closed reading, a trusted signing key and no downgrade. Then signed models were
pushed and confirmed: in the end slot a held a float model of version 3 and slot b one in integers
of version 4. It ran under constant inputs until its state had settled, and was released. Its
firmware is left out; an app.py that does nothing stands for it. Edited by hand: a model of version
5 has been confirmed, so that only state.json can tell.
"""

import json
import shutil
import signal
import struct
import subprocess
import time
from binascii import crc32
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rivulet import protocol
from tests.golden.conftest import COMMAND, environment
from tests.golden.held import HERE, hold, types_of
from tests.golden.test_wire import converse_with_key
from tests.golden.wire import Line, Listener, kept_or

Run = Callable[..., subprocess.CompletedProcess[str]]

_FLOAT, _INTEGER = "fa69152e378f", "7709eff7748f"
_FIRMWARE = HERE.parents[1] / "firmware"
# State and outputs of the model in slot b, as that board had them.
_STATE = [0.4543, -0.5086, -0.6794, -0.0760, 0.2942, 0.7871]
_OUTPUTS = [-1.1218, 0.2703, -1.3745]
_INPUTS = [1.5, -2.5, 9.7485, 0.5, -0.25, 0.1245]


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "board.key"
    shutil.copy(HERE / "flash" / "access" / "key", path)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def old(
    new_board: Any, rivulet: Run, key: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """(board, report): the board after `rivulet flash` has put the firmware of today on it."""
    board = new_board(tmp_path_factory.mktemp("old"))
    shutil.copytree(HERE / "flash", board.files)
    snapshot = board.files / "models" / "warm"
    snapshot.write_bytes(_taken_just_now(snapshot.read_bytes()))
    with board:
        line = f"flash --board virtual --port {board.port} --json"
        done = rivulet(*line.split(), RIVULET_KEY=key)
        assert done.returncode == 0, done.stderr
        yield board, json.loads(done.stdout)


def _taken_just_now(snapshot: bytes) -> bytes:
    """The snapshot with the time of today: an hour later it would be too old to go on from."""
    content = bytearray(snapshot[:-4])
    struct.pack_into("<I", content, 14, int(time.time()))
    return bytes(content) + struct.pack("<I", crc32(content))


def test_the_state_goes_on_and_the_key_opens(old: Any, key: Path) -> None:
    board, _ = old
    listener = Listener(board.port)
    with listener.port() as port:
        found = converse_with_key(port, bytes.fromhex(key.read_text()))
    before = kept_or("wire_keyed.txt", listener.lines, _shapes)
    assert _shapes(listener.lines) == _shapes(before)
    blocks = found["record"]["blocks"]
    assert blocks["state"] == pytest.approx(_STATE, abs=4e-3)
    assert blocks["outputs"] == pytest.approx(_OUTPUTS, abs=2e-2)
    assert blocks["inputs"] == pytest.approx(_INPUTS, abs=2e-3)


def test_model_key_and_counters_are_kept(old: Any, rivulet: Run, key: Path) -> None:
    board, _ = old
    assert rivulet("status", "--port", board.port).returncode == 1
    done = rivulet("status", "--port", board.port, "--json", RIVULET_KEY=key)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    facts["sensors"][0]["trouble"] = ["missing"]  # some tenths of a second after the start
    hold("json_status.json", types_of(facts))
    kept = {
        "slot": "b",
        "trial": False,
        "access": "closed",
        "signed_by": "dc9143c35121ddbb",
        "version_at_least": 5,
        "reverts": 1,
        "boots": 2,
    }
    assert {name: facts[name] for name in kept} == kept
    assert [digest[:12] for digest in facts["slot_hashes"]] == [_FLOAT, _INTEGER]
    assert facts["model_hash"].startswith(_INTEGER) and facts["started"].startswith("warm")
    assert facts["reverted"][1] == "by hand" and facts["tau_outside"] == []


def test_old_and_unsigned_models_are_refused(old: Any, rivulet: Run, key: Path) -> None:
    """The float model of version 3 was there before one of version 5 was confirmed."""
    board, _ = old
    done = rivulet("rollback", "--port", board.port, "--key", key)
    assert done.returncode == 1 and "version" in done.stderr


def test_what_flashing_reports_and_leaves(old: Any) -> None:
    board, report = old
    # Whether there is ulab, and whether app.py becomes app.mpy, is up to the interpreter.
    hold("json_flash.json", types_of(report | {"ulab": None, "removed": ["app.py"]}))
    assert report["board"] == "virtual" and report["switched"]
    for name in ("firmware/b/rivulet_manifest.json", "models/a.safetensors", "access/key"):
        assert (board.files / name).is_file(), name
    assert {path.name for path in board.files.iterdir()} == {
        *("access", "earlier", "firmware", "main.py", "models")
    }
    assert (board.files / "firmware" / "active").read_text() == "b"
    for name in ("access/key", "access/settings.json", "models/b.safetensors"):
        assert (board.files / name).read_bytes() == (HERE / "flash" / name).read_bytes()


def test_columns_of_a_recording_that_ctrl_c_ends(old: Any, key: Path, tmp_path: Path) -> None:
    board, _ = old
    with subprocess.Popen(
        [COMMAND, "monitor", "--port", board.port, "--record", tmp_path / "r.csv"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(RIVULET_KEY=key),
    ) as process:
        assert process.stdout is not None and process.stdout.readline().startswith("t ")
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=200)
    assert process.returncode == 0 and "records" in out
    lines = (tmp_path / "r.csv").read_text().splitlines()
    hold("record.csv", lines[0] + "\n")
    assert len(lines) > 1 and {line.count(",") for line in lines} == {lines[0].count(",")}


def test_what_is_written_is_as_before(old: Any, rivulet: Run, key: Path) -> None:
    """The snapshot of a board that is released, and the journal of its start."""
    board, _ = old
    models, before = board.files / "models", HERE / "flash" / "models"
    former = (models / "warm").read_bytes()
    assert rivulet("release", "--port", board.port, "--key", key).returncode == 0
    deadline = time.monotonic() + 100
    while (models / "warm").read_bytes() == former and time.monotonic() < deadline:
        time.sleep(0.05)
    written, kept = ((folder / "warm").read_bytes() for folder in (models, before))
    # All but the time and what the model remembers: magic, flags, sizes; whose snapshot it is.
    assert len(written) == len(kept)
    assert (written[:10], written[22:54]) == (kept[:10], kept[22:54])
    assert written[-4:] == struct.pack("<I", crc32(written[:-4]))
    journals = [(folder / "journal.1").read_bytes() for folder in (models, before)]
    assert all(int(journal[:8], 16) == crc32(journal[9:]) for journal in journals)
    written, kept = (json.loads(journal[9:]) for journal in journals)
    assert written["number"] > kept["number"]
    assert types_of(written).items() >= types_of(kept).items()


def test_main_py_and_the_firmware_may_be_of_different_ages(
    old: Any, rivulet: Run, key: Path
) -> None:
    """As when the power went between the two renames, or the new firmware does not import."""
    board, _ = old
    board.power_off()
    shutil.copy(HERE / "flash" / "main.py", board.files)
    board.power_on()
    assert rivulet("status", "--port", board.port, RIVULET_KEY=key).returncode == 0
    board.power_off()
    shutil.copy(_FIRMWARE / "main.py", board.files)
    (board.files / "firmware" / "active").write_text("a")
    earlier = board.files / "earlier"
    earlier.unlink()
    board.power_on()
    deadline = time.monotonic() + 100
    said = ""
    while not said and time.monotonic() < deadline:
        time.sleep(0.05)
        said = earlier.read_text() if earlier.exists() else ""  # it is there before its text
    assert said == "True, ''"


def _shapes(lines: list[Line]) -> list[tuple[Any, ...]]:
    """Who sent which kind of frame, what is asked for under the key, and how it was answered."""
    found: list[tuple[Any, ...]] = []
    for line in lines:
        kind, payload = line.body[:1], line.body[2:]
        if kind == bytes((protocol.AUTHORISED,)):
            found.append((line.sender, kind, payload[32], len(payload)))
        elif kind == bytes((protocol.REPLY,)):
            found.append((line.sender, kind, payload[:3]))
        elif kind == bytes((protocol.DOCUMENT,)):
            found += [] if payload[4:6] != b"\0\0" else [(line.sender, kind, payload[:2])]
        elif kind:
            found.append((line.sender, kind, len(payload)))
    return found

"""What saving snapshots costs the flash of a Pico; what a warm start is worth."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.build_model.usual_state import usual_state
from host_tools.convert import convert
from host_tools.data.event_table import EventTable
from host_tools.evidence.warm_start import STARTS, compare
from host_tools.integers.quantise import quantise
from host_tools.link.raw_repl import raw_repl
from host_tools.link.wire import Board
from host_tools.paths import FIRMWARE, ROOT
from host_tools.simulate.virtual import VirtualBoard
from tests.conftest import random_weights

# Two years of saves would take too long; the filesystem's habits show in some hundreds.
_SAVES = 960
_SAVES_A_DAY = 96
_BLOCK_LASTS = 100_000

_MEASURE = f"""
import json, os, sys, vfs
class Flash:
    def __init__(self):
        self.data = bytearray(b"\\xff" * 4096 * 352)
        self.erased = [0] * 352
    def readblocks(self, block, buffer, offset=0):
        at = 4096 * block + offset
        buffer[:] = self.data[at : at + len(buffer)]
    def writeblocks(self, block, buffer, offset=0):
        at = 4096 * block + offset
        self.data[at : at + len(buffer)] = buffer
    def ioctl(self, what, argument):
        if what == 4:
            return 352
        if what == 5:
            return 4096
        if what == 6:
            self.erased[argument] += 1
            return 0
flash = Flash()
sys.path[:0] = sys.argv[1:3]
from fixtures import built, tensors
from rivulet.store.snapshot import SnapshotFile
names = ["c%d" % i for i in range(6)]
model = built(
    tensors(32, 6, 4), channels=names, classes=list("abcd"),
    normalisation={{"offset": [0.0] * 6, "scale": [1.0] * 6}},
)
vfs.VfsLfs2.mkfs(flash, progsize=256)
vfs.mount(vfs.VfsLfs2(flash, progsize=256), "/flash")
os.chdir("/flash")
os.mkdir("models")
with open("models/a.safetensors", "wb") as file:
    file.write(bytes(20000))
before = list(flash.erased)
snapshot = SnapshotFile()
for i in range({_SAVES}):
    model.event(40000, tuple(range(6)), [0.1 * (i % 9)] * 6)
    snapshot.save(model, "ab" * 32, i)
each = [now - then for now, then in zip(flash.erased, before)]
print(json.dumps({{
    "saves": snapshot.saves, "erases": sum(each), "most": max(each)
}}))
"""


def _events(rows: np.ndarray) -> EventTable:
    return EventTable(np.arange(len(rows), dtype=np.int64) * 100_000, rows)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
def test_no_transient_after_a_restart(tmp_path: Path, dtype: str) -> None:
    """Inputs that move about a point: snapshot and usual state spare what a cold start costs."""
    random = np.random.default_rng(3)
    centre = random.normal(0, 2, 6)
    rows = centre + 0.3 * random.normal(size=(400, 6))
    weights, settings = random_weights(seed=1, hidden=12)
    model = convert(weights, settings | {"readout_tau_s": 4.0})
    model.settings["warm_start"] = {"prior": usual_state(model, _events(rows[:150]))}
    if dtype == "int8":
        model = quantise(model, _events(rows))
    found = compare(model, _events(rows), 25.0, 3)
    cold, usual, snapshot = (found.differences[name].max() for name in STARTS)
    assert cold > 0.5, "there is a transient to be spared"
    assert snapshot < cold / 10 and usual < cold / 2


@pytest.fixture(scope="module")
def worn(micropython: Path) -> dict[str, Any]:
    done = subprocess.run(
        [micropython, "-X", "heapsize=16M", "-c", _MEASURE, FIRMWARE, ROOT / "tests" / "device"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_flash_outlives_the_machine(worn: dict[str, Any]) -> None:
    assert worn["saves"] == _SAVES
    a_day = worn["erases"] * _SAVES_A_DAY / _SAVES
    assert a_day < 50
    # Even if they all went to one block; littlefs spreads them.
    assert _BLOCK_LASTS / a_day / 365 > 5
    assert worn["most"] < worn["erases"] / 2


def test_a_board_goes_on_where_it_was_left(board: VirtualBoard, model: Path) -> None:
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["started"] == "cold"
        wire.push(model.read_bytes())
    with raw_repl(str(board.port)):
        pass  # Ctrl-C, and a soft reset at the end
    with Board(str(board.port)) as wire:
        assert re.match(r"warm, \d+ s after the last snapshot", wire.status()["started"])
    # The power fails, and somebody else's model is there when it comes back.
    board.power_off()
    (board.files / "models" / "warm").write_bytes(b"RvW1" + bytes(200))
    board.power_on()
    with Board(str(board.port)) as wire:
        assert wire.status()["started"] == "cold: the snapshot is damaged"

"""Heap that one event costs on ulab with each cell, next to test_heap_budget's decay cell."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from host_tools.convert import convert
from host_tools.paths import FIRMWARE
from tests.trained_weights import (
    CASCADE,
    CFC,
    LTC,
    WIRED,
    Arrays,
    cascade,
    cfc,
    lstm,
    ltc,
    own,
    wired,
)

_UNITS = 32

_MEASURE = """
import gc, json, os, sys
sys.path.insert(0, sys.argv[1])
from rivulet import model as device_model
from rivulet.arrays import BACKEND, FLOAT_BYTES, floats, np
def measure(path):
    with open(path, "rb") as file:
        model = device_model.load(file, os.stat(path)[6])
    slots = model.slots(model.channels)
    # Inputs that change: a cascade keeps what depends on those that stay.
    values, others = floats(np.array([0.5, -0.25, 0.125])), floats(np.array([0.25, 0.5, 1.0]))
    model.event(0, slots, values)
    for _ in range(10):
        model.event(40000, slots, values)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for i in range(50):
        model.event(40000, slots, values if i & 1 else others)
    cost = (gc.mem_alloc() - before) // 50
    gc.enable()
    gc.collect()
    assert gc.mem_alloc() - before < 50, "events leave something behind"
    return cost
board = BACKEND == "ulab" and FLOAT_BYTES == 4 and sys.maxsize < 1 << 32
print(json.dumps([measure(path) for path in sys.argv[2:]] if board else None))
"""

# What is converted, and the bytes that an event may take where no assembler multiplies: each
# product makes an array, each in-place operation an object. An LTC has seven rounds of them.
_CELLS: dict[str, tuple[Arrays, dict[str, Any], int]] = {
    "ctrnn": (own("ctrnn", _UNITS), {"cell": "ctrnn"}, 550),
    "cascade": (cascade((_UNITS // 2, _UNITS // 2)), CASCADE, 1550),
    "cascade, rates from v": (cascade((16, 16), "v", True), CASCADE, 1700),
    "node": (own("node", _UNITS, (_UNITS,)), {"cell": "node"}, 4700),
    "ltc": (ltc(_UNITS), LTC, 9300),
    "ltc, mixed memory": (ltc(_UNITS) | lstm(_UNITS), LTC, 11900),
    "cfc": (cfc(layers=0, units=_UNITS), CFC, 1450),
    "cfc, backbone": (cfc(layers=1, units=_UNITS, layer_units=_UNITS), CFC, 2650),
    "cfc, pure": (cfc("pure", 1, _UNITS, _UNITS), CFC | {"mode": "pure"}, 2100),
    "wired cfc": (wired((16, 10, 6)), WIRED, 4400),
}


@pytest.fixture(scope="module")
def measured(micropython: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    folder = tmp_path_factory.mktemp("models")
    paths = [folder / f"{i}.safetensors" for i in range(len(_CELLS))]
    for path, (weights, metadata, _) in zip(paths, _CELLS.values(), strict=True):
        convert(weights, metadata | {"channels": ["a", "b", "c"]}).save(path)
    done = subprocess.run(
        [micropython, "-X", "heapsize=16M", "-c", _MEASURE, FIRMWARE, *paths],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    each = json.loads(done.stdout)
    if each is None:
        pytest.skip("budgets are stated for ulab with a board's own widths")
    return dict(zip(_CELLS, each, strict=True))


@pytest.mark.parametrize("cell", _CELLS)
def test_an_event_keeps_to_its_budget(measured: dict[str, int], cell: str) -> None:
    assert 0 < measured[cell] <= _CELLS[cell][2]

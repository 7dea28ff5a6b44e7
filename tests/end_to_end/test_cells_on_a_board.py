"""Every cell, pushed live into one running virtual board, reports time constants and moves."""

import math
from pathlib import Path
from typing import Any

import pytest

from host_tools.convert import convert
from host_tools.integers.quantise import quantise
from host_tools.link.wire import Board
from host_tools.simulate.virtual import VirtualBoard
from tests.trained_weights import (
    CASCADE,
    CFC,
    LTC,
    UNITS,
    WIRED,
    cascade,
    cfc,
    lstm,
    ltc,
    own,
    wired,
)

_FREE = LTC | {"implicit_param_constraints": False}
_MODELS: list[tuple[str, Any, Any, int]] = [
    ("cascade", cascade(), CASCADE, UNITS),
    ("cascade", cascade((3, 4), "v", True), CASCADE, 7),
    ("ltc", ltc(), LTC, UNITS),
    ("cfc", cfc(), CFC, UNITS),
    ("wired_cfc", wired(), WIRED, UNITS),
    ("ltc", ltc() | lstm(UNITS), LTC, 2 * UNITS),
    ("ctrnn", own("ctrnn"), {"cell": "ctrnn"}, UNITS),
    ("node", own("node"), {"cell": "node"}, UNITS),
]

_INTEGERS: list[tuple[str, Any, Any, int]] = [
    ("cascade", cascade(), CASCADE, UNITS),
    ("cascade", cascade((3, 4), "v", True), CASCADE, 7),
    ("cfc", cfc(), CFC, UNITS),
    ("cfc", cfc("pure"), CFC | {"mode": "pure"}, UNITS),
    ("wired_cfc", wired(), WIRED, UNITS),
    ("wired_cfc", wired() | lstm(UNITS), WIRED, 2 * UNITS),
    ("ltc", ltc(), _FREE, UNITS),
    ("ltc", ltc() | lstm(UNITS), _FREE, 2 * UNITS),
]


@pytest.mark.timeout(180)
def test_every_cell_is_pushed_and_watched(board: VirtualBoard, tmp_path: Path) -> None:
    board.power_on()
    channels = ["accel_x", "accel_y", "gyro_z"]
    with Board(str(board.port)) as wire:
        for i, (cell, weights, metadata, hidden) in enumerate(_MODELS + _INTEGERS):
            path = tmp_path / "m.safetensors"
            model = convert(weights, metadata | {"channels": channels})
            (quantise(model) if i >= len(_MODELS) else model).save(path)
            wire.push(path.read_bytes())
            facts = wire.description["model"]
            assert (facts["cell"], facts["hidden"]) == (cell, hidden)
            wire.subscribe(20.0)
            # Records of the model before may still be on their way.
            record = next(one for one in wire.records(5.0) if len(one.tau) == hidden)
            assert all(0.0 < tau < math.inf for tau in record.tau)
        assert wire.status()["swaps"] == len(_MODELS + _INTEGERS)

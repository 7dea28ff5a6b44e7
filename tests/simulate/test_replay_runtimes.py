"""`rivulet replay` of integer models writes the same bytes on numpy and on MicroPython."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.build_model.prune import prune_connections
from host_tools.convert import ModelFile, convert
from host_tools.integers.quantise import quantise
from host_tools.simulate.replay import replay
from tests.trained_weights import (
    CASCADE,
    CFC,
    LTC,
    UNITS,
    WIRED,
    Arrays,
    cascade,
    cfc,
    lstm,
    ltc,
    wired,
)

_UNITS, _CHANNELS = 11, ["u0", "u1", "u2"]
_DAYS_US = 40 * 86400 * 1_000_000
_CURRENT = {"convention": "current"}
_STATE = {"readout": "state"}
_MEAN = {"readout": "mean", "readout_tau_s": 3.0}


def decay(pruned: float = 0.0, **changes: Any) -> ModelFile:
    random = np.random.default_rng(4)
    weights: Arrays = {
        "readout.weight": random.normal(size=(3, _UNITS)),
        "readout.bias": random.normal(size=3),
    }
    for gate in ("alpha", "drive"):
        weights[f"{gate}.recurrent"] = random.normal(0, 0.4, (_UNITS, _UNITS))
        weights[f"{gate}.input"] = random.normal(0, 1.0, (_UNITS, len(_CHANNELS)))
        weights[f"{gate}.bias"] = random.normal(0, 1.0, _UNITS)
    settings = {"channels": _CHANNELS} | _MEAN | changes
    if pruned:
        weights = prune_connections(weights, settings, pruned)
    return convert(weights, settings)


def other(weights: Arrays, kind: dict[str, Any], **changes: Any) -> ModelFile:
    return convert(weights, kind | {"channels": _CHANNELS} | changes)


def write_events(path: Path) -> None:
    """Gaps from none to days, times that go back, blanks, values out of the channels' range."""
    random = np.random.default_rng(6)
    now = -5_000_000
    with path.open("w") as file:
        file.write("t_us," + ",".join(_CHANNELS) + "\n")
        for number in range(240):
            gap = int(np.exp(random.uniform(0, np.log(_DAYS_US if number % 9 == 0 else 1e6))))
            now += gap * int(random.integers(0, 6) > 0)
            late = 1234 if number % 17 == 5 else 0
            values = random.normal(0, 10.0 ** random.uniform(-2, 2), len(_CHANNELS))
            kept = random.random(len(_CHANNELS)) < (0.0 if number % 20 == 7 else 0.7)
            cells = [f"{v:.7g}" if has else "" for v, has in zip(values, kept, strict=True)]
            file.write(",".join([str(now - late), *cells]) + "\n")


_MODELS = {
    "decay": decay(),
    "decay, current, additive, state": decay(drive="additive", **_CURRENT, **_STATE),
    "decay, sparse": decay(0.7),
    "decay, sparse, current, additive": decay(0.8, drive="additive", **_CURRENT),
    "cfc": other(cfc(), CFC),
    "cfc, previous, mean": other(cfc(), CFC, convention="previous", **_MEAN),
    "cfc, no gate": other(cfc("no_gate", 1), CFC | {"mode": "no_gate"}, **_MEAN),
    "cfc, pure": other(
        cfc("pure", 1), CFC | {"mode": "pure", "activation": "tanh"}, convention="previous"
    ),
    "wired cfc": other(wired((5, 4, 2)), WIRED, **_MEAN),
    "cfc, mixed": other(cfc() | lstm(UNITS), CFC),
    "wired cfc, mixed": other(wired((4, 2)) | lstm(UNITS), WIRED, **_MEAN),
    "ltc, mixed": other(ltc() | lstm(UNITS), LTC),
    "ltc": other(ltc(), LTC),
    "ltc, previous, mean": other(ltc(), LTC, convention="previous", **_MEAN),
    "cascade": other(cascade((5, 4)), CASCADE),
    "cascade, current, v, inputs": other(cascade((5, 3, 2), "v", True), CASCADE, **_CURRENT),
    "cascade, mean, inputs": other(cascade((3, 4), "u", True), CASCADE, **_MEAN),
}


@pytest.mark.parametrize("name", _MODELS)
def test_integer_models_come_out_with_the_same_bytes(
    tmp_path: Path, micropython: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(micropython))
    model, events = tmp_path / "m.safetensors", tmp_path / "e.csv"
    quantise(_MODELS[name]).save(model)
    write_events(events)
    outs = {}
    for runtime in ("numpy", "micropython"):
        out = tmp_path / f"{runtime}.csv"
        report = replay(model, events, out, runtime)
        outs[runtime] = (report, out.read_bytes())
    assert outs["numpy"] == outs["micropython"]
    report, text = outs["numpy"]
    assert (report.events, report.late > 0) == (240, True)
    # Not a comparison of things that stand still.
    rows = np.loadtxt(text.decode().splitlines()[1:], delimiter=",")
    assert (rows[:, 1:].std(axis=0) > 1e-6).sum() > rows.shape[1] // 2

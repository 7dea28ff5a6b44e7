"""Networks of ncps in int8 on MicroPython, over a recording of a person who wears a sensor."""

import csv
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.paths import ROOT

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ncps", reason="needs ncps")

Run = Callable[..., subprocess.CompletedProcess[str]]

_CHANNELS = ("front", "vertical", "lateral", "rssi")
_EVENTS, _TRAINED = 500, 120
_FILE = """
import torch
from torch import nn
from ncps.torch import LTC, CfC
from ncps.wirings import AutoNCP


class Net(nn.Module):
    def __init__(self, rnn):
        super().__init__()
        self.rnn = rnn
        self.fc = nn.Linear(rnn.output_size, 3)

    def forward(self, x, timespans=None):
        y, _ = self.rnn(x, timespans=timespans)
        return self.fc(y)


def net(make):
    torch.manual_seed(5)
    return Net(make())


def cfc():
    return net(lambda: CfC(4, 16, backbone_units=32, backbone_layers=1))


def wired():
    return net(lambda: CfC(4, AutoNCP(20, 4, seed=2)))


def wired_pure():
    return net(lambda: CfC(4, AutoNCP(20, 4, seed=2), mode="pure"))


def cfc_mixed():
    return net(lambda: CfC(4, 12, backbone_units=24, backbone_layers=1, mixed_memory=True))


def wired_mixed():
    return net(lambda: CfC(4, AutoNCP(16, 4, seed=2), mixed_memory=True))


def ltc_mixed():
    return net(lambda: LTC(4, AutoNCP(12, 4, seed=2), mixed_memory=True))
"""


def read() -> tuple[Any, Any, Any]:
    """(times in us, normalised values, classes) of the recording's first events."""
    with (ROOT / "docs" / "own-data" / "ward.csv").open(newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1 : 1 + _EVENTS]
    begin = datetime.fromisoformat(rows[0][0])
    t_us = [round((datetime.fromisoformat(row[0]) - begin).total_seconds() * 1e6) for row in rows]
    values = np.array([[float(cell.replace(",", ".")) for cell in row[1:5]] for row in rows])
    values = (values - values.mean(0)) / values.std(0)
    labels = sorted({row[5] for row in rows})
    return np.array(t_us), values.astype(np.float32), [labels.index(row[5]) for row in rows]


@pytest.mark.parametrize(
    "name", ["cfc", "wired", "wired_pure", "cfc_mixed", "wired_mixed", "ltc_mixed"]
)
def test_it_follows_pytorch(
    name: str, tmp_path: Path, rivulet: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(_FILE)
    t_us, values, classes = read()
    with open("e.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["t_us", *_CHANNELS])
        rows.writerows([t, *map(repr, row.tolist())] for t, row in zip(t_us, values, strict=True))
    Path("said.json").write_text(
        '{"time_unit_s": 1, "channels": ["front", "vertical", "lateral", "rssi"],'
        ' "normalisation": {"offset": [0, 0, 0, 0], "scale": [1, 1, 1, 1]}}'
    )
    network = trained(name, values, np.diff(t_us) * 1e-6, classes)
    torch.save(network.state_dict(), "net.pt")
    with torch.no_grad():
        spans = torch.tensor(np.diff(t_us) * 1e-6).float()
        expected = network(torch.tensor(values[None, 1:]), spans[None])[0].numpy()

    line = ("convert", "net.pt", "--module", f"net.py:{name}", "--metadata", "said.json")
    line += ("--dtype", "int8", "--calibrate", "e.csv", "-o", "m.safetensors")
    done = rivulet(*line, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {}
    for runtime in ("micropython", "numpy"):
        done = rivulet(
            *("replay", "m.safetensors", "e.csv", "-o", "o.csv", "--runtime", runtime),
            cwd=tmp_path,
        )
        assert done.returncode == 0, done.stderr
        table = np.genfromtxt("o.csv", delimiter=",", names=True)
        found[runtime] = np.stack([table[f"y{i}"] for i in range(3)], axis=1)[1:]
    np.testing.assert_array_equal(found["micropython"], found["numpy"])
    error = np.abs(found["numpy"] - expected)
    extent = float(expected.max() - expected.min())
    print(f"int8 {name}: {np.sqrt((error**2).mean()) / extent:.2%} rms, of {extent:.2f}")
    assert np.sqrt((error**2).mean()) < 0.01 * extent
    assert error.max() < 0.05 * extent


def trained(name: str, values: Any, spans: Any, classes: list[int]) -> Any:
    scope: dict[str, Any] = {}
    exec(_FILE, scope)
    network = scope[name]()
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    inputs = torch.tensor(values[None, 1 : 1 + _TRAINED])
    gaps = torch.tensor(spans[None, :_TRAINED]).float()
    wanted = torch.tensor(classes[1 : 1 + _TRAINED])
    for _ in range(8):
        loss = torch.nn.functional.cross_entropy(network(inputs, timespans=gaps)[0], wanted)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network.eval()

"""Networks of an ncps user's own: built from their file, converted, compared with PyTorch."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools import tau
from host_tools.build_model.build import Options, build
from host_tools.build_model.module import build_module
from host_tools.build_model.source import Where, read_source
from host_tools.errors import RivuletError
from host_tools.model_header import read_settings
from host_tools.simulate.replay import replay

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ncps", reason="needs ncps")

Run = Callable[..., subprocess.CompletedProcess[str]]

_EVENTS = 150
_UNIT_S = 0.25
_MEAN, _DEVIATION = np.array([3.0, -40.0]), np.array([0.5, 8.0])

# As a user writes it; `make` has no weights of its own but for the seed.
_FILE = '''
import torch
from torch import nn
from ncps.torch import LTC, CfC, CfCCell
from ncps.wirings import NCP, AutoNCP


class Net(nn.Module):
    def __init__(self, rnn):
        super().__init__()
        self.rnn = rnn
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(getattr(rnn, "proj_size", None) or rnn.output_size, 3)

    def forward(self, x, timespans=None):
        y, _ = self.rnn(x, timespans=timespans)
        return self.fc(self.drop(y))


def _net(make):
    torch.manual_seed(3)
    return Net(make()).eval()


def cfc_default():
    return _net(lambda: CfC(2, 10, backbone_units=16))


def cfc_no_gate():
    return _net(lambda: CfC(2, 10, mode="no_gate", activation="silu", backbone_units=16))


def cfc_pure():
    return _net(lambda: CfC(2, 10, mode="pure", proj_size=4, backbone_units=16))


def cfc_wired():
    return _net(lambda: CfC(2, AutoNCP(14, 4)))


def cfc_mixed():
    return _net(lambda: CfC(2, 7, mixed_memory=True, batch_first=False, backbone_units=16))


def ltc():
    return _net(lambda: LTC(2, AutoNCP(14, 4), ode_unfolds=4))


def ltc_mixed():
    return _net(lambda: LTC(2, NCP(4, 3, 4, 2, 2, 3, 2), mixed_memory=True))


class Soft(Net):
    def forward(self, x, dt):
        return super().forward(x, dt).softmax(-1)


class Last(Net):
    def forward(self, x, elapsed):
        return super().forward(x, elapsed)[:, -1]


class Cell(nn.Module):
    """A loop of one's own over the cell."""

    def __init__(self):
        super().__init__()
        self.cell, self.out = CfCCell(2, 6, backbone_units=8), nn.Linear(6, 3, bias=False)

    def forward(self, x, timespans):
        h = torch.zeros(1, 6, dtype=x.dtype)
        for t in range(x.shape[1]):
            y, h = self.cell(x[:, t], h, timespans[:, t].squeeze())
        return self.out(y)


soft, last, cell = Soft(CfC(2, 8)).eval(), Last(CfC(2, 8)).eval(), Cell().eval()
two = nn.ModuleList([CfC(2, 8), LTC(2, 8)])
fronted = nn.Sequential(nn.Linear(2, 6), CfC(6, 8))
number = 3


def needs(size):
    return CfC(size, 8)


def breaks():
    return CfC(2, None)
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.py"
    path.write_text(_FILE)
    return path


def _metadata(folder: Path) -> Path:
    path = folder / "m.json"
    normalisation = {"offset": _MEAN.tolist(), "scale": (1 / _DEVIATION).tolist()}
    path.write_text(json.dumps({"time_unit_s": _UNIT_S, "normalisation": normalisation}))
    return path


def _events(path: Path) -> tuple[Any, Any]:
    """(values held after each event, gaps in us) of irregular events with blanks."""
    random = np.random.default_rng(8)
    gaps = (10 ** random.uniform(2, 7, _EVENTS)).astype(np.int64)
    gaps[0] = 0
    held, rows, now = _MEAN.copy(), [], 0
    with path.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["t_us", "u0", "u1"])
        for gap in gaps:
            values = np.round(_MEAN + _DEVIATION * random.normal(0, 1, 2), 4)
            carried = random.random(2) < 0.8
            held = np.where(carried, values, held)
            now += int(gap)
            writer.writerow([now, *(v if c else "" for v, c in zip(values, carried, strict=True))])
            rows.append(held)
    return np.array(rows), gaps


def _outputs(path: Path) -> Any:
    with path.open(newline="") as file:
        header, *rows = list(csv.reader(file))
    columns = [i for i, name in enumerate(header) if name.startswith("y")]
    return np.array(rows, float)[1:, columns]


_NAMES = ["cfc_default", "cfc_no_gate", "cfc_pure", "cfc_wired", "cfc_mixed", "ltc", "ltc_mixed"]


def _by_torch(net: Any, held: Any, gaps: Any) -> Any:
    """What the user's own forward() gives for one sequence; the first event only sets inputs."""
    inputs = torch.from_numpy(((held - _MEAN) / _DEVIATION)[1:]).double()
    spans = torch.from_numpy(gaps[1:] * 1e-6 / _UNIT_S).double()
    axis = 0 if net.rnn.batch_first else 1
    with torch.no_grad():
        state = torch.zeros(1, net.rnn.state_size, dtype=torch.float64)
        hx = (state, state.clone()) if net.rnn.use_mixed else state
        out, _ = net.rnn(inputs.unsqueeze(axis), hx, spans.unsqueeze(axis))
        return net.fc(out).squeeze(axis).numpy()


@pytest.mark.parametrize("name", _NAMES)
def test_the_converted_file_computes_what_the_module_computes(
    name: str, tmp_path: Path, file: Path
) -> None:
    spec, events = f"{file}:{name}", tmp_path / "e.csv"
    held, gaps = _events(events)
    expected = _by_torch(build_module(spec).double(), held, gaps)
    source = read_source(Where(module=spec, metadata=_metadata(tmp_path)))
    assert source.live is not None and source.live.compare_forward(2) is None
    model, report = build(source.weights, source.settings, Options(calibrate=events), source.live)
    model.save(tmp_path / "m.safetensors")
    replay(tmp_path / "m.safetensors", events, tmp_path / "o.csv")
    worst = np.abs(_outputs(tmp_path / "o.csv") - expected).max()
    assert worst <= 1e-4 * np.abs(expected).max()
    assert report[-1].startswith(f"float32 against ncps over {_EVENTS - 1} events: outputs off")
    assert float(report[-1].split(", ")[-1].split()[0]) <= 1e-4
    seen = tau.from_provenance(model.settings["provenance"], model.hidden)
    assert list(seen) == list(tau.QUANTILES)
    # The same from the state dict, with the options that no tensor shows.
    torch.save(build_module(spec).state_dict(), tmp_path / "net.pt")
    keys = ("mode", "activation", "ode_unfolds")
    options = {key: source.settings[key] for key in keys if key in source.settings}
    (tmp_path / "W.json").write_text(json.dumps(options))
    where = Where(tmp_path / "net.pt", wiring=tmp_path / "W.json", metadata=_metadata(tmp_path))
    again = read_source(where)
    other, _ = build(again.weights, again.settings, Options())
    assert other.tensors.keys() == model.tensors.keys()
    for tensor, values in model.tensors.items():
        np.testing.assert_array_equal(values, other.tensors[tensor])


def test_fidelity_tells_of_a_model_that_differs(tmp_path: Path, file: Path) -> None:
    events = tmp_path / "e.csv"
    _events(events)
    source = read_source(Where(module=f"{file}:ltc", metadata=_metadata(tmp_path)))
    source.weights["fc.bias"] = source.weights["fc.bias"] + 0.25
    _, report = build(source.weights, source.settings, Options(calibrate=events), source.live)
    assert "outputs off by 0.25 rms" in report[-1]


def test_weights_go_into_the_module(tmp_path: Path, file: Path) -> None:
    net = build_module(f"{file}:cfc_wired")
    with torch.no_grad():
        net.fc.bias += 7.0
    torch.save(net.state_dict(), tmp_path / "trained.pt")
    torch.save(build_module(f"{file}:ltc").state_dict(), tmp_path / "other.pt")
    metadata = _metadata(tmp_path)
    source = read_source(Where(tmp_path / "trained.pt", f"{file}:cfc_wired", None, metadata))
    np.testing.assert_allclose(source.weights["fc.bias"], net.fc.bias.detach().numpy())
    for module, said in (("cfc_wired", "they lack rnn.rnn_cell.layer_0"), ("last", "lack")):
        with pytest.raises(RivuletError, match=said):
            read_source(Where(tmp_path / "other.pt", f"{file}:{module}", None, metadata))


def test_what_forward_does_beside_its_parts_is_warned_about(tmp_path: Path, file: Path) -> None:
    found = {}
    for name in ("soft", "last", "cell"):
        source = read_source(Where(module=f"{file}:{name}", metadata=_metadata(tmp_path)))
        assert source.live is not None
        found[name] = source.live.compare_forward(2)
    assert found["last"] is found["cell"] is None
    said = "Soft.forward() gives other outputs than 'rnn' and the Linear behind it, off by"
    assert found["soft"] is not None and found["soft"].startswith(said)
    source = read_source(Where(module=f"{file}:fronted"))
    with pytest.raises(RivuletError, match="a layer in front of the recurrent part is not"):
        build(source.weights, source.settings, Options())


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("net.py:nothing", "net.py: has no 'nothing'"),
        ("net.py:needs", "'needs' needs arguments: name a function without any"),
        ("net.py:number", "net.py:number is a int: --module takes a torch.nn.Module"),
        ("net.py:breaks", r"net.py, line \d+: \w+: "),
        ("net.py:two", r"2 recurrent parts: '0' \(CfC\), '1' \(LTC\)"),
        ("wrong.py:net", r"wrong.py, line 2: ZeroDivisionError: division by zero"),
        ("ends.py:net", r"ends.py, line 1: SystemExit: it ended"),
        ("broken.py:net", r"broken.py, line 1: SyntaxError"),
        ("bare.py:net", "bare.py needs PyTorch and ncps: pip install 'rivulet"),
    ],
)
def test_a_file_that_gives_no_network(
    spec: str, said: str, file: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "wrong.py").write_text("import math\nx = 1 / 0\n")
    (tmp_path / "ends.py").write_text("raise SystemExit\n")
    (tmp_path / "bare.py").write_text("raise ModuleNotFoundError('none', name='torch')\n")
    (tmp_path / "broken.py").write_text("x = = 1\n")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    with pytest.raises(RivuletError, match=said) as caught:
        read_source(Where(module=spec))
    assert "\n" not in str(caught.value) and sys.path == path


def test_the_command(tmp_path: Path, file: Path, rivulet: Run) -> None:
    events, out = tmp_path / "e.csv", tmp_path / "m.safetensors"
    _events(events)
    line = ("convert", "--module", f"{file}:ltc", "--calibrate", events, "-o", out)
    done = rivulet(*line, "--dtype", "int8", "--metadata", _metadata(tmp_path))
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "a timespan of 1 is 0.25 s" in done.stdout
    assert "float32 against ncps over 149 events" in done.stdout
    assert "int8 against float over 150 events" in done.stdout
    assert "fidelity" in read_settings(out)[0]["provenance"]["calibration"]
    done = rivulet(*line)
    assert done.returncode == 0 and "a timespan of 1 is taken for 1 s" in done.stderr
    torch.save(build_module(f"{file}:ltc"), tmp_path / "whole.pt")
    done = rivulet("convert", tmp_path / "whole.pt", "-o", out)
    assert done.returncode == 1 and "--module FILE.py:NAME" in done.stderr
    assert done.stderr.count("\n") == 1

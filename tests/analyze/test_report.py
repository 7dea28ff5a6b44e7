"""What the analysis says of a model and its events, its page, and what it refuses."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.analyze import Analysis, analyze
from host_tools.analyze.dynamics import Dynamics
from host_tools.convert import convert
from host_tools.errors import RivuletError
from host_tools.paths import MODELS
from tests.conftest import CHANNELS, make_model
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

_ACTIVITY = MODELS / "activity" / "activity.safetensors"


def events(path: Path, columns: dict[str, Any], count: int = 300) -> Path:
    """count events 100 ms apart; a column is one value or an array, NaN for an empty cell."""
    table = {name: np.broadcast_to(values, count) for name, values in columns.items()}
    rows = [",".join(["t_us", *table])]
    for i in range(count):
        cells = ("" if np.isnan(values[i]) else f"{values[i]:.6g}" for values in table.values())
        rows.append(",".join([str(100_000 * i), *cells]))
    path.write_text("\n".join(rows) + "\n")
    return path


def moving(count: int = 300) -> dict[str, Any]:
    random = np.random.default_rng(1)
    return {name: random.normal(0, 1, count) for name in CHANNELS}


def said(analysis: Analysis, section: str, level: str | None = None) -> str:
    return "\n".join(
        verdict.text
        for verdict in analysis.verdicts
        if verdict.section == section and level in (None, verdict.level)
    )


class Page(HTMLParser):
    """Fails on tags that do not close; collects what could reach for the network."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.reaching: list[str] = []
        self.pictures = 0
        self.feed(text)
        assert self.open == ["html"]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.pictures += tag == "svg"
        if tag in ("script", "link", "img", "iframe", "image", "use"):
            self.reaching.append(tag)
        self.reaching += [name for name, _ in attrs if name in ("src", "href", "xlink:href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag != "html":
            assert self.open.pop() == tag


def test_the_reference_model_without_events(tmp_path: Path) -> None:
    made = analyze(_ACTIVITY, report=tmp_path / "page.html")
    assert "offset +- 3/scale" in made.lines[1]
    assert "the only equilibrium found from 7 starts is stable" in said(made, "Rest", "good")
    assert said(made, "Steps").count("simulated: a disturbance") == 5
    assert not said(made, "Steps", "warning")
    assert "give --events" in said(made, "Channels")
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert page.pictures == 4 and not page.reaching
    assert "@import" not in text and "url(" not in text
    assert len(text) < 120_000
    data = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    assert data["recorded"] is False and data["rest"]["points"][0]["stable"] is True
    assert len(data["neurons"]) == 32
    assert all(len(neuron["tau_s"]) == 5 for neuron in data["neurons"])
    assert [step["integrator"] for step in data["steps"]][:2] == ["euler", "rk4"]
    assert data["steps"][3]["limit_s"] is None


def test_the_same_twice(model: Path) -> None:
    one, other = (analyze(model).to_dict() for _ in range(2))
    assert one == other


def test_channels_that_stand_still_or_saturate(tmp_path: Path, model: Path) -> None:
    columns = moving()
    columns["accel_x"] = 2.5
    columns["accel_y"] = np.clip(3.0 * columns["accel_y"], -4.0, 4.0)
    columns["accel_z"] = 9.0 + 5.0 * columns["accel_z"]
    del columns["gyro_x"]
    made = analyze(model, events(tmp_path / "e.csv", columns))
    text = said(made, "Channels", "warning")
    assert "accel_x is constant: 2.5 m/s^2 in all 300 values" in text
    assert "accel_y saturates" in text and "-4 to 4 m/s^2" in text
    assert "accel_z is outside +-3 normalised units" in text
    assert "no event carries gyro_x" in text
    assert "gyro_y" not in text and "gyro_z" not in text
    # Coarse but whole: the extremes of few steps come often, never twice in a row.
    coarse = moving()
    coarse["accel_y"] = np.tile([-1.0, 0.0, 1.0], 100)
    calm = analyze(model, events(tmp_path / "e.csv", coarse))
    assert "all 6 channels vary, none saturates" in said(calm, "Channels", "good")


def weights(hidden: int = 4) -> dict[str, Any]:
    random = np.random.default_rng(0)
    made = {
        f"{gate}.{part}": random.normal(0, 0.3, shape)
        for gate in ("alpha", "drive")
        for part, shape in (
            ("recurrent", (hidden, hidden)),
            ("input", (hidden, 6)),
            ("bias", hidden),
        )
    }
    return made | {"readout.weight": random.normal(0, 1, (2, hidden)), "readout.bias": [0.0, 0.0]}


@pytest.mark.parametrize("drive", ["relaxing", "additive"])
def test_dead_parts_are_named(tmp_path: Path, drive: str) -> None:
    arrays = weights()
    arrays["alpha.recurrent"][1] = arrays["alpha.input"][1] = 0.0  # neuron 1: one tau
    arrays["alpha.bias"][2] = 200.0  # neuron 2: at alpha_max
    arrays["drive.bias"][3] = 60.0  # neuron 3: g = 1
    arrays["drive.input"][:, 5] = arrays["alpha.input"][:, 5] = 0.0  # gyro_z: not connected
    arrays["readout.weight"][1] = 0.0  # output 1: its bias
    path = tmp_path / "m.safetensors"
    convert(arrays, {"channels": CHANNELS, "units": [""] * 6, "drive": drive}).save(path)
    made = analyze(path, events(tmp_path / "e.csv", moving()))
    assert [neuron.pinned > 0.5 for neuron in made.findings.neurons] == [False] * 3 + [True]
    tau = said(made, "Time constants", "warning")
    assert "τ is constant in 2 of 4 neurons: 1 and 2" in tau
    assert "at alpha_max most of the time: 2;" in tau
    assert "most of the time: 3" in tau
    assert "gyro_z has almost no influence" in said(made, "Channels", "warning")
    assert said(made, "Outputs", "warning") == "constant outputs: y1"


def test_a_class_that_never_wins(tmp_path: Path) -> None:
    path = make_model(tmp_path / "m.safetensors")
    made = analyze(path, events(tmp_path / "e.csv", moving()))
    assert sum(output.decided or 0.0 for output in made.findings.outputs) == pytest.approx(1.0)
    assert "share of events at which each class scores highest: calm" in said(
        made, "Outputs", "note"
    )
    arrays = weights() | {"readout.bias": [0.0, -50.0]}
    metadata = {"output": "class", "classes": ["on", "off"], "channels": CHANNELS}
    convert(arrays, metadata).save(path)
    made = analyze(path, events(tmp_path / "e.csv", moving()))
    assert "classes that never have the highest score: off" in said(made, "Outputs", "warning")


def test_an_unstable_model_is_called_so(tmp_path: Path) -> None:
    arrays = weights(2)
    arrays["drive.recurrent"] = np.array([[1.5, -1.0], [1.0, 1.5]])
    arrays["alpha.recurrent"][:] = 0.0
    arrays["drive.bias"][:] = 0.0
    path = tmp_path / "m.safetensors"
    convert(arrays, {"channels": CHANNELS}).save(path)
    made = analyze(path)
    assert "unstable: grows at" in said(made, "Rest", "warning")
    assert "no step is stable there" in said(made, "Steps", "warning")
    assert "not proved for every input" in said(made, "Contraction")


def test_euler_whose_sub_steps_are_too_long(tmp_path: Path) -> None:
    """Weights so strong that 1/alpha_max is no safe step."""
    arrays = weights(2)
    arrays["drive.recurrent"] = -4.0 * np.eye(2)
    arrays["alpha.recurrent"][:] = arrays["alpha.input"][:] = 0.0
    arrays["alpha.bias"][:] = 50.0
    arrays["drive.bias"][:] = 0.0
    path = tmp_path / "m.safetensors"
    convert(arrays, {"channels": CHANNELS, "integrator": "euler", "alpha_max": 10.0}).save(path)
    made = analyze(path)
    text = said(made, "Steps", "warning")
    # lambda = -10 (1 + 4) 1/s: steps below 2/50 s, sub-steps of up to 1/10 s.
    assert "euler (this model): stable at rest for steps below 40 ms" in text
    assert "sub-steps are at most 100 ms (1/alpha_max)" in text and "too long" in text
    # Two of 50 ms in 100 ms: (1 - 50 * 0.05)^2.
    assert "the board's step over 100 ms multiplies a disturbance at rest by at most 2.25" in text
    assert "exponential" not in text


def test_stored_time_constants_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    log = events(tmp_path / "e.csv", moving())
    convert(weights(), {"channels": CHANNELS}).save(path)
    here = [neuron.tau_s[2] for neuron in analyze(path, log).findings.neurons]
    trained = [here[0], here[1], here[2] * 5, here[3]]
    stored = {"0.5": " ".join(f"{tau:.4g}" for tau in trained)}
    convert(weights(), {"channels": CHANNELS, "provenance": {"tau_s": stored}}).save(path)
    text = said(analyze(path, log), "Time constants", "warning")
    assert "50% quantile of τ, as a ratio to training's: median 1.00 over the neurons" in text
    assert text.endswith("beyond a factor of 2: 2")
    for foreign in ({"0.5": "1 2"}, {"median": 3}, [1, 2], {"0.5": "-1 1 1 1"}):
        convert(weights(), {"channels": CHANNELS, "provenance": {"tau_s": foreign}}).save(path)
        assert "stores no τ of training" in said(analyze(path, log), "Time constants")


_OTHER_CELLS: dict[str, tuple[Any, Any, bool]] = {
    "cascade": (cascade(), CASCADE, True),
    "cascade, rates from v": (cascade((3, 2, 2), "v", True), CASCADE, True),
    "ltc": (ltc(), LTC, True),
    "ltc with memory": (ltc() | lstm(UNITS), LTC, False),
    "cfc": (cfc(), CFC, False),
    "cfc, pure": (cfc("pure", 0), CFC | {"mode": "pure"}, False),
    "wired cfc": (wired(), WIRED, False),
    "ctrnn": (own("ctrnn"), {"cell": "ctrnn"}, True),
    "node": (own("node"), {"cell": "node"}, True),
}


@pytest.mark.parametrize("kind", list(_OTHER_CELLS))
def test_every_cell_can_be_looked_at(tmp_path: Path, kind: str) -> None:
    arrays, metadata, continuous = _OTHER_CELLS[kind]
    path = tmp_path / "m.safetensors"
    convert(arrays, metadata).save(path)
    log = events(
        tmp_path / "e.csv", {f"u{i}": np.sin(np.arange(60) / (2 + i)) for i in range(3)}, 60
    )
    made = analyze(path, log, tmp_path / "page.html")
    assert Page((tmp_path / "page.html").read_text()).pictures >= 3
    assert made.findings.dynamics.continuous is continuous
    assert ("a map from event to event" in said(made, "Rest")) is not continuous
    json.dumps(made.to_dict(), allow_nan=False)


def test_the_field_of_an_ltc_is_its_equation(tmp_path: Path) -> None:
    """The limit of a short step against cm dv/dt written out from the tensors."""
    made = convert(ltc(), LTC)
    made.save(tmp_path / "m.safetensors")
    tensors = {name: np.asarray(value, np.float64) for name, value in made.tensors.items()}
    dynamics = Dynamics(tmp_path / "m.safetensors")
    random = np.random.default_rng(3)
    for _ in range(5):
        v, u = random.uniform(-1, 1, UNITS), random.normal(0, 1, 3)
        joint = np.concatenate([u * tensors["input.scale"] + tensors["input.offset"], v])
        s = {name: tensors[f"synapse.{name}"] for name in ("w", "mu", "sigma", "erev")}
        source = made.tensors["synapse.source"].astype(int)
        target = made.tensors["synapse.target"].astype(int)
        g = s["w"] / (1 + np.exp(-s["sigma"] * (joint[source] - s["mu"])))
        current = np.bincount(target, g * (s["erev"] - v[target]), UNITS)
        current += tensors["gleak"] * (tensors["vleak"] - v)
        wanted = current / tensors["cm"] / made.settings["time_unit_s"]
        assert dynamics.field(v, u) == pytest.approx(wanted, abs=1e-6)


def test_single_and_simultaneous_events(tmp_path: Path, model: Path) -> None:
    path = tmp_path / "e.csv"
    names = ",".join(CHANNELS)
    path.write_text(f"t_us,{names}\n5,1,2,3,4,5,6\n5,1,2,3,4,5,7\n5,,,,,,\n")
    json.dumps(analyze(model, path, tmp_path / "p.html").to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "the first column must be t_us"),
        ("t_us,speed\n1,2\n", "unknown: speed"),
        ("t_us,accel_x\n", "holds no events"),
        ("t_us,accel_x\n1,fast\n", "line 2"),
        ("t_us,accel_x\n1,inf\n", "line 2: 'inf' is not a finite number"),
    ],
)
def test_bad_events(tmp_path: Path, model: Path, content: str, says: str) -> None:
    path = tmp_path / "e.csv"
    path.write_text(content)
    with pytest.raises(RivuletError, match=says) as error:
        analyze(model, path)
    assert "\n" not in str(error.value)


def test_bad_files(tmp_path: Path, model: Path) -> None:
    with pytest.raises(RivuletError, match=r"none\.safetensors: No such file"):
        analyze(tmp_path / "none.safetensors")
    with pytest.raises(RivuletError, match="No such file"):
        analyze(model, tmp_path / "none.csv")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(RivuletError, match="not a model file"):
        analyze(tmp_path / "text")
    (tmp_path / "cut").write_bytes(model.read_bytes()[:-8])
    with pytest.raises(RivuletError, match="truncated"):
        analyze(tmp_path / "cut")
    with pytest.raises(RivuletError, match="cannot write"):
        analyze(model, report=tmp_path / "no" / "page.html")


def test_int8_models_are_refused(tmp_path: Path, model: Path) -> None:
    header = {
        "__metadata__": {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in (Dynamics(model).settings | {"arithmetic": "int8"}).items()
        }
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = tmp_path / "int8.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    with pytest.raises(RivuletError, match="analyze the float32 model"):
        analyze(path)


def test_a_model_that_diverges(tmp_path: Path) -> None:
    arrays = own("node")
    for name in list(arrays):
        if name.startswith("layers."):
            del arrays[name]
    arrays["layers.0.weight"] = np.hstack([500.0 * np.eye(UNITS), np.ones((UNITS, 3))])
    arrays["layers.0.bias"] = np.ones(UNITS)
    with pytest.raises(RivuletError, match="the model diverges: its outputs in the self-test"):
        convert(arrays, {"cell": "node"}).save(tmp_path / "m.safetensors")

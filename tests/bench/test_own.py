"""`rivulet bench --peers` from end to end, with a GRU in C as the peer."""

from pathlib import Path

import numpy as np
import pytest

from host_tools.bench import gru, own, peers_page, peers_run, reference
from host_tools.integers.compare import feed, running
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference as integers_of

_TOML = """\
name = "a GRU"
source = "https://example.org/gru"
commit = "0123456789abcdef"
licence = "MIT"
flags = "-O2"
units = 6
inputs = 2
input = { type = "int16", scale = 0.000244140625 }
state = { type = "int16", scale = 0.000030517578125 }
"""


@pytest.fixture(autouse=True)
def _few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rp2040py", reason="the emulator of a Pico is not installed")
    monkeypatch.setattr(own, "_EVENTS", 12)
    monkeypatch.setattr(peers_run, "_SIZES", (8, 16))


def test_the_kernel_on_the_core_gives_the_integers_of_numpy() -> None:
    made = quantise(own.decay_model(16, 3))
    subject, wanted = own.OnCore(made, own.thumb()), integers_of(made.tensors, made.settings)
    seconds = own.some_intervals("irregular")
    for interval, values in zip(seconds, own.some_inputs(seconds, 3), strict=True):
        subject.event(interval, values)
        # As the host rounds them for the core.
        wanted.measured(round(interval * 1e6), np.round(values * 4096) / 4096)
        np.testing.assert_array_equal(subject.state(), wanted.states()[0])


def test_the_decay_model_is_not_at_rest() -> None:
    model = own.decay_model(16, 3)
    run, seconds = running(model), own.some_intervals("regular")
    for interval, values in zip(seconds, own.some_inputs(seconds, 3), strict=True):
        feed(run, round(interval * 1e6), values)
    assert np.std(run.cell.state_floats) > 0.05


def test_a_report(tmp_path: Path) -> None:
    if reference.compiled() is None:
        pytest.skip(reference.ADVICE)
    made = gru.some(6, 2)
    gru.build(made, tmp_path)
    seconds = own.some_intervals("regular")
    inputs = own.some_inputs(seconds, 2)
    arrays = {"inputs": inputs, "seconds": seconds, "states": made.states(inputs)}
    np.savez(tmp_path / "gru.npz", **{f"regular.{name}": each for name, each in arrays.items()})
    (tmp_path / "gru.toml").write_text(_TOML)
    own.decay_model(6, 2).save(tmp_path / "gru.safetensors")
    said: list[str] = []
    report = peers_run.run_peers(tmp_path, None, 6, 2, said.append)
    thumb, in_c, ours, theirs = report["rows"]
    # One and the same program, found twice.
    assert (ours["cycles"], ours["ram"], ours["errors"]) == (
        *(theirs["cycles"], theirs["ram"]),
        theirs["errors"],
    )
    assert 0 < theirs["errors"]["regular"] < 0.02
    assert thumb["errors"] == in_c["errors"]
    assert [units for units, *_ in report["growth"]] == [8, 16]
    assert report["same"][0]["of"] == "a GRU" and "measuring a GRU" in said
    assert f"| a GRU | {theirs['cycles']} |" in peers_page.page(report)

"""Reference models on labelled recordings: what is written, and that integers play the same."""

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("matplotlib", reason="needs matplotlib: pip install 'rivulet[train]'")

from host_tools import tau  # noqa: E402
from host_tools.convert import convert, read_weights  # noqa: E402
from host_tools.errors import RivuletError  # noqa: E402
from host_tools.train import datasets, recipe, reference  # noqa: E402
from host_tools.train.cells.ctrnn import Ctrnn  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.contenders import Damage, Data, score  # noqa: E402
from host_tools.train.fit import TrainingPlan  # noqa: E402
from host_tools.train.network import one_thread  # noqa: E402

_SOURCE = datasets.Source("made/here", 20_000, ((0,), (1,)), (12, 12))


def _load(name: str, split: str) -> datasets.Labelled:
    random = np.random.default_rng(len(split))
    labels = np.arange(12) % 3
    values = [random.normal(label, 1, (random.integers(9, 19), 2)) for label in labels]
    return datasets.Labelled(tuple(values), labels, ("a", "b", "c"), _SOURCE)


def _reference(make) -> reference.Reference:
    texts = {"source": "made here", "licence": "none"}
    names = {"channels": ("a", "b"), "units": ("V", "1"), "classes": ("x", "y", "z")}
    return reference.Reference("made", make, TrainingPlan(8), **names, cadence_us=1000, **texts)


@pytest.fixture
def options(monkeypatch, tmp_path) -> recipe.Options:
    monkeypatch.setattr(datasets, "load", _load)
    monkeypatch.setattr(recipe, "BUILD", tmp_path / "build")
    monkeypatch.setattr(reference, "TIMES", 3)
    return recipe.Options(tmp_path, tmp_path, seeds=2)


def test_a_reference_is_trained_judged_and_convertible(options, tmp_path, capsys) -> None:
    what = _reference(lambda seeds, m, k: DecayCell(seeds, m, k, 6))
    with one_thread():
        reference.train(what, options)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(map(len, metrics["test_accuracy_by_seed"].values())) == {2}
    assert "drop 90 %" in capsys.readouterr().out
    model = convert(*read_weights(tmp_path / "weights.npz"))
    assert model.settings["classes"] == ["x", "y", "z"]
    assert tau.from_provenance(model.settings["provenance"], 6)
    best = metrics["seeds"].index(metrics["selection"]["shipped_seed"])
    assert metrics["selection"]["training_loss"][best] == min(
        metrics["selection"]["training_loss"]
    )


def test_integers_are_judged_by_the_same_events(options) -> None:
    """Trained for integers, a network says in PyTorch what its integers say."""
    network = DecayCell([0], 2, 3, 6)
    network.quantise()
    recorded = _load("made", "test")
    offset, scale = (values for values in recorded.normalisation())
    data = Data(
        recorded.series((offset, scale), 20_000), torch.tensor(recorded.labels), ((0,), (1,))
    )
    weights, own = network.exported(0)
    model = convert(
        weights,
        own
        | {
            "channels": ["a", "b"],
            "units": ["V", "1"],
            "normalisation": {"offset": offset, "scale": scale},
        },
    )
    for damage in (Damage(drop=0.8), Damage(jitter_s=0.01), Damage(outage=0.5)):
        expected = float(score(network, data, damage, reference.TIMES).accuracy[0])
        assert reference.in_integers(model, data, damage) == pytest.approx(expected, abs=0.03)


def test_what_has_no_integers_is_refused_before_it_trains(options) -> None:
    what = _reference(lambda seeds, m, k: Ctrnn(seeds, m, k, 6))
    with pytest.raises(RivuletError, match="a Ctrnn has no int8 arithmetic"):
        reference.train(what, recipe.replace(options, int8=True))

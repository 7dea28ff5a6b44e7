"""The wearable comparison and the sweep of sizes: trained, scored, stored, and taken again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")
pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.evidence import evidence, occupancy, sizes, tables  # noqa: E402
from host_tools.evidence.wearable import CONTIGUOUS, FOREST, SEXES, data, run, score  # noqa: E402
from host_tools.evidence.wearable.contenders import CONTENDERS, clock, named  # noqa: E402
from host_tools.train.contenders import HALF  # noqa: E402
from host_tools.train.network import one_thread  # noqa: E402

_SETUP = replace(run.QUICK, iterations=3, trial_iterations=1, most_events=30)
_NETWORKS = [name for name in CONTENDERS if name != FOREST]


@pytest.fixture(scope="module")
def pieces():
    return data.load(_SETUP.most_events)


@pytest.fixture(autouse=True)
def _one_thread():
    with one_thread():
        yield


@pytest.mark.parametrize("name", _NETWORKS)
def test_contenders_are_of_one_size(name: str) -> None:
    most = 1500 if name.endswith(HALF) else 3000
    network = named(name, 3000).make([0, 1], len(data.CHANNELS), len(data.CLASSES))
    assert 0.87 * most < network.size() <= most and network.models == 2


@pytest.mark.parametrize("name", _NETWORKS)
def test_an_answer_sees_its_event_and_none_after_it(name: str, pieces) -> None:
    contender = named(name, 400)
    network = contender.make([0], len(data.CHANNELS), len(data.CLASSES))
    fold = data.dataset((pieces[:4], pieces[4:5]))
    events = score._events(fold, fold.test, 1)
    changed = replace(events, inputs=events.inputs.clone())
    changed.inputs[:, :, 20, 0] += 1.0

    def answers(given):
        features, _ = network.run(contender.given(given), network.zero_state(1))
        return network.logits(features)[0, 0].detach()

    before, after = answers(events), answers(changed)
    assert torch.equal(before[:20], after[:20])
    assert not torch.allclose(before[20], after[20], atol=1e-6)


def test_who_is_to_do_without_time_does_not_see_it(pieces) -> None:
    fold = data.dataset((pieces[:4], pieces[4:6]))
    events = score._events(fold, fold.test, 2)
    assert named("GRU", 400).given(events).inputs.shape[-1] == len(data.CHANNELS)
    given = named("GRU fed dt", 400).given(events).inputs
    assert torch.equal(given[..., -1], clock(events.gaps))
    # An hour and half a minute are the same to it.
    assert clock(torch.tensor(3600.0)) == clock(torch.tensor(30.0)) > clock(torch.tensor(1.0))


def test_every_model_is_scored_on_its_own_recordings_from_rest(pieces) -> None:
    """Together, padded and in groups, against each recording alone."""
    folds = [(pieces[:3], pieces[3:12]), (pieces[20:23], pieces[70:72])]
    sets = [data.dataset(fold) for fold in folds]
    contender = named("GRU-D", 400)
    network = contender.make([0, 1], len(data.CHANNELS), len(data.CLASSES))
    found = score.tables(contender, network, sets, 0.5)
    for i, own in enumerate(sets):
        alone = contender.make([i], len(data.CHANNELS), len(data.CLASSES))
        expected = np.zeros_like(found[i])
        for piece in score.thinned(own, 0.5):
            single = replace(own, split={**own.split, "test": [piece]})
            expected += score.tables(contender, alone, [single], 0.0)[0]
        assert np.array_equal(found[i], expected)
    assert found[1][0].sum() == 0 < found[1][1].sum()  # recordings 70 and 71 are from room S2


def test_a_result_is_stored_and_taken_again(pieces, tmp_path: Path, monkeypatch) -> None:
    result = run.run(tmp_path, "cascade u", CONTIGUOUS, pieces, _SETUP, None)
    assert np.shape(result["macro_f1"]["0.5"]) == (data.FOLDS,)
    assert np.shape(result["tables"]["0"]) == (data.FOLDS, 2, 4, 4)
    assert not list(tmp_path.rglob("*.pt"))
    reused = run.run(tmp_path / "again", "cascade u", CONTIGUOUS, pieces, _SETUP, result)
    assert reused == result | {"reused": True}
    other = {**result, "first_losses": [[1.0] * data.FOLDS] * _SETUP.iterations}
    anew = run.run(tmp_path / "anew", "cascade u", CONTIGUOUS, pieces, _SETUP, other)
    assert "reused" not in anew and anew["macro_f1"] == result["macro_f1"]
    with pytest.raises(RivuletError, match="made with"):
        longer = replace(_SETUP, iterations=4)
        run.run(tmp_path, "cascade u", CONTIGUOUS, pieces, longer, None)
    monkeypatch.setattr(run, "fit", None)
    assert run.run(tmp_path, "cascade u", CONTIGUOUS, pieces, _SETUP, None) == result


def test_the_better_rate_of_the_trials_is_trained(pieces, tmp_path: Path) -> None:
    for rate, macro_f1 in zip(run.RATES, (0.5, 0.6), strict=True):
        path = tmp_path / "wearable" / "decay" / f"trial-{rate:g}.json"
        evidence.once(path, _SETUP, lambda value=macro_f1: {"macro_f1": value})
    result = run.run(tmp_path, "decay", SEXES, pieces, _SETUP, None)
    assert result["learning_rate"] == run.RATES[1]
    assert result["trials"] == {"0.01": 0.5, "0.003": 0.6}


def test_the_quick_form_goes_through_every_part(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(run, "QUICK", _SETUP)
    monkeypatch.setattr(sizes, "QUICK", sizes.Setup((4, 6), 2, 1, 20, 1, _SETUP))
    kinds = ["cascade u", "GRU fed dt", "decay", FOREST]
    parts = [tables.WEARABLE, tables.SIZES]
    found = evidence.gathered(tmp_path, parts, kinds, True, False)
    assert set(found.wearable) == set(kinds)
    assert set(found.sizes["wearable"]["decay"]) == {"4", "6"}
    for entry in found.wearable.values():
        assert 0.0 <= entry["macro_f1"] <= 1.0 and entry["parameters"] > 0
    for kinds_ in found.sizes.values():
        for one in kinds_["cascade u"].values():
            assert set(one["float"]) == set(one["int8"]) == {"0", "0.5"}
    tables.show(found)
    shown = capsys.readouterr().out
    assert "contiguous trials" in shown and "sizes on vowels" in shown
    assert evidence.gathered(tmp_path, parts, kinds, True, False) == found


def test_occupancy_is_read_cut_trained_and_scored(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(occupancy, "_FILES", dict.fromkeys(occupancy._FILES, 200))
    random = np.random.default_rng(0)
    for name in occupancy._FILES:
        present = (np.arange(200) // 20) % 2
        rows = [
            f'"{i}","2015-02-04 17:51:00",{",".join(map(str, random.normal(p, 0.1, 5)))},{p}'
            for i, p in enumerate(present)
        ]
        text = "\n".join(['"date","Temperature","Humidity","Light","CO2","x","y"', *rows])
        (tmp_path / name).write_text(text)
    loaded = occupancy.load(tmp_path)
    assert loaded.training[0].shape == (180 - 16, 16, 5)
    assert loaded.test[1].shape == (2 * 23, 16)  # both files, every eighth sample
    setup = occupancy.Setup(8, 150, 10, 16, 2)
    monkeypatch.setattr(occupancy, "KINDS", {"GRU": occupancy.KINDS["GRU"]})
    found = occupancy.compare(tmp_path, tmp_path / "out", setup)
    assert min(found["GRU"]["accuracy"]) > 0.9  # five clear measurements tell it at once
    monkeypatch.setattr(occupancy, "fit", None)
    assert occupancy.compare(tmp_path, tmp_path / "out", setup) == found
    (tmp_path / "datatest.txt").write_text(text.replace("2015", "2015,", 1)[:2000])
    with pytest.raises(RivuletError, match="datatest"):
        occupancy.load(tmp_path)


@pytest.mark.parametrize("kind", occupancy.KINDS)
def test_the_first_sample_of_a_window_counts(kind: str) -> None:
    network = occupancy.KINDS[kind]([0], 4)
    inputs = torch.randn(3, 16, 5, generator=torch.Generator().manual_seed(1))

    def first(given) -> torch.Tensor:
        events, _ = occupancy._events((given, torch.zeros(3, 16, dtype=torch.long)))
        features, _ = network.run(events, network.zero_state(3))
        return network.logits(features[:, :, 1:-1])[0, :, 0].detach()

    changed = inputs.clone()
    changed[:, 0] += 1.0
    assert bool((first(inputs) != first(changed)).any(-1).all())

"""The comparisons: cells of work that resume, sizes that are fair, data that are whole."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.evidence import comparison, evidence, tables  # noqa: E402
from host_tools.train import (  # noqa: E402
    RULER,  # noqa: E402
    datasets,
    speed,
)
from host_tools.train.contenders import CONTENDERS, HALF, Data, contender  # noqa: E402
from host_tools.train.network import Readout, one_thread  # noqa: E402

_SOURCE = datasets.Source("made/here", 20_000, ((0,), (1,)), (12, 12))
_SETUP = evidence.Setup(3, trial_iterations=2, seeds=2, batch=6, ruler_units=6, times=2)


def _labelled(seed: int) -> datasets.Labelled:
    random = np.random.default_rng(seed)
    labels = np.arange(12) % 3
    values = [random.normal(label, 1, (random.integers(4, 9), 2)) for label in labels]
    return datasets.Labelled(tuple(values), labels, ("a", "b", "c"), _SOURCE)


@pytest.fixture
def made(monkeypatch) -> Iterator[None]:
    def prepared(name):
        train, test = _labelled(1), _labelled(2)
        both = [
            Data(
                one.series(train.normalisation(), 100_000), torch.tensor(one.labels), ((0,), (1,))
            )
            for one in (train, test)
        ]
        return both[0], both[1], (2, 3)

    monkeypatch.setattr(evidence, "prepared", prepared)
    with one_thread():
        yield


def test_every_kind_is_tried_trained_and_shown_once(made, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(evidence, "GRID", evidence.GRID[:1])
    found = {"made": {kind: evidence.run(tmp_path, "made", kind, _SETUP) for kind in CONTENDERS}}
    for result in found["made"].values():
        assert {len(values) for values in result["accuracy"].values()} == {_SETUP.seeds}
        assert len(result["trials"]) == 1
    assert not list(tmp_path.rglob("*.pt"))  # checkpoints go once their results are there
    tables.show(tables.Evidence(found))
    shown = capsys.readouterr().out
    assert all(kind in shown for kind in CONTENDERS) and "drop 90 %" in shown
    monkeypatch.setattr(evidence, "fit", None)
    assert evidence.run(tmp_path, "made", "decay", _SETUP) == found["made"]["decay"]


def test_a_stored_result_is_reused_while_training_gives_its_losses(
    made, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(evidence, "GRID", evidence.GRID[:1])
    result = evidence.run(tmp_path / "first", "made", "cascade u", _SETUP)
    assert np.shape(result["first_losses"]) == (_SETUP.iterations, _SETUP.seeds)

    def again(out: str, kind: str, stored: comparison.Result, setup=_SETUP) -> comparison.Result:
        return evidence.run(tmp_path / out, "made", kind, setup, stored)

    reused = again("second", "cascade u", result)
    assert reused == result | {"reused": True}
    assert not list((tmp_path / "second").rglob("trial-*"))
    for number, (kind, stored, setup) in enumerate(
        (
            ("cascade v", result, _SETUP),  # another cell
            ("cascade u", result, replace(_SETUP, times=1)),
            ("cascade u", {**result, "first_losses": [[1.0, 1.0]] * 3}, _SETUP),
            ("cascade u", {k: v for k, v in result.items() if k != "first_losses"}, _SETUP),
        )
    ):
        anew = again(f"changed{number}", kind, stored, setup)
        assert "reused" not in anew and anew["setup"]["times"] == setup.times


def test_the_best_trial_is_trained(made, tmp_path) -> None:
    folder = tmp_path / "made" / "decay"
    for place, (rate, readout) in enumerate(evidence.GRID):
        accuracy = 0.5 + 0.1 * (place in (1, 3))
        trial = {"accuracy": accuracy, "loss": 1.0 + 0.1 * (place == 1)}
        path = folder / f"trial-{rate:g}-{readout}.json"
        evidence.once(path, _SETUP, lambda trial=trial: trial)
    result = evidence.run(tmp_path, "made", "decay", _SETUP)
    assert (result["learning_rate"], result["readout"]) == evidence.GRID[3]


def test_results_of_another_setup_do_not_mix(made, tmp_path) -> None:
    path = tmp_path / "result.json"
    evidence.once(path, _SETUP, dict)
    with pytest.raises(RivuletError, match="made with iterations 3"):
        evidence.once(path, replace(_SETUP, iterations=4), dict)
    path.write_text("{")
    with pytest.raises(RivuletError, match="is no result"):
        evidence.once(path, _SETUP, dict)


def test_nothing_is_chosen_by_what_was_trained_on() -> None:
    labels = torch.tensor([0, 1, 0, 0, 1, 1, 0, 0])
    series = _labelled(1).series(([0.0] * 2, [1.0] * 2), 100_000).pick(torch.arange(8))
    left, right = Data(series, labels, ((0,), (1,))).parted()
    assert right.labels.tolist() == [0, 1, 0]  # the second and the fifth of each class
    assert right.series.inputs.equal(series.inputs[[2, 4, 7]])
    assert left.series.inputs.equal(series.inputs[[0, 1, 3, 5, 6]])


def test_nobody_is_larger_than_the_ruler() -> None:
    most = contender(RULER, [0], (6, 4), 16, Readout()).size()
    for kind in CONTENDERS:
        network = contender(kind, [0, 1], (6, 4), 16, Readout("state"))
        limit = most // 2 if kind.endswith(HALF) else most
        assert 0.85 * limit < network.size() <= limit
        assert network.models == 2 and network.readout.kind == "state"
    with pytest.raises(RivuletError, match="no kind is called 'RNN'"):
        contender("RNN", [0], (6, 4), 16, Readout())


def test_recordings_of_unequal_length_are_read() -> None:
    text = "#x\n@classLabel true 1 10\n@data\n1.0,2.0:3.0,4.0:10\n5.0:6.0:1\n"
    data = datasets.parse(text, _SOURCE)
    assert [v.tolist() for v in data.values] == [[[1.0, 3.0], [2.0, 4.0]], [[5.0, 6.0]]]
    assert data.labels.tolist() == [1, 0] and data.classes == ("1", "10")
    with pytest.raises(RivuletError, match="corrupt at line 4"):
        datasets.parse(text.replace("4.0", "x"), _SOURCE)
    with pytest.raises(RivuletError, match="no recordings are called 'x'"):
        datasets.load("x", "train")


def test_speeds_stand_side_by_side(capsys) -> None:
    sizes = speed.Sizes(units=4, channels=2, events=5, batch=3, backbone=4)
    rows = speed.compare(sizes, rounds=1, seeds=2)
    assert {row.cell for row in rows if row.trainer == "ncps"} == {"CfC", "LTC"}
    parameters = {row.cell.lower(): set() for row in rows}
    for row in rows:
        parameters[row.cell.lower()].add(row.parameters)
    # Like is compared with like.
    assert all(len(sizes) == 1 for sizes in parameters.values())
    speed.show(rows, sizes)
    assert "events/s" in capsys.readouterr().out

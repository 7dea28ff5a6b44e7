"""The comparisons: cells of work that resume, sizes that are fair, data that are whole."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.train import datasets, evidence, speed  # noqa: E402
from host_tools.train.contenders import KINDS, RULER, Data, contender  # noqa: E402

_SOURCE = datasets.Source("made/here", 20_000, ((0,), (1,)), (12, 12))
_SETUP = evidence.Setup(iterations=3, batch=6, ruler_units=6, times=2)


def _labelled(seed: int) -> datasets.Labelled:
    random = np.random.default_rng(seed)
    labels = np.arange(12) % 3
    values = [random.normal(label, 1, (random.integers(4, 9), 2)) for label in labels]
    return datasets.Labelled(tuple(values), labels, ("a", "b", "c"), _SOURCE)


@pytest.fixture
def made(monkeypatch) -> None:
    def prepared(name):
        train, test = _labelled(1), _labelled(2)
        both = [
            Data(
                one.series(train.normalisation(), 100_000), torch.tensor(one.labels), ((0,), (1,))
            )
            for one in (train, test)
        ]
        return both[0], both[1], 2, 3

    monkeypatch.setattr(evidence, "prepared", prepared)


def test_a_cell_is_done_once_and_shown(made, tmp_path, capsys) -> None:
    for kind in KINDS:
        assert evidence.run_cell(tmp_path, "made", kind, 0, _SETUP)
        assert not evidence.run_cell(tmp_path, "made", kind, 0, _SETUP)
    assert len(list((tmp_path / "made").iterdir())) == len(KINDS)
    evidence.show(tmp_path, ["made"], list(KINDS), [0, 1], _SETUP)
    shown = capsys.readouterr().out
    assert all(kind in shown for kind in KINDS) and "drop 90 %" in shown


def test_results_of_another_setup_do_not_mix(made, tmp_path) -> None:
    evidence.run_cell(tmp_path, "made", "decay", 0, _SETUP)
    other = evidence.Setup(iterations=4, batch=6, ruler_units=6, times=2)
    with pytest.raises(RivuletError, match="made with iterations 3"):
        evidence.run_cell(tmp_path, "made", "decay", 0, other)
    evidence.cell_file(tmp_path, "made", "decay", 0).write_text("{")
    with pytest.raises(RivuletError, match="is no result"):
        evidence.run_cell(tmp_path, "made", "decay", 0, _SETUP)


def test_nobody_is_larger_than_the_ruler() -> None:
    most = contender(RULER, 0, 6, 4, 16).size()
    for kind in KINDS:
        network = contender(kind, 0, 6, 4, 16)
        assert 0.85 * most < network.size() <= most
    with pytest.raises(RivuletError, match="no kind is called 'RNN'"):
        contender("RNN", 0, 6, 4, 16)


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

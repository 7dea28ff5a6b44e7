"""`rivulet train`: which folder it takes for what, and what it says without PyTorch."""

import importlib.util

import pytest

from host_tools.commands import main
from tests.learn import made


def _fails(monkeypatch, capsys, *arguments) -> str:
    monkeypatch.setattr("sys.argv", ["rivulet", "train", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    return capsys.readouterr().err


def test_without_pytorch_it_says_how_to_install_it(tmp_path, monkeypatch, capsys) -> None:
    made.tempo(tmp_path, 4)
    made.project(tmp_path)
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name)
    )
    said = _fails(monkeypatch, capsys, tmp_path)
    assert said.strip().count("\n") == 0 and "pip install 'rivulet[train]'" in said


def test_an_unknown_cell_is_one_line_with_those_there_are(tmp_path, monkeypatch, capsys) -> None:
    made.project(tmp_path, '[model]\ncell = "gru"\n')
    said = _fails(monkeypatch, capsys, tmp_path)
    assert "model.cell: there is no cell 'gru'; there are cascade, cfc, ctrnn, decay" in said


def test_a_folder_that_is_neither(tmp_path, monkeypatch, capsys) -> None:
    assert "no train.py and no rivulet.toml" in _fails(monkeypatch, capsys, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert "this folder has no train.py" in _fails(monkeypatch, capsys)


def test_counts_and_late(tmp_path, monkeypatch, capsys) -> None:
    made.project(tmp_path)
    assert "seeds must be at least 1" in _fails(monkeypatch, capsys, tmp_path, "--seeds", 0)
    (tmp_path / "train.py").write_text("def train(options):\n    pass\n")
    assert "--late goes with" in _fails(monkeypatch, capsys, tmp_path, "--late", "drop")


def test_layers_of_a_cell_that_has_none(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
    made.tempo(tmp_path, 4)
    made.project(tmp_path, "[model]\nunits = [8, 8]\n")
    assert "the cell 'decay' has no layers: give one number" in _fails(
        monkeypatch, capsys, tmp_path
    )

"""`rivulet train`: finding a recipe, running it, and what is said when that cannot be done."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.paths import MODELS  # noqa: E402
from host_tools.train import recipe  # noqa: E402
from host_tools.train.fit import TrainingPlan  # noqa: E402


def test_a_recipe_gets_its_options(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(recipe, "BUILD", tmp_path / "build")
    script = "from pathlib import Path\ndef train(o):\n    (o.out / 'seen').write_text(repr(o))\n"
    (tmp_path / "train.py").write_text(script)
    recipe.run_recipe(tmp_path, seeds=3, iterations=7, resume=True)
    seen = (tmp_path / "seen").read_text()
    assert "seeds=3" in seen and "iterations=7" in seen and "resume=True" in seen


@pytest.mark.parametrize(
    ("script", "options", "said"),
    [
        (None, {}, "has no train.py"),
        ("x = 1", {}, "no function train"),
        ("x = 1", {"seeds": 0}, "seeds must be at least 1"),
        ("x = 1", {"iterations": 0}, "iterations must be at least 1"),
    ],
)
def test_what_is_no_recipe_is_refused(script, options, said, tmp_path) -> None:
    if script:
        (tmp_path / "train.py").write_text(script)
    with pytest.raises(RivuletError, match=said):
        recipe.run_recipe(tmp_path, **options)


def test_only_resuming_keeps_a_checkpoint(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(recipe, "BUILD", tmp_path)
    old = tmp_path / "train" / "x" / "a_run.pt"
    old.parent.mkdir(parents=True)
    old.write_text("old")
    kept = recipe.Options(Path("models/x"), tmp_path, resume=True)
    assert kept.checkpoint("a run") == old and old.exists()
    assert recipe.Options(Path("models/x"), tmp_path).checkpoint("a run") == old
    assert not old.exists()
    assert kept.plan(TrainingPlan(9)).iterations == 9
    assert recipe.Options(Path("x"), tmp_path, iterations=2).plan(TrainingPlan(9)).iterations == 2


def test_activity_needs_two_seeds() -> None:
    with pytest.raises(RivuletError, match="runner-up"):
        recipe.run_recipe(MODELS / "activity", seeds=1)

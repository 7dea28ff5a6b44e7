"""`rivulet fit` on data that a liquid network fits, and on data that it does not."""

import pytest

pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("sklearn", reason="needs scikit-learn: pip install 'rivulet[train]'")

from host_tools.learn import batches  # noqa: E402
from host_tools.learn.baselines.compare import compare  # noqa: E402
from host_tools.learn.dataset import load  # noqa: E402
from host_tools.learn.fitness import fitness  # noqa: E402
from host_tools.learn.piece import LOSSES  # noqa: E402
from tests.learn import made, made_fit  # noqa: E402

# Three networks are trained in each test: minutes on a busy machine.
pytestmark = pytest.mark.timeout(900)
_SMALL = "[model]\nunits = 16\n"


@pytest.fixture(autouse=True)
def _quick(monkeypatch) -> None:
    monkeypatch.setattr(batches, "ITERATIONS", 150)
    monkeypatch.setattr(batches, "_WINDOW", 96)
    monkeypatch.setattr(batches, "_BATCH_EVENTS", 3072)


def _fit(folder):
    said, progress = [], []
    found = fitness(made.project(folder, _SMALL), said.append, progress.append)
    text = "\n".join(said)
    for name in ("majority", "static", "trees", "GRU", "GRU fed dt", "liquid"):
        assert any(line.startswith(name) for line in said)
        assert any(line.startswith(f"{name}: ") for line in progress)
    assert f"{'yes' if found.fits else 'no'}: {found.text}" in text
    return found, text


def test_yes_where_memory_and_true_times_matter(tmp_path) -> None:
    made_fit.heating(tmp_path)
    found, text = _fit(tmp_path)
    assert found.fits, text
    assert "variation" in text and "time matters" in text.lower()


def test_no_for_a_static_table(tmp_path) -> None:
    made_fit.table(tmp_path)
    found, text = _fit(tmp_path)
    assert (found.fits, found.reason) == (False, "static"), text


def test_no_for_a_batch_task(tmp_path) -> None:
    made_fit.short(tmp_path)
    found, text = _fit(tmp_path)
    assert (found.fits, found.reason) == (False, "batch"), text


def test_values_are_compared_in_their_unit(tmp_path) -> None:
    made.lagging(tmp_path)
    project = made.project(tmp_path, _SMALL + '[train]\ntask = "value"\ntarget = ["speed"]\n')
    progress = []
    found = compare(load(project), 0.5, 700, 2, progress=progress.append)
    assert list(found) == ["majority", "static", "trees", "GRU", "GRU fed dt"]
    for each in found.values():
        assert list(each["losses"]) == [f"{share:g}" for share in LOSSES]
        assert each["rmse"] == each["losses"]["0"]["rmse"] > 0
    assert found["trees"]["what"].endswith(" nodes")
    # The speed lags behind what drives it: whoever remembers is closer.
    assert found["GRU fed dt"]["rmse"] < found["static"]["rmse"] < 1.1 * found["majority"]["rmse"]

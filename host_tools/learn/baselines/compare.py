"""The baselines of a project as metrics.json keeps them. Needs PyTorch."""

from collections.abc import Callable
from typing import Any

from host_tools.learn.baselines.forest import has_scikit_learn
from host_tools.learn.baselines.gru import GruBaseline
from host_tools.learn.baselines.judging import Score, under_losses
from host_tools.learn.baselines.majority import Majority
from host_tools.learn.baselines.static import Static
from host_tools.learn.baselines.trees import Trees
from host_tools.learn.dataset import Dataset
from host_tools.learn.piece import LOSSES

# Model -> what it is in words, its figures with nothing lost, and "losses" by share as text.
Compared = dict[str, dict[str, Any]]


def compare(
    data: Dataset,
    drop: float,
    parameters: int,
    seeds: int,
    *,
    iterations: int | None = None,
    progress: Callable[[str], None],
) -> Compared:
    """Train the baselines and judge them on the test part, under losses.

    drop: share of the events that get lost in training. parameters, seeds: of the liquid network;
    the recurrent ones have at most as many parameters, and the best of as many seeds. iterations:
    of their training; None: as many as usual. Without scikit-learn the static model and the trees
    are left out.
    """
    models: list[Any] = [Majority(data)]
    if has_scikit_learn():
        models += [Static(data), Trees(data, drop)]
    else:
        progress("no static model and no trees without scikit-learn: pip install 'rivulet[train]'")
    for timed in (False, True):
        models.append(GruBaseline(data, drop, parameters, timed, seeds, iterations))
    found: Compared = {}
    for model in models:
        progress(f"comparing: {model.name}")
        model.fit()
        scores = under_losses(data, model, LOSSES)
        each = {f"{share:g}": _rounded(score) for share, score in scores.items()}
        found[model.name] = {"what": model.what, **each[f"{LOSSES[0]:g}"], "losses": each}
    return found


def _rounded(score: Score) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in score.figures.items()}

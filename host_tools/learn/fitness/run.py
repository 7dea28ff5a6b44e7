"""Everything that `rivulet fit` looks at, in order: cheap things first."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from host_tools.choices import Late
from host_tools.data.summary import aligned
from host_tools.errors import RivuletError
from host_tools.learn.baselines.forest import need_scikit_learn
from host_tools.learn.baselines.judging import Score, under_losses
from host_tools.learn.baselines.majority import Majority
from host_tools.learn.baselines.static import Static
from host_tools.learn.baselines.trees import Trees
from host_tools.learn.batches import window_of
from host_tools.learn.dataset import Dataset, load
from host_tools.learn.fitness import order, scales, timing, verdict
from host_tools.learn.piece import LOSSES
from host_tools.learn.reading import read_all
from host_tools.learn.time_scales import time_scales
from host_tools.project import Project

Say = Callable[[str], None]


def fitness(
    project: Project, say: Say, progress: Say, late: Late = Late.refuse
) -> verdict.Verdict:
    """Look at a project's recordings and say whether a liquid network fits them.

    say: gets the results, line by line. progress: gets what is being done. Raises RivuletError,
    also where what trains is not installed.
    """
    recorded, columns, _ = read_all(project, late)
    gaps = timing.all_gaps(columns.names, [(each.t_us, each.values) for each in recorded])
    for line in timing.timing_lines(gaps):
        say(line)
    why = timing.counts_rows(gaps[0]) if gaps else "no recording has two events"
    found = verdict.no_times(why) if why else _tried(project, late, gaps[0], say, progress)
    say("")
    say(f"{'yes' if found.fits else 'no'}: {found.text}")
    return found


def _tried(
    project: Project, late: Late, gaps: timing.Gaps, say: Say, progress: Say
) -> verdict.Verdict:
    data = load(project, late)
    for note in data.notes:
        say(note)
    say("")
    own = time_scales(data, window_of(data), int8=project.train.int8)
    for line in scales.scale_lines(scales.scales_of(data), (own.shortest_s, own.longest_s)):
        say(line)
    need_scikit_learn()
    if find_spec("torch") is None:
        raise RivuletError("the comparison with a GRU needs PyTorch: pip install 'rivulet[train]'")
    say("")
    progress("trees on the last events, in order and shuffled")
    for line in order.compare_orders(data).lines:
        say(line)
    whole = order.whole_recordings(data)
    models = _models(project, data)
    _, _, trees, *_, liquid = models
    scores = {}
    at_end = 0.0
    for model in models:
        progress(f"{model.name}: {model.what}")
        model.fit()
        scores[model.name] = under_losses(data, model, LOSSES)
        if whole is not None and model.name in (verdict.LIQUID, verdict.GRU, verdict.TIMED_GRU):
            at_end = max(at_end, order.at_the_end(data, model.predict(data.test)))
    say("")
    for line in score_lines(data, models, scores):
        say(line)
    sizes = verdict.Sizes(trees.nodes, liquid.parameters)
    return verdict.decide(scores, whole, at_end, gaps.variation, sizes)


def _models(project: Project, data: Dataset) -> list[Any]:
    """Return majority, static model, trees, both GRUs and the liquid network, untrained."""
    # They load PyTorch.
    from host_tools.learn.baselines.gru import GruBaseline
    from host_tools.learn.baselines.liquid import Liquid

    drop = project.train.drop
    liquid = Liquid(data, project)
    size = liquid.parameters
    return [
        Majority(data),
        Static(data),
        Trees(data, drop),
        GruBaseline(data, drop, size, timed=False),
        GruBaseline(data, drop, size, timed=True),
        liquid,
    ]


def score_lines(
    data: Dataset, models: list[Any], scores: dict[str, dict[float, Score]]
) -> list[str]:
    """Return a table of what each model reaches under losses."""
    lines = []
    for key, name in (
        (("accuracy", "accuracy"), ("macro_f1", "macro F1"))
        if data.classes
        else (("rmse", "rms error"),)
    ):
        rows = [[name, *(f"{share:.0%} lost" for share in LOSSES)]]
        for model in models:
            each = scores[model.name]
            rows.append([model.name, *(f"{each[share].figures[key]:.4g}" for share in LOSSES)])
        lines += [*aligned(rows, left=1), ""]
    lines += [f"{model.name}: {model.what}" for model in models]
    kind = "balanced accuracy" if data.classes else "share of the variance explained"
    lines.append(f"below, the number beside a model is its {kind} over all losses")
    return lines

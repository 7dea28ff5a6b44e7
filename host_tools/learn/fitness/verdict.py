"""The answer of `rivulet fit`, from the scores of the models that were tried."""

from collections.abc import Mapping
from dataclasses import dataclass

from host_tools.learn.baselines import judging
from host_tools.learn.baselines.judging import Score
from host_tools.learn.fitness.order import Whole

# Model -> share of the events lost -> score.
Scores = Mapping[str, Mapping[float, Score]]
LIQUID, GRU, TIMED_GRU, TREES, STATIC, MAJORITY = (
    "liquid",
    "GRU",
    "GRU fed dt",
    "trees",
    "static",
    "majority",
)
# Below this coefficient of variation events come evenly.
EVEN = 0.05


@dataclass(frozen=True)
class Sizes:
    """What has to fit a board: the forest of `trees`, or the liquid network."""

    nodes: int
    parameters: int


@dataclass(frozen=True)
class Verdict:
    """yes or no, and why, in words with numbers."""

    fits: bool
    # "static", "timestamps", "batch", "nothing", "trees", "recurrent"; "" for yes.
    reason: str
    text: str


def no_times(why: str) -> Verdict:
    """Return the verdict on data without timestamps."""
    return Verdict(
        False,
        "timestamps",
        f"the data have no timestamps: {why}. A liquid network computes with the time between "
        "events. Record with the true times of the events, or use trees on windows of rows or a "
        "recurrent network.",
    )


def decide(
    scores: Scores, whole: Whole | None, at_end: float, variation: float, sizes: Sizes
) -> Verdict:
    """Return the verdict.

    at_end: accuracy of the best network at the end of the recordings, beside `whole`. variation:
    coefficient of variation of the time between events.
    """
    sequence = best(scores, LIQUID, GRU, TIMED_GRU)
    memory = best(scores, sequence, TREES)
    if not beats(scores, best(scores, memory, STATIC), MAJORITY):
        return Verdict(
            False,
            "nothing",
            f"nothing was learnt: {said(scores, best(scores, memory, STATIC))}, and "
            f"{said(scores, MAJORITY)}. Check labels and channels, or record more.",
        )
    if not beats(scores, memory, STATIC):
        return Verdict(
            False,
            "static",
            "the answer depends on the current inputs alone: "
            f"{said(scores, STATIC)}, and no model with memory is better "
            f"({said(scores, memory)}). Use a static model: a regression or trees on the row.",
        )
    if whole is not None and whole.accuracy >= at_end - max(0.03, 1 / whole.recordings):
        return Verdict(
            False,
            "batch",
            f"a batch task: one label for a whole recording of about {whole.events} events. Trees "
            f"on statistics of the whole recording get {whole.accuracy:.1%} of "
            f"{whole.recordings} test recordings, the best network at their end {at_end:.1%}. "
            "Record first, then classify the whole with statistics and trees. A liquid network "
            "is for answers while events arrive.",
        )
    if not beats(scores, LIQUID, TREES):
        tie = not beats(scores, TREES, LIQUID)
        room = ": if the forest does not fit your board, take the network" if tie else ""
        return Verdict(
            False,
            "trees",
            f"statistics of the last events {'do as well' if tie else 'are better'}: "
            f"{said(scores, TREES)}, and {said(scores, LIQUID)}. Use trees on windows. This "
            f"forest has {sizes.nodes:,} nodes of several numbers each, the liquid network "
            f"{sizes.parameters:,} parameters{room}.",
        )
    rival = best(scores, GRU, TIMED_GRU)
    if beats(scores, rival, LIQUID):
        return Verdict(
            False,
            "recurrent",
            f"a recurrent network is better: {said(scores, rival)}, and {said(scores, LIQUID)}. "
            "Use that where it can run. More training ('rivulet train') may close the gap.",
        )
    if variation < EVEN and not beats(scores, LIQUID, GRU):
        return Verdict(
            False,
            "recurrent",
            "events come evenly, and a recurrent network that is told no time does as well, also "
            f"when events get lost: {said(scores, GRU)}, and {said(scores, LIQUID)}. Use that "
            "where it can run.",
        )
    return Verdict(True, "", _yes(scores))


def _yes(scores: Scores) -> str:
    text = (
        f"memory matters: {said(scores, LIQUID)}, {said(scores, STATIC)}, {said(scores, TREES)}. "
    )
    for known, untold in ((LIQUID, GRU), (TIMED_GRU, GRU)):
        if beats(scores, known, untold):
            return text + f"Time matters: without it {said(scores, GRU)}."
    return (
        text + f"A recurrent network is no better: {said(scores, best(scores, GRU, TIMED_GRU))}."
    )


def best(scores: Scores, *names: str) -> str:
    return max(names, key=lambda name: judging.worth(scores[name]))


def beats(scores: Scores, one: str, other: str) -> bool:
    """Tell whether a model is better than another, by more than chance."""
    return one != other and judging.beats(scores[one], scores[other])


def said(scores: Scores, name: str) -> str:
    """Return a model's worth in words."""
    return f"{name} {judging.worth(scores[name]):.3f}"

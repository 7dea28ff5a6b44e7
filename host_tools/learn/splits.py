"""Splits recordings into those to train on, to choose the model by, and to judge it on.

Never within a recording: its events resemble each other, and a test on them flatters. Only a
single recording is cut, into consecutive blocks with gaps between. Groups stay together too, but
with two of them the model is chosen by some recordings of the group that is trained on.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from host_tools.errors import RivuletError
from host_tools.learn.piece import Piece

TRAIN, VALIDATION, TEST = NAMES = ("train", "validation", "test")
Split = dict[str, list[Piece]]

_SHARES = np.array([0.6, 0.2, 0.2])
# Which part gets a class first where there are too few recordings for all three.
_FIRST = (0, 2, 1)
# Of a training part that validation is taken from.
_SHARES_WITHIN = np.array([0.75, 0.25])
_FIRST_WITHIN = (0, 1)
_SEED = 1
# Blocks of a single recording: 3 of 5 to train on, then one each.
_PATTERN = (0, 0, 0, 1, 2)
_MOST_REPEATS = 16
_LEAST_EVENTS = 8  # in a block
_GAP_MEDIANS = 20


def by_recording(pieces: Sequence[Piece], kinds: int) -> Split:
    """Split whole recordings so that every class comes in every part.

    kinds: number of classes, 0 for values. The same recordings are always split alike.
    """
    owners = [str(place) for place in range(len(pieces))]
    return _shared_out(pieces, owners, kinds, _SHARES, _FIRST)


def by_group(pieces: Sequence[Piece], kinds: int) -> tuple[Split, int]:
    """Split whole groups so that every class comes in every part, if possible.

    If no group is left for validation, it gets recordings of those to train on; the test stays
    apart. Returns the split, and how many recordings that were. Raises RivuletError for one group.
    """
    groups = [piece.group for piece in pieces]
    if len(set(groups)) < 2:
        raise RivuletError(
            f"every recording belongs to group '{groups[0]}': training and test need two groups, "
            'or split = "recording"'
        )
    split = _shared_out(pieces, groups, kinds, _SHARES, _FIRST)
    if split[VALIDATION]:
        return split, 0
    training = split[TRAIN]
    owners = [str(place) for place in range(len(training))]
    within = _shared_out(training, owners, kinds, _SHARES_WITHIN, _FIRST_WITHIN)
    return within | {TEST: split[TEST]}, len(within[VALIDATION])


def _shared_out(
    pieces: Sequence[Piece],
    owners: Sequence[str],
    kinds: int,
    shares: NDArray[np.float64],
    first: Sequence[int],
) -> Split:
    """Share the pieces out; those of one owner stay together. For the rest see `_assigned`."""
    places = {owner: place for place, owner in enumerate(dict.fromkeys(owners))}
    counts = np.zeros((len(places), max(kinds, 1)), np.int64)
    for owner, piece in zip(owners, pieces, strict=True):
        counts[places[owner]] += _counted(piece, kinds)
    part = _assigned(counts, shares, first)
    split: Split = {name: [] for name in NAMES}
    for owner, piece in zip(owners, pieces, strict=True):
        split[NAMES[part[places[owner]]]].append(piece)
    return split


def _counted(piece: Piece, kinds: int) -> NDArray[np.int64]:
    """Return the number of events of each class, or of those with a target."""
    if not kinds:
        return np.array([piece.answered.sum()])
    return np.bincount(piece.labels[piece.labels >= 0], minlength=kinds)


def _present(pieces: Sequence[Piece], kinds: int) -> int:
    """Return how many classes the pieces have."""
    total = np.sum([_counted(piece, kinds) for piece in pieces], axis=0)
    return int(np.count_nonzero(total))


def _assigned(
    counts: NDArray[np.int64], shares: NDArray[np.float64], first: Sequence[int]
) -> list[int]:
    """Return the part of each owner; counts: (owners, classes), one above 0 for each owner.

    shares: of the parts. first: the order in which they get a class of too few owners.
    The class with the fewest owners left is served first, its largest owner goes where most of it
    is wanted. Source: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data",
    ECML 2011.
    """
    order = np.random.default_rng(_SEED).permutation(len(counts))
    wanted = shares[:, None] * counts.sum(0)
    had = np.zeros((len(shares), counts.shape[1]), bool)
    left = np.ones(len(counts), bool)
    part = np.zeros(len(counts), np.int64)
    while left.any():
        owners = ((counts > 0) & left[:, None]).sum(0)
        kind = int(np.where(owners > 0, owners, len(counts) + 1).argmin())
        members = order[left[order] & (counts[order, kind] > 0)]
        member = members[counts[members, kind].argmax()]
        missing = [place for place in first if not had[place, kind]]
        if len(members) <= len(missing):
            place = missing[0]
        else:
            place = max(range(len(shares)), key=lambda p: (wanted[p, kind], wanted[p].sum()))
        part[member], left[member] = place, False
        wanted[place] -= counts[member]
        had[place] |= counts[member] > 0
    chosen: list[int] = part.tolist()
    return chosen


def cut(piece: Piece, kinds: int, least_gap_s: float) -> tuple[Split, int, float]:
    """Cut a single recording into consecutive blocks.

    Returns the split, the number of blocks, and the gap between them in seconds: at least
    `least_gap_s`. The blocks are as few as let every class come in every part.
    """
    steps = piece.gaps_us[piece.gaps_us > 0]
    median_s = float(np.median(steps)) * 1e-6 if len(steps) else 0.0
    gap_s = float(f"{max(least_gap_s, _GAP_MEDIANS * median_s):.2g}")
    gap_s = max(gap_s, least_gap_s)
    best: tuple[int, Split, int] | None = None
    repeats = 1
    while repeats <= _MOST_REPEATS:
        split, blocks = _blocks(piece, repeats, gap_s)
        sizes = [len(each) for parts in split.values() for each in parts]
        if min(sizes) >= _LEAST_EVENTS and all(split.values()):
            covered = sum(_present(parts, kinds) for parts in split.values())
            if best is None or covered > best[0]:
                best = covered, split, blocks
        repeats *= 2
    if best is None:
        raise RivuletError(
            f"{piece.name} is the only recording, and its {len(piece)} events in "
            f"{piece.seconds:.3g} s are too few to train, choose and test a model on with gaps of "
            f"{gap_s:g} s between: record more"
        )
    return best[1], best[2], gap_s


def _blocks(piece: Piece, repeats: int, gap_s: float) -> tuple[Split, int]:
    """Cut into equal numbers of events; a block begins `gap_s` after the last event before it."""
    places = np.array(_PATTERN * repeats)
    edges = np.linspace(0, len(piece), len(places) + 1).astype(int)
    split: Split = {name: [] for name in NAMES}
    # Blocks of one part that follow each other are one.
    starts = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(places)]
    for begin, end in zip(starts, starts[1:], strict=False):
        first, last = int(edges[begin]), int(edges[end])
        if first:
            free = piece.t_us[first - 1] + round(gap_s * 1e6)
            first = max(first, int(np.searchsorted(piece.t_us, free)))
        split[NAMES[places[begin]]].append(piece.between(first, max(first, last)))
    return split, len(starts) - 1

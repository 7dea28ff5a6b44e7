"""The wearable set (models/wearable) as folds: what is trained on, and what is tested on.

The archive is read as it is: three accelerations, signal strength, and the antenna as four
channels of which one is 1. The recordings' names tell room, trial and F or M.
"""

import re
import tarfile
from collections.abc import Sequence

import numpy as np

from host_tools.errors import RivuletError
from host_tools.learn.dataset import Dataset, Scaling
from host_tools.learn.piece import Piece
from host_tools.paths import MODELS, need_checkout

ARCHIVE = MODELS / "wearable" / "wearable_raw.tar.xz"
CLASSES = ("bed", "chair", "lying", "walking")
ROOMS = ("S1", "S2")
FOLDS = 5
_ANTENNAS = 4
CHANNELS = ("front", "vertical", "lateral", "rssi", *(f"antenna{i + 1}" for i in range(_ANTENNAS)))
_MEASURED = 4  # channels to standardise; the others are 0 or 1
ACCELERATIONS = 3  # the first channels
_RECORDINGS = 87
_NAME = re.compile(r"raw/S[12]_Dataset/d([12])p(\d\d)([FM])")
_SEED = 11  # of the random folds

# (training, test) of every fold
Folds = list[tuple[list[Piece], list[Piece]]]


def load(most_events: int | None = None) -> list[Piece]:
    """Read every recording, by room and trial; `group` is the room and F or M.

    most_events: of a recording, for a quick look. Raises RivuletError.
    """
    need_checkout("the evidence")
    pieces = []
    try:
        with tarfile.open(ARCHIVE) as archive:
            for member in archive.getmembers():
                named = _NAME.fullmatch(member.name)
                file = archive.extractfile(member) if named else None
                if named is None or file is None:
                    continue
                table = np.loadtxt(file, delimiter=",", ndmin=2)[:most_events]
                room, trial, sex = named.groups()
                pieces.append(_piece(f"d{room}p{trial}", f"S{room}{sex}", table))
    except (OSError, ValueError, tarfile.TarError) as error:
        raise RivuletError(f"cannot read {ARCHIVE}: {error}") from None
    if len(pieces) != _RECORDINGS:
        raise RivuletError(f"{ARCHIVE} holds {len(pieces)} recordings, not {_RECORDINGS}")
    return sorted(pieces, key=lambda piece: piece.name)


def _piece(name: str, group: str, table: np.ndarray) -> Piece:
    antenna = table[:, 4, None] == np.arange(1, _ANTENNAS + 1)
    values = np.hstack([table[:, 1:4], table[:, 5:6], antenna])
    none = np.empty((len(table), 0))
    times = np.round(table[:, 0] * 1e6).astype(np.int64)
    return Piece(name, group, times, values, table[:, 8].astype(np.int64) - 1, none)


def room(piece: Piece) -> str:
    return piece.group[:2]


def contiguous(pieces: Sequence[Piece]) -> Folds:
    """Return five folds; each tests a fifth of either room's trials, which follow each other."""
    blocks: list[list[Piece]] = [[] for _ in range(FOLDS)]
    for name in ROOMS:
        here = [piece for piece in pieces if room(piece) == name]
        for block, places in zip(blocks, np.array_split(range(len(here)), FOLDS), strict=True):
            block += [here[place] for place in places]
    return _tested_in_turn(blocks)


def at_random(pieces: Sequence[Piece]) -> Folds:
    """Return five folds of recordings at random, so that a person may be on both sides."""
    order = np.random.default_rng(_SEED).permutation(len(pieces))
    return _tested_in_turn([[pieces[i] for i in part] for part in np.array_split(order, FOLDS)])


def women_against_men(pieces: Sequence[Piece]) -> Folds:
    """Return one fold, trained on F and tested on M: it is sure to share no person."""
    parts = [[piece for piece in pieces if piece.group.endswith(sex)] for sex in "FM"]
    return [(parts[0], parts[1])]


def _tested_in_turn(blocks: list[list[Piece]]) -> Folds:
    def others(tested: int) -> list[Piece]:
        return [piece for i, block in enumerate(blocks) if i != tested for piece in block]

    return [(others(i), block) for i, block in enumerate(blocks)]


def trial_fold(pieces: Sequence[Piece]) -> Folds:
    """Return the fold that settings are tried on: no recording of the first fold's test.

    It trains on three of the five contiguous blocks and scores the second.
    """
    blocks = [test for _, test in contiguous(pieces)]
    return [([piece for block in blocks[2:] for piece in block], blocks[1])]


def dataset(fold: tuple[list[Piece], list[Piece]], channels: int = len(CHANNELS)) -> Dataset:
    """Return a fold with the first `channels` channels, standardised by its training part."""
    training, test = ([_first(piece, channels) for piece in part] for part in fold)
    values = np.concatenate([piece.values for piece in training])
    offset, scale = np.zeros(channels), np.ones(channels)
    measured = slice(0, min(channels, _MEASURED))
    offset[measured] = values[:, measured].mean(0)
    scale[measured] = 1 / values[:, measured].std(0)
    split = {"train": training, "validation": [], "test": test}
    none = Scaling(np.empty(0), np.empty(0))
    units = ["g", "g", "g", "dBm", *[""] * _ANTENNAS][:channels]
    return Dataset(
        *("class", list(CHANNELS[:channels]), units, list(CLASSES), [], [], None),
        *([*training, *test], split, "recording", Scaling(offset, scale), none),
    )


def _first(piece: Piece, channels: int) -> Piece:
    return Piece(
        *(piece.name, piece.group, piece.t_us, piece.values[:, :channels]),
        *(piece.labels, piece.targets),
    )

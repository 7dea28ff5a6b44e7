"""Peers: cells of other projects, as programs that a person compiled, beside ours on one core.

A peer is NAME.elf and NAME.toml in one folder. The program has `peer_step`, a function of no
arguments, and the arrays `peer_input` and `peer_state`. A float `peer_interval`, in seconds, is
optional. NAME.toml says whose it is and how its numbers are read. NAME.npz is optional: what the
peer's own float network answers. NAME.safetensors is optional: the same network as a float model
of ours, which is then quantised and asked as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.bench import elf
from host_tools.bench.bare import BareCore
from host_tools.convert.model_file import read_model
from host_tools.errors import RivuletError
from host_tools.integers.quantise import quantise
from host_tools.integers.reference import reference
from host_tools.project.read import read_toml

HELP = (
    "docs/bench/peers.md lists the peers, their repositories and commits, and the programs' form"
)
# Of those events that a peer gives no answers for.
_TIMED, _INTERVAL_S = 20, 0.01
_TYPES = {"int8": "<i1", "int16": "<i2", "int32": "<i4", "float32": "<f4"}

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Numbers:
    """How a program's numbers are read: value = (number - zero) * scale."""

    type: str
    scale: float
    zero: int

    @property
    def size(self) -> int:
        return np.dtype(self.type).itemsize

    def packed(self, values: Floats) -> bytes:
        numbers = values / self.scale + self.zero
        if "i" in self.type:
            limits = np.iinfo(self.type)
            numbers = np.clip(np.round(numbers), limits.min, limits.max)
        return numbers.astype(self.type).tobytes()

    def values(self, data: bytes) -> Floats:
        return (np.frombuffer(data, self.type).astype(np.float64) - self.zero) * self.scale


@dataclass(frozen=True)
class Answers:
    """What a float network answers: inputs (events, channels), seconds before each, states."""

    inputs: Floats
    seconds: Floats
    states: Floats


@dataclass(frozen=True)
class Peer:
    """A program and what its NAME.toml says."""

    path: Path
    name: str
    source: str
    commit: str
    licence: str
    flags: str
    note: str
    units: int
    inputs: int
    input: Numbers
    state: Numbers
    answers: dict[str, Answers]


@dataclass(frozen=True)
class Row:
    """What was found of a step. errors: by kind of interval, in parts of the answers' size."""

    name: str
    cycles: int
    flash: int
    ram: int
    stack: int
    errors: dict[str, float]
    compiler: str = ""
    peer: Peer | None = None


def find_peers(folder: Path) -> list[Peer]:
    """Return the peers of a folder by name. Raises RivuletError, also if there are none."""
    found = sorted(folder.glob("*.toml"))
    if not found:
        raise RivuletError(f"{folder}: no peer there (NAME.toml with NAME.elf); {HELP}")
    return [_read(path) for path in found]


def measure(peer: Peer) -> Row:
    """Run a peer on its answers' inputs, or on some. Raises RivuletError."""
    program = elf.read(peer.path.with_suffix(".elf"))
    for symbol in ("peer_step", "peer_input", "peer_state"):
        if symbol not in program.symbols:
            raise RivuletError(f"{peer.path.with_suffix('.elf')} has no {symbol}; {HELP}")
    cycles: list[int] = []
    stack = 0
    errors = {}
    for kind, answers in (peer.answers or {"": _some_events(peer)}).items():
        core = BareCore()
        for address, data in program.parts:
            core.write(address, data)
        states = []
        for row, seconds in zip(answers.inputs, answers.seconds, strict=True):
            core.write(program.symbols["peer_input"], peer.input.packed(row))
            if "peer_interval" in program.symbols:
                core.write(program.symbols["peer_interval"], np.float32(seconds).tobytes())
            taken, used = core.call(program.symbols["peer_step"])
            cycles.append(taken)
            stack = max(stack, used)
            at, size = program.symbols["peer_state"], peer.units * peer.state.size
            states.append(peer.state.values(core.read(at, size)))
        if kind:
            errors[kind] = off(np.array(states), answers.states)
    median = int(np.median(cycles))
    compiler = program.compiler
    return Row(peer.name, median, program.flash, program.ram, stack, errors, compiler, peer)


def ours(peer: Peer) -> Row | None:
    """Return how far our integers are off the peer's answers with the same weights.

    None if there is no float model beside the peer.
    """
    path = peer.path.with_suffix(".safetensors")
    if not path.exists():
        return None
    model = read_model(path)
    if model is None:
        raise RivuletError(f"{path} is no float model file")
    made = quantise(model)
    errors = {}
    for kind, answers in peer.answers.items():
        run = reference(made.tensors, made.settings)
        states = []
        for row, seconds in zip(answers.inputs, answers.seconds, strict=True):
            run.measured(round(seconds * 1e6), row)
            states.append(run.states()[0].copy())
        errors[kind] = off(np.array(states), answers.states)
    return Row(str(made.settings["cell"]), 0, len(made.to_bytes()), 0, 0, errors)


def off(states: Floats, wanted: Floats) -> float:
    """Return the root mean square of the difference, in parts of that of what was wanted."""
    return float(np.sqrt(np.mean((states - wanted) ** 2) / np.mean(wanted**2)))


def _some_events(peer: Peer) -> Answers:
    inputs = np.random.default_rng(1).uniform(-1, 1, (_TIMED, peer.inputs))
    return Answers(inputs, np.full(_TIMED, _INTERVAL_S), np.empty((_TIMED, 0)))


def _read(path: Path) -> Peer:
    content = read_toml(path)
    try:
        peer = Peer(
            path=path,
            name=_text(content["name"]),
            source=_text(content["source"]),
            commit=_text(content["commit"]),
            licence=_text(content["licence"]),
            flags=_text(content["flags"]),
            note=_text(content.get("note", "")),
            units=int(content["units"]),
            inputs=int(content["inputs"]),
            input=_numbers(content["input"]),
            state=_numbers(content["state"]),
            answers=dict(_answers(path.with_suffix(".npz"))),
        )
    except KeyError as error:
        raise RivuletError(f"{path}: {error.args[0]} is missing; {HELP}") from None
    except (AttributeError, OSError, TypeError, ValueError) as error:
        raise RivuletError(f"{path}: {' '.join(str(error).split())}; {HELP}") from None
    for each in peer.answers.values():
        events = len(each.seconds)
        shapes = (events, peer.inputs), (events, peer.units)
        if (each.inputs.shape, each.states.shape) != shapes:
            raise RivuletError(
                f"{path.with_suffix('.npz')}: inputs, seconds and states do not fit each other"
            )
    return peer


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _numbers(table: dict[str, Any]) -> Numbers:
    return Numbers(_TYPES[table["type"]], float(table.get("scale", 1)), int(table.get("zero", 0)))


def _answers(path: Path) -> Iterator[tuple[str, Answers]]:
    """Yield (kind, answers) of a file with KIND.inputs, KIND.seconds and KIND.states."""
    if not path.exists():
        return
    with np.load(path, allow_pickle=False) as arrays:
        for kind in dict.fromkeys(name.split(".")[0] for name in arrays.files):
            parts = (arrays[f"{kind}.{part}"] for part in ("inputs", "seconds", "states"))
            yield kind, Answers(*(np.asarray(part, np.float64) for part in parts))

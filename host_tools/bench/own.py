"""Our decay cell on the bare core, in assembler and in C, and the GRU in C beside it."""

from array import array
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.bench import gru, reference
from host_tools.bench.bare import RAM, BareCore
from host_tools.bench.machine_code import machine_code
from host_tools.bench.peers import Answers, Numbers, Peer, Row, measure, off
from host_tools.convert import ModelFile, convert
from host_tools.integers.compare import feed, running
from host_tools.integers.quantise import quantise
from host_tools.paths import FIRMWARE
from rivulet import model as device_model
from rivulet.integers import layout

OUTPUTS = 4
_EVENTS = 300
_ONE_S = 1.0
# The board's memory holds code, then the kernel's buffers.
_BUFFERS = RAM + 0x2000
_Q12 = 4096

Floats = NDArray[np.float64]


def some_intervals(kind: str) -> Floats:
    """Return seconds between events: all the same, or from 0.1 to 4 s on a logarithmic scale."""
    if kind == "regular":
        return np.full(_EVENTS, _ONE_S)
    return np.exp(np.random.default_rng(2).uniform(np.log(0.1), np.log(4), _EVENTS))


def some_inputs(seconds: Floats, inputs: int) -> Floats:
    """Return slow sines with noise, shape (events, inputs)."""
    phase = np.outer(np.cumsum(seconds), 0.02 * (1 + np.arange(inputs)))
    noise = np.random.default_rng(3).normal(0, 0.15, phase.shape)
    return np.asarray(0.8 * np.sin(2 * np.pi * phase + np.arange(inputs)) + noise)


def decay_model(units: int, inputs: int) -> ModelFile:
    """Return a decay model with random weights, in floats."""
    numbers = np.random.default_rng(4)
    arrays = {}
    for gate in ("alpha", "drive"):
        arrays[f"{gate}.recurrent"] = numbers.normal(0, units**-0.5, (units, units))
        arrays[f"{gate}.input"] = numbers.normal(0, 0.5, (units, inputs))
        arrays[f"{gate}.bias"] = numbers.normal(0, 0.5, units)
    arrays["readout.weight"] = numbers.normal(0, units**-0.5, (OUTPUTS, units))
    arrays["readout.bias"] = np.zeros(OUTPUTS)
    return convert(arrays, {"readout": "mean", "readout_tau_s": 2.0})


class OnCore:
    """An int8 decay model on the bare core."""

    def __init__(self, made: ModelFile, code: bytes, entry: int = 0) -> None:
        data = made.to_bytes()
        board: Any = device_model.load(BytesIO(data), len(data))
        self._channels = board.channels
        self._slots = board.raw_slots(self._channels, [1 / _Q12] * len(self._channels))
        # The buffers as a board loads them. Nothing but its kernel is handed them.
        self._words, weights = board._words, board._weights
        self._hidden, self._scale = board.hidden, made.settings["state_scale"]
        sizes = [4 * len(self._words), len(weights), 4 * len(self._slots.words)]
        starts = np.cumsum([_BUFFERS, *((size + 3) & ~3 for size in sizes)]).tolist()
        self._at = dict(zip(("words", "weights", "map"), starts, strict=False))
        self.ram, self.flash = sum(sizes), len(data) + len(code)
        self._entry = RAM + entry
        self.core = BareCore()
        self.core.write(RAM, code)
        self.core.write(self._at["words"], bytes(self._words))
        self.core.write(self._at["weights"], bytes(weights))

    def event(self, seconds: float, values: Floats) -> tuple[int, int]:
        """Process an event; returns (cycles, bytes of stack)."""
        self._slots.raw[:] = array("i", np.round(values * _Q12).astype(int).tolist())
        self.core.write(self._at["map"], bytes(self._slots.words))
        at = self._at
        dt_us = round(seconds * 1e6)
        return self.core.call(self._entry, (at["words"], at["weights"], dt_us, at["map"]))

    def state(self) -> Floats:
        at = self._at["words"] + self._words[layout.X_AT]
        raw = np.frombuffer(self.core.read(at, 4 * self._hidden), "<i4")
        return np.asarray(raw * (self._scale / 2**30))


def thumb() -> bytes:
    """Return the machine code of the decay cell's kernel."""
    path = FIRMWARE / "rivulet" / "integers" / "decay_thumb.py"
    return machine_code(path, "armv6m")[0]


def decay_row(name: str, model: ModelFile, code: bytes, entry: int = 0) -> Row:
    """Return what a kernel costs, and how far its states are off those of the float model."""
    made = quantise(model)
    cycles: list[int] = []
    stack, errors = 0, {}
    for kind in ("regular", "irregular"):
        subject, exact = OnCore(made, code, entry), running(model)
        seconds = some_intervals(kind)
        states, wanted = [], []
        inputs = some_inputs(seconds, len(model.settings["channels"]))
        for interval, values in zip(seconds, inputs, strict=True):
            taken, used = subject.event(interval, values)
            cycles.append(taken)
            stack = max(stack, used)
            states.append(subject.state())
            feed(exact, round(interval * 1e6), values)
            wanted.append(np.array(exact.cell.state_floats))
        errors[kind] = off(np.array(states), np.array(wanted))
    return Row(name, int(np.median(cycles)), subject.flash, subject.ram, stack, errors)


def own_rows(units: int, inputs: int, folder: Path) -> list[Row]:
    """Return our rows. folder: where the compiler may write. Raises RivuletError without it."""
    model = decay_model(units, inputs)
    rows = [decay_row("Rivulet's decay cell, int8, Thumb assembler", model, thumb())]
    code, entry = reference.compiled_or_raise()[0]
    rows.append(decay_row("the same integers in C, gcc -O2", model, code, entry))
    made = gru.some(units, inputs)
    seconds = some_intervals("regular")
    values = some_inputs(seconds, inputs)
    peer = Peer(
        path=gru.build(made, folder),
        name="a GRU, int8, in plain C of ours",
        source="",
        commit="",
        licence="",
        flags=gru.FLAGS,
        note="",
        units=units,
        inputs=inputs,
        input=Numbers("<i2", 1 / _Q12, 0),
        state=Numbers("<i2", 2.0**-15, 0),
        answers={"regular": Answers(values, seconds, made.states(values))},
    )
    return [*rows, measure(peer)]


def growth(inputs: int, sizes: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return (units, cycles of a step, bytes of its buffers) of the decay cell."""
    code = thumb()
    found = []
    for units in sizes:
        subject = OnCore(quantise(decay_model(units, inputs)), code)
        cycles, _ = subject.event(0.01, np.full(inputs, 0.5))
        found.append((units, cycles, subject.ram))
    return found

"""A live network of PyTorch as the reference of the model file that is made from it."""

import copy
import inspect
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.convert import ModelFile
from host_tools.convert.ncps_live import recurrent_part
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError

Floats = NDArray[np.floating]

# Steps of random inputs on which a person's own forward() is compared, and a difference that no
# rounding of float32 makes.
_STEPS = 8
_DIFFERENT = 1e-3


class LiveNetwork:
    """A network's recurrent part and the Linear layers behind it, one event at a time.

    ncps takes timespans of one sequence only, so nothing runs in batches. The parts run in double
    precision.
    """

    def __init__(self, module: Any, layers: list[str]) -> None:
        self._whole = copy.deepcopy(module).eval()
        double = copy.deepcopy(self._whole).double()
        name, self._part = recurrent_part(double)
        self._name = name or type(module).__name__
        # ncps' CfC applies its projection itself.
        own = f"{name}.fc" if name else "fc"
        inside = hasattr(self._part, "rnn_cell")
        names = [layer for layer in layers if not (inside and layer == own)]
        self._head = [double.get_submodule(layer) for layer in names]
        self._state = self._start()

    def _start(self) -> Any:
        import torch

        # ncps' CfCCell calls it otherwise.
        units = getattr(self._part, "state_size", None) or self._part.hidden_size
        zero = torch.zeros(1, units, dtype=torch.float64)
        return (zero, zero.clone()) if getattr(self._part, "use_mixed", False) else zero

    def _step(self, inputs: Floats, span: float) -> Floats:
        import torch

        row = torch.from_numpy(inputs)
        with torch.no_grad():
            if hasattr(self._part, "rnn_cell"):
                time = torch.full((1, 1), span, dtype=torch.float64)
                out, self._state = self._part(row[None, None], self._state, time)
            else:
                out, self._state = self._part(row[None], self._state, torch.tensor(span).double())
            for layer in self._head:
                out = layer(out)
        return np.asarray(out.numpy().reshape(-1), np.float64)

    def outputs(self, model: ModelFile, events: EventTable) -> Floats:
        """Return the outputs after each event that follows a gap, (events, outputs).

        The first event only sets the inputs, and an interval of 0 moves nothing, as on a board.
        """
        normalisation = model.settings["normalisation"]
        offset, scale = np.array(normalisation["offset"]), np.array(normalisation["scale"])
        unit_us = model.settings["time_unit_s"] * 1e6
        self._state = self._start()
        held, found = offset.astype(np.float64), []
        for gap_us, values in zip(events.gaps_us, events.values, strict=True):
            held = np.where(np.isnan(values), held, values)
            if gap_us > 0:
                found.append(self._step((held - offset) * scale, gap_us / unit_us))
        return np.array(found)

    def compare_forward(self, inputs: int) -> str | None:
        """Return a warning if the network's forward() does more than its parts; None if not."""
        if type(self._whole) is type(self._part):
            return None
        kind = type(self._whole).__name__
        random = np.random.default_rng(0)
        rows, spans = random.normal(0, 1, (_STEPS, inputs)), random.uniform(0.2, 2.0, _STEPS)
        if len(inspect.signature(self._whole.forward).parameters) == 1:
            spans[:] = 1.0  # what ncps takes without any
        try:
            whole = self._forward(rows, spans)
        except Exception as error:
            text = " ".join(str(error).split()) or type(error).__name__
            return f"{kind}.forward() was not compared with its parts: {text}"
        self._state = self._start()
        parts = [self._step(row, span) for row, span in zip(rows, spans, strict=True)]
        if whole.size < parts[-1].size or whole.size % parts[-1].size:
            return f"{kind}.forward() returns {whole.size} numbers, its parts {parts[-1].size}"
        worst = float(np.abs(whole[-parts[-1].size :] - parts[-1]).max())
        if worst <= _DIFFERENT:
            return None
        return (
            f"{kind}.forward() gives other outputs than '{self._name}' and the Linear behind it, "
            f"off by {worst:.3g}: whatever else it does is not converted"
        )

    def _forward(self, rows: Floats, spans: Floats) -> Floats:
        """Run the network's own forward() over one sequence of (steps, inputs)."""
        import torch

        names = list(inspect.signature(self._whole.forward).parameters)
        dtype = next(self._whole.parameters()).dtype
        sequence, times = torch.from_numpy(rows).to(dtype), torch.from_numpy(spans).to(dtype)
        if getattr(self._part, "batch_first", True):
            sequence, times = sequence[None], times[None]
        else:
            sequence, times = sequence[:, None], times[:, None]
        with torch.no_grad():
            if "timespans" in names:
                made = self._whole(sequence, timespans=times)
            elif len(names) == 2:
                made = self._whole(sequence, times)
            elif len(names) == 1:
                made = self._whole(sequence)
            else:
                raise RivuletError("it has no argument 'timespans'")
        first = made[0] if isinstance(made, tuple) else made
        return np.asarray(first.numpy().reshape(-1), np.float64)


def fidelity(model: ModelFile, made: Floats, expected: Floats) -> str:
    """Say how far a model's outputs are from those of its source, both (events, outputs)."""
    size = np.abs(made - expected)
    text = (
        f"over {len(made)} events: outputs off by {np.sqrt((size**2).mean()):.2g} rms, "
        f"{np.quantile(size, 0.99):.2g} in 99 of 100, {size.max():.2g} at most"
    )
    if model.settings["output"] == "class":
        same = (made.argmax(axis=1) == expected.argmax(axis=1)).mean()
        text += f"; same class after {same:.2%} of them"
    return text

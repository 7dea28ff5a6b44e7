"""Probe events: a self-test in the model file, with the outputs that a board must compute."""

import io
from typing import Any

from host_tools.errors import RivuletError
from rivulet import model as device_model
from rivulet.model.kinds import LARGEST

# (interval in us, inputs by channel in steps of a quarter of the channel's scale): short and long
# intervals, small and large inputs. Channels take the numbers in turn.
_EVENTS = (
    (0, (0, 2, -3, 1)),
    (1_000, (4, -2, 1, -1)),
    (20_000, (-4, 3, 0, 2)),
    (300_000, (1, 1, -2, 4)),
    (5_000_000, (0, 0, 0, 0)),
)
# Relative to 1 + |output|. Boards compute in float32 and sum in another order than the host;
# integer models give the same bits everywhere.
_FLOAT_TOLERANCE = 1e-3
# With an offset this many times its scale, a channel's float32 value would be too coarse for an
# integer model's rounding: such a channel stays at its offset.
_LARGEST_RATIO = 100.0


def probes(file: bytes, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the `probes` of the metadata, computed by the device code from this model file."""
    model = device_model.load(io.BytesIO(file), len(file))
    normalisation = settings["normalisation"]
    channels = tuple(range(len(model.channels)))
    events = []
    for dt_us, steps in _EVENTS:
        inputs = [
            _value(steps[i % len(steps)], normalisation["offset"][i], normalisation["scale"][i])
            for i in channels
        ]
        model.event(dt_us, channels, inputs)
        if not all(abs(y) <= LARGEST for y in model.outputs()):  # NaN is not, either
            raise RivuletError("the model diverges: its outputs in the self-test leave float32")
        outputs = [int(y) if model.integer else float(f"{y:.5g}") for y in model.outputs()]
        events.append([dt_us, inputs, outputs])
    return {"tolerance": 0 if model.integer else _FLOAT_TOLERANCE, "events": events}


def _value(step: int, offset: float, scale: float) -> float:
    if not scale or abs(offset * scale) > _LARGEST_RATIO:
        return float(offset)
    return float(f"{offset + step / 4 / scale:.7g}")

"""What training tests share: irregular events, and the device's own answer to them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert
from rivulet import model as device_model


class Irregular:
    """Random events of several series: gaps in whole microseconds from 0.1 ms up, some 0."""

    def __init__(self, seed: int, series: int, events: int, channels: int, longest_s: float):
        random = np.random.default_rng(seed)
        exponent = random.uniform(-4, np.log10(longest_s), (series, events))
        self.gaps_us = np.rint(1e6 * 10**exponent).astype(np.int64)
        self.gaps_us[random.random((series, events)) < 0.05] = 0
        self.gaps_us[:, 0] = 0
        self.inputs = random.normal(0, 1, (series, events, channels))

    def events(self, models: int = 1) -> Any:
        import torch

        from host_tools.train.series import EventBatch

        inputs, gaps = torch.tensor(self.inputs), torch.tensor(self.gaps_us * 1e-6)
        return EventBatch(
            inputs.expand(models, *inputs.shape),
            gaps.expand(models, *gaps.shape),
            torch.zeros(models, len(gaps), dtype=torch.float64),
            torch.ones(models, *gaps.shape, dtype=torch.float64),
        )


class Device:
    """A network's converted file in the device's code, on numpy in float64."""

    def __init__(self, folder: Path, network: Any, index: int = 0):
        weights, metadata = network.exported(index)
        channels = [f"c{i}" for i in range(network.channels)]
        normal = {"offset": [0.0] * len(channels), "scale": [1.0] * len(channels)}
        metadata |= {"channels": channels, "units": ["1"] * len(channels), "normalisation": normal}
        path = folder / "model.safetensors"
        convert(weights, metadata).save(path)
        with path.open("rb") as file:
            self.model = device_model.load(file, path.stat().st_size)
        self._slots = self.model.slots(channels)

    def outputs(self, played: Irregular) -> np.ndarray:
        """(series, events, outputs)."""
        result = []
        for gaps, inputs in zip(played.gaps_us, played.inputs, strict=True):
            self.model.reset()
            rows = []
            for gap, values in zip(gaps, inputs, strict=True):
                self.model.event(int(gap), self._slots, values)
                rows.append(np.array(self.model.outputs()))
            result.append(rows)
        return np.array(result)


@pytest.fixture
def irregular() -> type[Irregular]:
    return Irregular


@pytest.fixture
def device() -> type[Device]:
    return Device

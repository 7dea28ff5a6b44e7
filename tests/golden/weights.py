"""Trained weights of every kind, by the names and shapes in held/weights.json; seeded values."""

import json
from typing import Any

import numpy as np

from tests.golden.held import HERE

KINDS: dict[str, Any] = json.loads((HERE / "held" / "weights.json").read_text(encoding="utf-8"))


def trained(kind: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(weights, metadata) as a trainer hands them over."""
    random = np.random.default_rng(0)
    weights = {}
    for name, shape in KINDS[kind]["weights"].items():
        # Between 0.2 and 1: what has to be positive is, and nothing grows.
        weights[name] = np.round(random.uniform(0.2, 1.0, shape), 3)
        if name.endswith("mask"):
            weights[name] = np.ones(shape)
            weights[name][0, 0] = 0.0
    return weights, dict(KINDS[kind]["metadata"])

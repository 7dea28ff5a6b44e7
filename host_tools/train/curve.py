"""Draws the training curve: loss by iteration, time constants by validation."""

from pathlib import Path

import numpy as np

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.train.fit import History


def draw(path: Path, histories: dict[str, History], smooth: int = 25) -> None:
    """Draw one line a run: the loss averaged over its models and `smooth` iterations."""
    try:
        from matplotlib.figure import Figure  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise RivuletError(
            "a training curve needs matplotlib: pip install 'rivulet[train]'"
        ) from None
    validated = {name: h for name, h in histories.items() if h.validations}
    figure = Figure(figsize=(8, 3.2 * (1 + bool(validated))), layout="constrained")
    axes = figure.subplots(1 + bool(validated), 1, squeeze=False)[:, 0]
    for name, history in histories.items():
        losses = np.mean(history.losses, axis=1)
        width = min(smooth, len(losses))
        smoothed = np.convolve(losses, np.ones(width) / width, "valid")
        (line,) = axes[0].plot(np.arange(width, len(losses) + 1), smoothed, label=name)
        if name not in validated:
            continue
        when = [iteration for iteration, _, _ in history.validations]
        seen = [np.mean(losses) for _, losses, _ in history.validations]
        axes[0].plot(when, seen, "--", color=line.get_color(), label=f"{name}, validation")
        taus = np.mean([quantiles for _, _, quantiles in history.validations], axis=1)
        axes[1].plot(when, taus[:, 2], color=line.get_color(), label=name)
        axes[1].fill_between(when, taus[:, 0], taus[:, 4], alpha=0.2, color=line.get_color())
    axes[0].set(xlabel="iteration", ylabel="loss", yscale="log")
    axes[0].legend()
    if validated:
        axes[1].set(xlabel="iteration", ylabel="tau / s, 5 to 95 %", yscale="log")
    files.make_folder(path.parent)
    with files.replacing(path) as beside:
        figure.savefig(beside, dpi=110)

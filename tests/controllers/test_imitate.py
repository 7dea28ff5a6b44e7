"""Imitation, on a small scale."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from host_tools.controllers import tasks  # noqa: E402
from host_tools.controllers.imitate import Recipe, imitate  # noqa: E402
from host_tools.controllers.networks import KINDS, kept, made  # noqa: E402

SMALL = Recipe((1.0, 0.0), episodes=4, iterations=(30, 5), batch=8, learning_rate=0.05)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_falls_and_the_same_seeds_give_the_same(kind: str) -> None:
    task = tasks.find("cartpole")
    both = []
    for _ in range(2):
        network = made(kind, [0, 1], task)
        losses = np.array(imitate(task, network, KINDS[kind][1], [0, 1], SMALL))
        assert losses.shape == (35, 2)
        # Before the second round, whose ticks are new.
        assert losses[25:30].mean() < 0.8 * losses[0].mean()
        both.append(kept(network))
    assert all(np.array_equal(both[0][name], both[1][name]) for name in both[0])

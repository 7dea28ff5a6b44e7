"""The networks for comparison: they answer causally, their gradients are right."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

torch = pytest.importorskip("torch")

from host_tools.train import CONTEXT  # noqa: E402
from host_tools.train.beside import Beside  # noqa: E402
from host_tools.train.network import Network, Readout  # noqa: E402
from host_tools.train.peers import Gru, GruD, Lstm, StateSpace, Transformer  # noqa: E402
from host_tools.train.scan import recurrence  # noqa: E402
from host_tools.train.series import EventBatch, stack  # noqa: E402

_STATE = Readout("state")
_EVENTS = 3 * CONTEXT + 5
KINDS: dict[str, Callable[..., Network]] = {
    "GRU": partial(Gru, timed=False, readout=_STATE, convention="current"),
    "GRU fed dt": partial(Gru, timed=True, readout=_STATE, convention="current"),
    "GRU-D": partial(GruD, timed=False, readout=_STATE, convention="current"),
    "LSTM": partial(Lstm, timed=False, readout=_STATE, convention="current"),
    "transformer": Transformer,
    "state space": StateSpace,
}


def _events(seed: int = 0, count: int = _EVENTS) -> EventBatch:
    random = torch.Generator().manual_seed(seed)
    inputs = torch.randn(2, 3, count, 4, generator=random)
    gaps = 2 * torch.rand(2, 3, count, generator=random)
    return EventBatch(inputs, gaps, torch.zeros(2, 3), torch.ones(2, 3, count))


def _outputs(network: Network, events: EventBatch) -> torch.Tensor:
    features, _ = network.run(events, network.zero_state(3))
    return network.logits(features)[:, :, :-1].detach()


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_has_seen_its_event_and_none_after_it(kind: str) -> None:
    network = KINDS[kind]([0, 1], 4, 5, 6)
    events, at = _events(), 2 * CONTEXT + 1
    changed = events.inputs.clone()
    changed[:, :, at] += 1.0
    before, after = _outputs(network, events), _outputs(network, replace(events, inputs=changed))
    assert torch.equal(before[:, :, :at], after[:, :, :at])
    # Of a state space the first event's input alone moves no state: no time has passed.
    assert bool((before[:, :, at] != after[:, :, at]).any(-1).all())


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_no_answer(kind: str) -> None:
    network = KINDS[kind]([0, 1], 4, 5, 6)
    short, long = _events(count=40), _events(count=_EVENTS)
    one = EventBatch(*(p[:1] for p in (short.inputs, short.gaps, short.rest, short.received)))
    other = EventBatch(*(p[:1] for p in (long.inputs, long.gaps, long.rest, long.received)))
    alone = _outputs(network, stack([one, one]))
    padded = _outputs(network, stack([one, other]))
    assert torch.allclose(padded[0, :, :40], alone[0], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_models_of_a_network_share_nothing(kind: str) -> None:
    both, second = KINDS[kind]([0, 1], 4, 5, 6), KINDS[kind]([1], 4, 5, 6)
    events = _events()
    own = EventBatch(*(p[1:] for p in (events.inputs, events.gaps, events.rest, events.received)))
    assert torch.allclose(_outputs(both, events)[1], _outputs(second, own)[0], atol=1e-5)


@pytest.mark.parametrize("kind", ["GRU-D", "GRU fed dt", "transformer", "state space"])
def test_time_matters(kind: str) -> None:
    network, events = KINDS[kind]([0, 1], 4, 5, 6), _events()
    slow = replace(events, gaps=3 * events.gaps)
    assert not torch.allclose(_outputs(network, events), _outputs(network, slow), atol=1e-3)


@pytest.mark.parametrize("kind", ["GRU", "LSTM"])
def test_a_network_without_time_does_not_see_it(kind: str) -> None:
    network, events = KINDS[kind]([0, 1], 4, 5, 6), _events()
    slow = replace(events, gaps=3 * events.gaps)
    assert torch.equal(_outputs(network, events), _outputs(network, slow))


def test_the_state_of_a_gru_d_is_gone_after_a_long_silence() -> None:
    network = KINDS["GRU-D"]([0], 4, 5, 6)
    h = torch.ones(1, 3, 6)
    (after,) = network.rested(network.weights(), (h,), torch.full((1, 3), 1.0))  # type: ignore[attr-defined]
    rates = network.parameters["rest.weight"][0]
    assert torch.allclose(after[0, 0], torch.exp(-rates), rtol=1e-5)
    (same,) = network.rested(network.weights(), (h,), torch.zeros(1, 3))  # type: ignore[attr-defined]
    assert torch.equal(same, h)


def test_attention_ends_after_the_context() -> None:
    """Two layers see 2 CONTEXT - 1 events; what is older changes nothing."""
    network, events = Transformer([0, 1], 4, 5, 6), _events()
    changed = events.inputs.clone()
    changed[:, :, 0] += 1.0
    before, after = _outputs(network, events), _outputs(network, replace(events, inputs=changed))
    reach = 2 * CONTEXT - 1
    assert bool((before[:, :, reach - 1] != after[:, :, reach - 1]).any())
    assert torch.equal(before[:, :, reach:], after[:, :, reach:])


def test_a_state_space_moves_as_its_equation_says() -> None:
    """Layer 1 against the ODE x' = -l (x - B u) over two gaps, written out."""
    events = _events(count=2)
    network = StateSpace([0, 1], 4, 5, 6)
    _, (x, *_rest) = network.run(events, network.zero_state(3))
    weights = network.parameters
    u = events.inputs @ weights["inward.weight"].transpose(1, 2)[:, None] + 0.0
    u = torch.nn.functional.layer_norm(u, (6,))
    pull = torch.complex(
        u @ weights["layer0.b_real"].transpose(1, 2)[:, None],
        u @ weights["layer0.b_imag"].transpose(1, 2)[:, None],
    )
    rate = torch.complex(weights["layer0.log_rate"].exp(), weights["layer0.turn"])[:, None]
    state = torch.zeros_like(pull[:, :, 0])
    for e in range(2):
        kept = torch.exp(-rate * events.gaps[:, :, e, None])
        if e == 0:
            kept = torch.ones_like(kept)  # a stream's first event is at its time zero
        state = kept * state + (1 - kept) * pull[:, :, e]
    assert torch.allclose(x, state, atol=1e-5)


def test_the_gradient_of_a_recurrence() -> None:
    random = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, dtype=torch.complex128, generator=random, requires_grad=True)

    assert torch.autograd.gradcheck(
        recurrence, (drawn(2, 5, 3, 2), drawn(2, 5, 3, 2), drawn(2, 3, 2))
    )


def test_the_wider_readout_sees_the_inputs() -> None:
    inner = Gru([0, 1], 4, 5, 6, timed=False, readout=_STATE)  # "previous": one event late
    network, events = Beside([0, 1], inner, 4), _events()
    changed = events.inputs.clone()
    changed[:, :, -1] += 1.0
    before, after = _outputs(network, events), _outputs(network, replace(events, inputs=changed))
    moved = (after - before)[:, :, -1]
    weight = network.parameters["readout.weight"][:, :, 6:].sum(-1)
    assert torch.allclose(moved, weight[:, None].expand_as(moved), atol=1e-5)
    assert network.size() == inner.size() == 3 * 6 * (6 + 4 + 2) + 5 * (6 + 4 + 1)


def test_a_rounded_gru_stays_near_the_float_one() -> None:
    network, events = KINDS["GRU fed dt"]([0, 1], 4, 5, 6), _events()
    exact = _outputs(network, events)
    network.quantise([8.0] * 4)
    found = _outputs(network, events)
    assert 0.0 < float((found - exact).abs().max()) < 0.1
    assert math.isclose(float(network.rows(network.integers)[1][0][1][-1]), 1.0)  # type: ignore[arg-type, index]

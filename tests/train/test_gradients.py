"""Through the unrolled steps and by the adjoint: the same gradients, and those of differences."""

import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")
pytest.importorskip("torchdiffeq", reason="needs torchdiffeq: pip install 'rivulet[train]'")

from host_tools.errors import RivuletError  # noqa: E402
from host_tools.train.cells.cfc import Cfc  # noqa: E402
from host_tools.train.cells.ctrnn import Ctrnn  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.cells.node import NeuralOde  # noqa: E402
from host_tools.train.cells.relaxing import Form  # noqa: E402
from host_tools.train.losses import sequence_loss, value_loss  # noqa: E402
from host_tools.train.network import Readout  # noqa: E402
from host_tools.train.regularise import Penalties  # noqa: E402
from host_tools.train.scan import scan  # noqa: E402
from host_tools.train.series import EventBatch  # noqa: E402
from host_tools.train.trajectory import Trajectory  # noqa: E402

# RK4 in steps of at most 1/400 s: its error is below what is asserted.
_FINE = Form(integrator="rk4", alpha_min=0.1, alpha_max=400.0)


def _finer(events: EventBatch, pieces: int) -> EventBatch:
    """The same events with every gap cut in pieces, the input held: the same flow."""
    gaps = (events.gaps / pieces).repeat_interleave(pieces, 2)
    # Under "current" an event's input drives its own gap, so all pieces have it.
    inputs = events.inputs.repeat_interleave(pieces, 2)
    return EventBatch(inputs, gaps, events.rest, torch.ones_like(gaps))


def _gradients(network, events, every: int = 1) -> dict:
    for p in network.parameters.values():
        p.grad = None
    features, _ = network.run(events, network.zero_state(events.gaps.shape[1]))
    values = network.logits(features)
    targets = torch.linspace(-1, 1, values[..., every - 1 : -1 : every, :].numel())
    wanted = targets.double().view_as(values[..., every - 1 : -1 : every, :])
    ((values[..., every - 1 : -1 : every, :] - wanted) ** 2).mean().backward()
    return {name: p.grad.clone() for name, p in network.parameters.items()}


@pytest.mark.parametrize(
    "make",
    [
        lambda: DecayCell([1], 2, 2, 4, _FINE),
        lambda: DecayCell([1], 2, 2, 4, Form("additive", "rk4", "current", 0.5, 400.0)),
        lambda: Ctrnn([1], 2, 2, 4, Form("relaxing", "rk4", "current", 0.1, 5.0)),
        lambda: NeuralOde([1], 2, 2, 4, (6,), step_s=0.005),
    ],
    ids=["decay", "decay-additive-current", "ctrnn", "node"],
)
def test_the_adjoint_gives_the_gradients_of_the_unrolled_steps(make, irregular) -> None:
    network = make()
    network.to(torch.float64)
    events = irregular(seed=1, series=2, events=6, channels=2, longest_s=0.15).events()
    if isinstance(network, Ctrnn):  # its steps are as long as its fastest rate allows: too long
        events = _finer(events, 30)
    unrolled = _gradients(network, events)
    network.adjoint_tolerance = 1e-11
    adjoint = _gradients(network, events)
    for name, expected in unrolled.items():
        scale = expected.abs().max()
        assert scale > 0, name
        assert (adjoint[name] - expected).abs().max() < 1e-6 * scale, name


def test_the_adjoint_keeps_less_the_finer_the_steps(irregular) -> None:
    """Bytes held for the backward pass: the unrolled steps' grow with them, the adjoint's not."""
    events = irregular(seed=1, series=2, events=6, channels=2, longest_s=0.3).events()

    def kept(step_s: float, tolerance: float | None) -> int:
        network = NeuralOde([1], 2, 2, 4, (6,), step_s=step_s)
        network.to(torch.float64)
        network.adjoint_tolerance = tolerance
        held = 0

        def pack(tensor):
            nonlocal held
            held += tensor.numel() * tensor.element_size()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            network.run(events, network.zero_state(2))
        return held

    assert kept(0.01, None) > 4 * kept(0.1, None)
    assert kept(0.01, 1e-9) == kept(0.1, 1e-5) < kept(0.1, None)


def test_exponential_steps_tend_to_the_adjoint_at_first_order(irregular) -> None:
    """The device's step freezes its gates: halving the gaps halves the gradients' distance."""
    # From the state: a mean over more, shorter gaps would be another mean.
    network = DecayCell([1], 2, 2, 4, Form(convention="current"), Readout("state"))
    network.to(torch.float64)
    events = irregular(seed=2, series=2, events=5, channels=2, longest_s=0.5).events()
    network.adjoint_tolerance = 1e-10
    exact = _gradients(network, events)["drive.input"]
    network.adjoint_tolerance = None
    distances = [
        (_gradients(network, _finer(events, n), n)["drive.input"] - exact).abs().max().item()
        for n in (8, 16, 32)
    ]
    for coarse, fine in zip(distances, distances[1:], strict=False):
        assert 1.7 < coarse / fine < 2.3


def test_gradients_of_the_penalties_are_those_of_differences(irregular) -> None:
    network = DecayCell([1], 2, 2, 3)
    network.to(torch.float64)
    events = irregular(seed=3, series=2, events=6, channels=2, longest_s=1.0).events()

    def value() -> torch.Tensor:
        trajectory = Trajectory()
        network.run(events, network.zero_state(2), trajectory)
        return Penalties(alpha=0.1, alpha_change=0.01, slope=1.0).of(trajectory).sum()

    value().backward()
    parameter = network.parameters["alpha.input"]
    with torch.no_grad():
        for place in ((0, 0, 0), (0, 2, 1)):
            kept, h = parameter[place].item(), 1e-6
            parameter[place] = kept + h
            above = value()
            parameter[place] = kept - h
            below = value()
            parameter[place] = kept
            slope = ((above - below) / (2 * h)).item()
            assert parameter.grad[place].item() == pytest.approx(slope, rel=1e-5)


def test_a_closed_form_has_no_adjoint(irregular) -> None:
    pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")
    network = Cfc([1], 2, 2, 4)
    network.to(torch.float64)
    network.adjoint_tolerance = 1e-6
    events = irregular(seed=1, series=1, events=3, channels=2, longest_s=0.5).events()
    with pytest.raises(RivuletError, match="through its steps"):
        network.run(events, network.zero_state(1))


def test_a_scans_own_gradients_are_those_of_differences() -> None:
    random = torch.Generator().manual_seed(2)
    share, target = torch.rand(2, 2, 5, 3, 4, generator=random, dtype=torch.float64).unbind(0)
    start = torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    given = [part.requires_grad_() for part in (share.clone(), target.clone(), start)]
    assert torch.autograd.gradcheck(scan, given)
    # One share for all units, as a leaky mean has it.
    one = share[..., :1].detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda d: scan(d.expand_as(target), *given[1:]), [one])


def test_a_value_counts_at_the_end() -> None:
    values = torch.full((2, 3, 4, 2), 9.0)
    values[0, :, -1], values[1, :, -1] = 1.0, 2.0
    assert value_loss(values, torch.zeros(2, 3, 2)).tolist() == [1.0, 4.0]


def test_sequence_targets_stand_at_their_events(irregular) -> None:
    """Only received events count, and each against its own target."""
    events = irregular(seed=4, series=2, events=4, channels=2, longest_s=0.5).events()
    events.received[:, 1, 2:] = 0.0
    values = torch.zeros(1, 2, 5, 1, dtype=torch.float64)
    values[0, 0, 1], values[0, 1, 3], values[0, :, 4] = 6.0, 100.0, 100.0
    targets = torch.zeros(1, 2, 4, 1, dtype=torch.float64)
    assert sequence_loss(values, events, targets).tolist() == [36.0 / 6]
    targets[0, 0, 1] = 6.0
    assert sequence_loss(values, events, targets).tolist() == [0.0]
    numbers = torch.zeros(1, 2, 4, dtype=torch.long)
    logits = torch.zeros(1, 2, 5, 2, dtype=torch.float64)
    assert sequence_loss(logits, events, numbers).item() == pytest.approx(0.6931471806)

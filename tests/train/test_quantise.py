"""The int8 weights that are trained with are those that the converter makes."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.convert import convert  # noqa: E402
from host_tools.data.calibration import NARROWEST, ranges  # noqa: E402
from host_tools.data.event_table import EventTable  # noqa: E402
from host_tools.errors import RivuletError  # noqa: E402
from host_tools.integers import sparse  # noqa: E402
from host_tools.integers.quantise import quantise  # noqa: E402
from host_tools.integers.reference import reference  # noqa: E402
from host_tools.train.cells import cascade  # noqa: E402
from host_tools.train.cells.ctrnn import Ctrnn  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.cells.relaxing import Form  # noqa: E402
from host_tools.train.network import Readout  # noqa: E402
from host_tools.train.quantise import fake_quantised  # noqa: E402


def test_rows_have_their_own_scale() -> None:
    weight = torch.tensor([[[127.0, 1.4, -0.6], [0.0, 0.0, 0.0], [0.0127, 0.00014, -0.00006]]])
    expected = [[127.0, 1.0, -1.0], [0.0, 0.0, 0.0], [0.0127, 0.0001, -0.0001]]
    torch.testing.assert_close(fake_quantised(weight)[0], torch.tensor(expected))


def test_gradients_pass_straight_through() -> None:
    weight = torch.randn(1, 4, 5, requires_grad=True)
    factor = torch.randn(1, 4, 5)
    (fake_quantised(weight) * factor).sum().backward()
    assert weight.grad is not None and weight.grad.equal(factor)


def test_the_converter_makes_the_same_integers() -> None:
    network = DecayCell([4], 3, 2, 8)
    weights, metadata = network.exported(0)
    model = quantise(convert(weights, metadata))
    network.quantise()
    rounded = {name: w[0].detach().double().numpy() for name, w in network.weights().items()}
    gates = [
        np.hstack([rounded[f"{gate}.recurrent"], rounded[f"{gate}.input"]])
        for gate in ("alpha", "drive")
    ]
    for ours, theirs in (
        (np.vstack(gates), sparse.dense(model.tensors, 3)),
        (rounded["readout.weight"], model.tensors["readout.weight"]),
    ):
        # The device's scales have 15 bits: now and then a weight falls to the neighbour.
        integers = ours / (np.abs(ours).max(1, keepdims=True) / 127)
        assert integers.shape == theirs.shape
        assert np.abs(integers - theirs).max() < 1.02
        assert (np.rint(integers) == theirs).mean() > 0.95


def _decay(drive: str) -> Any:
    form = Form(drive=drive, alpha_min=0.5)
    return lambda readout: DecayCell([4], 3, 2, 8, form=form, readout=readout)


def _cascade(rates: str, inputs: bool) -> Any:
    form = cascade.Form(rates=rates, alpha_min=0.5, readout_inputs=inputs)
    return lambda readout: cascade.Cascade([4], 3, 2, (6, 5), form, readout)


_KINDS = {
    "decay": _decay("relaxing"),
    "decay-additive": _decay("additive"),
    "cascade-u": _cascade("u", False),
    "cascade-v-inputs": _cascade("v", True),
}


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("readout", ["mean", "state"])
def test_what_is_trained_is_what_the_integers_compute(kind, readout, irregular, tmp_path) -> None:
    """The float network is far from the device's integers, the one trained for them is near."""
    network = _KINDS[kind](Readout(readout))
    weights, metadata = network.exported(0)
    names = [f"c{i}" for i in range(3)]
    normal = {"offset": [0.0] * 3, "scale": [1.0] * 3}
    metadata |= {"channels": names, "units": ["1"] * 3, "normalisation": normal}
    played = irregular(seed=1, series=4, events=60, channels=3, longest_s=3.0)
    played.inputs[:, :, 1] *= 9
    values = played.inputs.reshape(-1, 3).copy()
    calibration = EventTable(np.arange(len(values)) * 1000, values)
    half = [channel.half for channel in ranges(convert(weights, metadata).settings, calibration)]
    assert half[1] > NARROWEST
    played.inputs[0, 5:9] *= 30  # beyond what the integers hold: clipped

    model = quantise(convert(weights, metadata), calibration)
    fixed = reference(model.tensors, model.settings, len(played.inputs))
    device = []
    for gaps, inputs in zip(played.gaps_us.T, played.inputs.transpose(1, 0, 2), strict=True):
        fixed.measured(gaps, inputs)
        device.append(fixed.values())
    network.to(torch.float64)

    def apart() -> float:
        features, _ = network.run(played.events(), network.zero_state(4))
        ours = network.logits(features)[0, :, :-1].detach().numpy()
        return float(np.sqrt(np.mean((ours - np.stack(device, 1)) ** 2)))

    as_floats = apart()
    network.quantise(half)
    assert apart() < 3e-4 < 2e-3 < as_floats


def test_only_what_has_integers_is_trained_for_them() -> None:
    with pytest.raises(RivuletError, match="a Ctrnn has no int8 arithmetic"):
        Ctrnn([0], 3, 2, 8).quantise()
    with pytest.raises(RivuletError, match="at least 8 for each channel"):
        DecayCell([0], 3, 2, 8).quantise([8.0, 7.0, 8.0])


def test_a_network_trains_on_its_grid(irregular) -> None:
    network = DecayCell([4], 3, 2, 8)
    network.quantise()
    for name, weight in network.weights().items():
        if weight.dim() == 3 and name.startswith("readout"):
            steps = weight / (weight.abs().amax(-1, keepdim=True) / 127)
            torch.testing.assert_close(steps, steps.round(), rtol=0, atol=1e-3)
    network.to(torch.float64)
    events = irregular(seed=1, series=2, events=10, channels=3, longest_s=1.0).events()
    features, _ = network.run(events, network.zero_state(2))
    network.logits(features).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in network.parameters.values())

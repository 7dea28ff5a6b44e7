"""What is trained is what the device computes: torch in float64 against the device's own code."""

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools.train.cells import cascade  # noqa: E402
from host_tools.train.cells.cfc import Cfc  # noqa: E402
from host_tools.train.cells.ctrnn import Ctrnn  # noqa: E402
from host_tools.train.cells.decay import DecayCell  # noqa: E402
from host_tools.train.cells.ltc import Ltc  # noqa: E402
from host_tools.train.cells.node import NeuralOde  # noqa: E402
from host_tools.train.cells.relaxing import Form  # noqa: E402
from host_tools.train.cells.wired_cfc import WiredCfc  # noqa: E402
from host_tools.train.network import Readout  # noqa: E402
from host_tools.train.trajectory import Trajectory  # noqa: E402
from rivulet.cells.cfc import MODES  # noqa: E402

_INTEGRATORS = ("exponential", "semi_implicit", "euler", "implicit_euler", "rk4")
_STATE = Readout("state")
# Long against all the time that is played: the device takes a weight within 1e-6 of 1 for 1.
_MEAN = Readout("mean", 500.0)


def _relaxing(kind: Any, **options: Any) -> Any:
    form = Form(**({"alpha_min": 0.0625, "alpha_max": 16.0} | options))
    return lambda readout: kind([3], 3, 2, 7, form, readout)


def _cascade(units: Any, **options: Any) -> Any:
    form = cascade.Form(**({"alpha_min": 0.0625, "alpha_max": 16.0} | options))
    return lambda readout: cascade.Cascade([3], 3, 2, units, form, readout)


def _ncps(kind: Any, **options: Any) -> Any:
    pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")
    return lambda readout: kind([3], 3, 2, **({"units": 7} | options), readout=readout)


def _wired(kind: Any, **options: Any) -> Any:
    wirings = pytest.importorskip(
        "ncps.wirings", reason="needs ncps: pip install 'rivulet[train]'"
    )
    options["wiring"] = lambda: wirings.AutoNCP(12, 3, 0.4, seed=3)
    return lambda readout: kind([3], 3, 2, readout=readout, **options)


_CASES = {
    **{
        f"{name}-{integrator}-{convention}": (_relaxing, kind, {"integrator": integrator, **more})
        for name, kind in (("decay", DecayCell), ("ctrnn", Ctrnn))
        for integrator in _INTEGRATORS
        for convention, more in (
            ("previous", {}),
            ("current-additive", {"convention": "current", "drive": "additive"}),
        )
    },
    "cascade-u": (_cascade, (5, 4), {}),
    "cascade-v-current": (_cascade, (5, 4), {"rates": "v", "convention": "current"}),
    "cascade-inputs": (_cascade, 7, {"convention": "current", "readout_inputs": True}),
    "cascade-v-inputs": (_cascade, (3, 4, 2), {"rates": "v", "readout_inputs": True}),
    "cfc": (_ncps, Cfc, {}),
    "cfc-no-gate-previous": (_ncps, Cfc, {"mode": "no_gate", "convention": "previous"}),
    "cfc-pure-silu": (_ncps, Cfc, {"mode": "pure", "activation": "silu"}),
    "ltc": (_ncps, Ltc, {}),
    "ltc-previous": (_ncps, Ltc, {"convention": "previous", "unfolds": 3}),
    "ltc-wired": (_wired, Ltc, {"units": 12}),
    "wired-cfc": (_wired, WiredCfc, {}),
    "wired-cfc-pure": (_wired, WiredCfc, {"mode": "pure"}),
    "cfc-mixed": (_ncps, Cfc, {"mixed_memory": True}),
    "ltc-mixed": (_ncps, Ltc, {"mixed_memory": True}),
    "wired-cfc-mixed": (_wired, WiredCfc, {"mode": "no_gate", "mixed_memory": True}),
}


def _exact(network: Any) -> Any:
    """The network in float64, its weights such that a model file's float32 holds them exactly."""
    network.to(torch.float64)
    with torch.no_grad():
        for name, p in network.parameters.items():
            if name == "log_rate":
                p.copy_(p.exp().float().double().log())
            elif name in ("gleak", "cm", "w", "sensory_w"):
                effective = torch.nn.functional.softplus(p).float().double()
                p.copy_(torch.log(torch.expm1(effective)))
    return network


def _trained(network: Any, events: Any) -> np.ndarray:
    with torch.no_grad():
        features, _ = network.run(events, network.zero_state(events.gaps.shape[1]))
        return network.logits(features)[0, :, :-1].numpy()


@pytest.mark.parametrize("readout", [_STATE, _MEAN], ids=["state", "mean"])
@pytest.mark.parametrize("case", _CASES)
def test_a_cell_is_the_devices(case, readout, tmp_path, irregular, device) -> None:
    make, kind, options = _CASES[case]
    network = _exact(make(kind, **options)(readout))
    played = irregular(seed=5, series=3, events=150, channels=3, longest_s=20.0)
    expected = device(tmp_path, network).outputs(played)
    got = _trained(network, played.events())
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("activation", ["tanh", "relu", "silu", "gelu", "lecun_tanh"])
def test_a_neural_ode_is_the_devices(activation, tmp_path, irregular, device) -> None:
    # Two layers, gaps above and below 64 steps.
    network = _exact(NeuralOde([3], 3, 2, 7, (9, 5), activation, 0.0625, readout=_STATE))
    played = irregular(seed=5, series=3, events=60, channels=3, longest_s=6.0)
    expected = device(tmp_path, network).outputs(played)
    assert np.isfinite(expected).all()
    got = _trained(network, played.events())
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-9 * max(1, np.abs(expected).max()))


def test_a_short_mean_differs_by_what_the_device_neglects(tmp_path, irregular, device) -> None:
    network = _exact(_relaxing(DecayCell)(Readout("mean", 0.5)))
    played = irregular(seed=6, series=2, events=200, channels=3, longest_s=10.0)
    expected = device(tmp_path, network).outputs(played)
    np.testing.assert_allclose(_trained(network, played.events()), expected, rtol=0, atol=3e-6)


def test_rates_are_the_telemetrys(tmp_path, irregular, device) -> None:
    for case in (
        *("decay-exponential-previous", "ltc", "cfc", "cfc-pure-silu"),
        *("ltc-wired", "wired-cfc", "wired-cfc-pure"),
    ):
        make, kind, options = _CASES[case]
        network = _exact(make(kind, **options)(_STATE))
        played = irregular(seed=7, series=1, events=20, channels=3, longest_s=2.0)
        board = device(tmp_path, network)
        board.outputs(played)
        board.model.cell.evaluate()
        state = torch.tensor(np.array(board.model.cell.state_floats[: network.units]))[None, None]
        inputs = torch.tensor(played.inputs[:, -1:])[None]
        with torch.no_grad():
            rates = network.field(network.weights(), inputs).rates(0, state)[0, 0].numpy()
        np.testing.assert_allclose(rates, board.model.cell.alpha_floats, rtol=1e-9)


def test_a_memorys_rates_are_the_telemetrys(tmp_path, irregular, device) -> None:
    make, kind, options = _CASES["cfc-mixed"]
    network = _exact(make(kind, **options)(_STATE))
    played = irregular(seed=7, series=1, events=20, channels=3, longest_s=2.0)
    board = device(tmp_path, network)
    board.outputs(played)
    trajectory = Trajectory()
    with torch.no_grad():
        network.run(played.events(), network.zero_state(1), trajectory)
    # The gap after the last event is the look at the recording's end.
    rates = trajectory.rates()[0, 0, -2, network.units :].numpy()
    assert played.gaps_us[0, -1] > 0
    np.testing.assert_allclose(rates, board.model.cell.alpha_floats[network.units :], rtol=1e-9)


def test_a_cascades_rates_are_the_telemetrys(tmp_path, irregular, device) -> None:
    for case in ("cascade-u", "cascade-v-current"):
        make, units, options = _CASES[case]
        network = _exact(make(units, **options)(_STATE))
        played = irregular(seed=7, series=1, events=20, channels=3, longest_s=2.0)
        board = device(tmp_path, network)
        board.outputs(played)
        trajectory = Trajectory()
        with torch.no_grad():
            network.run(played.events(), network.zero_state(1), trajectory)
        assert played.gaps_us[0, -1] > 0
        rates = trajectory.rates()[0, 0, -2].numpy()
        np.testing.assert_allclose(rates, board.model.cell.alpha_floats, rtol=1e-9)
        moved = trajectory.change().sum(2)[0, 0].numpy()
        np.testing.assert_allclose(moved, board.model.cell.state_floats, rtol=0, atol=1e-9)


def test_steps_and_their_gradients_are_those_of_ncps() -> None:
    pytest.importorskip("ncps", reason="needs ncps: pip install 'rivulet[train]'")
    from ncps.wirings import AutoNCP

    torch.manual_seed(0)
    x, u = torch.randn(5, 7).double(), torch.randn(5, 3).double()
    seconds = torch.rand(5, 1).double() + 1e-3
    for network in (
        *(Cfc([1], 3, 2, 7, mode, (9, layers)) for mode in MODES for layers in (0, 1, 2)),
        Ltc([1], 3, 2, 7),
        Ltc([1], 3, 2, 7, 4, lambda: AutoNCP(7, 2, 0.4, seed=3)),
        *(WiredCfc([1], 3, 2, lambda: AutoNCP(7, 2, 0.4, seed=3), mode) for mode in MODES),
    ):
        network.to(torch.float64)
        module = network.module.requires_grad_(True)
        expected = module(u, x, seconds)[1]
        expected.square().sum().backward()
        field = network.field(network.weights(), u[None, :, None])
        got = field.advance(0, x[None], seconds[None, :, 0])
        torch.testing.assert_close(got[0], expected, rtol=0, atol=1e-9)
        got.square().sum().backward()
        for name, parameter in module.named_parameters():
            if name in network.parameters:
                ours, theirs = network.parameters[name].grad, parameter.grad
                torch.testing.assert_close(ours[0], theirs, rtol=1e-9, atol=1e-9)


def test_seeds_do_not_touch_each_other(irregular) -> None:
    """Several models at once give what each gives alone."""
    played = irregular(seed=8, series=4, events=30, channels=3, longest_s=2.0)
    for make in (DecayCell, Ctrnn, NeuralOde, Cfc, Ltc, cascade.Cascade):
        together = make([1, 2], 3, 2, 6)
        together.to(torch.float64)
        features, _ = together.run(played.events(2), together.zero_state(4))
        both = together.logits(features)
        for index, seed in enumerate((1, 2)):
            alone = make([seed], 3, 2, 6)
            alone.to(torch.float64)
            features, _ = alone.run(played.events(), alone.zero_state(4))
            torch.testing.assert_close(both[index], alone.logits(features)[0], rtol=0, atol=1e-9)

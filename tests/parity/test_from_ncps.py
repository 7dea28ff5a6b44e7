"""Live modules of ncps: what comes along, and what is refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.convert import convert, from_ncps, read_weights
from host_tools.errors import RivuletError

torch = pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ncps", reason="needs ncps")

from ncps.torch import LTC, CfC  # noqa: E402
from ncps.wirings import AutoNCP, Wiring  # noqa: E402
from torch import nn  # noqa: E402


def test_the_settings_come_along() -> None:
    made = from_ncps(
        LTC(2, AutoNCP(12, 3), ode_unfolds=4, epsilon=1e-6),
        time_unit_s=0.25,
        channels=["a", "b"],
        output="class",
        classes=["x", "y", "z"],
    )
    settings = made.settings
    assert (settings["cell"], settings["convention"]) == ("ltc", "current")
    assert (settings["unfolds"], settings["epsilon"], settings["time_unit_s"]) == (4, 1e-6, 0.25)
    assert settings["channels"] == ["a", "b"] and settings["classes"] == ["x", "y", "z"]
    assert made.hidden == 12
    assert settings["provenance"] == {"trainer": "ncps.torch LTC"}


_CFC = {"kind": "cfc", "mode": "default", "activation": "lecun_tanh"}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (LTC(2, AutoNCP(12, 3)), {"kind": "ltc"}),
        (LTC(2, 5, mixed_memory=True, ode_unfolds=2), {"kind": "ltc", "ode_unfolds": 2}),
        (
            CfC(2, 5, backbone_layers=2, activation="silu"),
            {"kind": "cfc", "mode": "default", "activation": "silu"},
        ),
        (
            CfC(2, 5, mode="no_gate", proj_size=2),
            {"kind": "cfc", "mode": "no_gate", "activation": "lecun_tanh"},
        ),
        (CfC(2, AutoNCP(12, 3), mode="pure"), {"kind": "cfc", "mode": "pure"}),
    ],
)
def test_a_state_dict_gives_what_the_module_gives(
    tmp_path: Path, module: Any, options: dict[str, Any]
) -> None:
    with pytest.warns(UserWarning, match="time_unit_s was not given"):
        live = from_ncps(module)
    assert live.settings["time_unit_s"] == 1.0 and "time_unit_s" in live.warnings[-1]
    torch.save(module.state_dict(), tmp_path / "w.pt")
    weights, metadata = read_weights(tmp_path / "w.pt")
    stored = convert(weights, metadata | options | {"source": "ncps", "time_unit_s": 1})
    assert stored.settings | {"provenance": None} == live.settings | {"provenance": None}
    assert stored.tensors.keys() == live.tensors.keys()
    for name, tensor in live.tensors.items():
        np.testing.assert_array_equal(stored.tensors[name], tensor)


def test_a_head_is_part_of_the_readout() -> None:
    module, head = LTC(2, AutoNCP(12, 3)), nn.Linear(3, 4)
    made = from_ncps(module, head=head)
    state = torch.randn(1, 12)
    with torch.no_grad():
        expected = head(module.rnn_cell._map_outputs(state))[0].numpy()
    weight = made.tensors["readout.weight"]
    found = weight[:, :-1] @ state[0].numpy() + weight[:, -1]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_wiring_of_ones_own_converts_by_its_synapses() -> None:
    wiring = Wiring(4)
    wiring.build(2)
    wiring.set_output_dim(1)
    wiring.add_synapse(1, 0, 1)
    wiring.add_sensory_synapse(0, 1, -1)
    assert from_ncps(LTC(2, wiring)).settings["synapses"] == [1, 1]


def _unwired(units: int) -> Wiring:
    wiring = Wiring(units)
    wiring.set_output_dim(1)
    return wiring


def _with_backbone(*layers: nn.Module) -> CfC:
    module = CfC(2, 5, backbone_units=5)
    module.rnn_cell.backbone = nn.Sequential(nn.Linear(7, 5), *layers)
    return module


class _Keras:
    __module__ = "ncps.keras.ltc"


@pytest.mark.parametrize(
    ("module", "options", "message"),
    [
        (nn.LSTM(2, 5), {}, "not torch.nn.modules.rnn.LSTM"),
        (_Keras(), {}, "Keras models are not read"),
        (_with_backbone(nn.ELU()), {}, "'ELU' in the backbone"),
        (_with_backbone(nn.LayerNorm(5)), {}, "'LayerNorm' in the backbone"),
        (_with_backbone(nn.GELU(approximate="tanh")), {}, "GELU in its tanh approximation"),
        (_with_backbone(nn.Tanh(), nn.Linear(5, 5), nn.SiLU()), {}, "one activation"),
        (LTC(2, 5), {"head": nn.GRU(5, 2)}, "'head' is a GRU"),
        (LTC(2, 5), {"head": nn.Linear(4, 2)}, r"'head.weight' is \(2, 4\)"),
        (LTC(2, _unwired(5)), {}, "the wiring has no synapses"),
        (CfC(2, _unwired(5)), {}, "no synapses into layer 0"),
        (LTC(2, 5), {"channels": ["a"]}, "1 channels for 2 inputs"),
        (LTC(2, 5), {"color": "red"}, "metadata carries color"),
        (LTC(2, 5), {"kind": "cfc"}, "kind: the module says that"),
        (LTC(2, 5), {"time_unit_s": 0.0}, "'time_unit_s' must be a number"),
    ],
)
def test_what_cannot_be_converted(module: Any, options: Any, message: str) -> None:
    with pytest.raises(RivuletError, match=message) as caught:
        from_ncps(module, **options)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_numbers() -> None:
    module = CfC(2, 5)
    with torch.no_grad():
        module.rnn_cell.ff1.bias[2] = float("nan")
    with pytest.raises(RivuletError, match=r"'rnn_cell.ff1.bias' holds 1 NaN"):
        from_ncps(module)

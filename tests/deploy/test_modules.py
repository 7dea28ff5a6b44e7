"""A board gets the modules that its model uses."""

import pytest

from host_tools.deploy.modules import package_modules
from host_tools.paths import FIRMWARE

_LAYERS = {
    *("apply_thumb", "average_thumb", "layers_thumb", "layers_viper", "layers_dsp"),
    "decay_viper",
}


@pytest.mark.parametrize(
    ("cell", "kernels"),
    [
        ("cfc", {"cfc_thumb", "cfc_viper", *_LAYERS}),
        ("wired_cfc", {"cfc_thumb", "cfc_viper", *_LAYERS}),
        ("ltc", {"ltc_thumb", "ltc_viper", *_LAYERS}),
        ("decay", {"decay_thumb", "decay_viper", "decay_dsp", "decay_rv32"}),
        ("cascade", {"cascade_thumb", "cascade_viper", "cascade_rv32"}),
    ],
)
def test_every_kernel_of_its_cell_is_among_them(cell: str, kernels: set[str]) -> None:
    found = {
        path.stem for path in package_modules({"cell": cell}, FIRMWARE) if "integers" in path.parts
    }
    assert kernels <= found
    others = {"cascade_thumb", "cfc_thumb", "ltc_thumb"} - kernels
    assert not others & found

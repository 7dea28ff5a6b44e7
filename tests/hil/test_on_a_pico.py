"""The loop is closed on an emulated Pico with real ulab, and it does what the virtual board does.

Slow, so it runs only when PICO_UF2 names an image with ulab: PICO_UF2=file.uf2 pytest ...
"""

import json
from pathlib import Path

import pytest

from tests.hil.poles import make_project
from tests.pico_image import NEEDED, UF2
from tests.rivulet_command import run

pytestmark = [*NEEDED, pytest.mark.timeout(6000)]
# A hang guard, in seconds of this machine.
_HANG_S = 5000
# Twenty steps, in which a pole without a controller would fall.
_SHORT = """\
from host_tools.plants.cartpole import CartPole


class Short(CartPole):
    step_limit = 20

    def reset(self, seed):
        super().reset(seed)
        self.state = self.state + [0, 0, 0.1, 0.5]
        return self.state
"""


def test_a_pole_is_balanced_on_a_pico(tmp_path: Path) -> None:
    project = make_project(tmp_path / "pole", board="rpi_pico", ticks=True)
    (tmp_path / "short.py").write_text(_SHORT)
    arguments = ("hil", f"{tmp_path / 'short.py'}:Short", "--project", project, "--json")
    arguments += ("--episodes", "1", "--loss", "0.3", "--jitter", "5", "--seed", "2")
    virtual = run(*arguments)
    pico = run(*arguments, "--board", "emulated_pico", "--uf2", UF2, hang_s=_HANG_S)
    assert pico.returncode == virtual.returncode == 0, pico.stderr + virtual.stderr
    assert json.loads(pico.stdout) == json.loads(virtual.stdout)
    assert json.loads(pico.stdout)["return_mean"] == 20.0

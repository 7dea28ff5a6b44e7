"""Plants: machines that a model controls, simulated one control period a step.

One file a plant. `find` returns a plant by its name, any environment of Gymnasium by its name, or
a person's own class.
"""

import importlib
from difflib import get_close_matches

from host_tools.errors import RivuletError
from host_tools.plants.plant import Checked, Linear, Plant

__all__ = ["NAMES", "Checked", "Linear", "Plant", "find"]

# Name -> (file of this room, class).
_OURS = {
    "altitude": ("altitude", "Altitude"),
    "cartpole": ("cartpole", "CartPole"),
    "pendulum": ("pendulum", "Pendulum"),
    "robot": ("robot", "Robot"),
}
NAMES = tuple(_OURS)
_PREFIX = "gymnasium:"


def find(name: str) -> Checked:
    """Return the plant. Raises RivuletError.

    name: one of NAMES; an environment of Gymnasium such as CartPole-v1, with gymnasium: before it
    or not; or file.py:Class.
    """
    if name in _OURS:
        file, kind = _OURS[name]
        made: Plant = getattr(importlib.import_module(f"{__name__}.{file}"), kind)()
        return Checked(name, made)
    if name.startswith(_PREFIX) or _is_gymnasium(name):
        from host_tools.plants.gymnasium_plant import GymnasiumPlant

        return Checked(name, GymnasiumPlant(name.removeprefix(_PREFIX)))
    if ".py:" in name:
        from host_tools.plants.own_class import OwnPlant

        return Checked(name, OwnPlant(name))
    near = get_close_matches(name, NAMES, 1)
    others = f"there are {', '.join(NAMES)}, Gymnasium's names (CartPole-v1) and file.py:Class"
    hint = f"did you mean '{near[0]}'?" if near else others
    raise RivuletError(f"there is no plant '{name}': {hint}")


def _is_gymnasium(name: str) -> bool:
    """Tell whether a name ends in a version, as Gymnasium's do: CartPole-v1."""
    _, dash, version = name.rpartition("-v")
    return bool(dash) and version.isdigit()

"""The cells that a project may name, one file each.

A cell's module has `make(wanted)`, which returns the network to train, and `LAYERED = True` if its
units may be those of several layers. [model] of rivulet.toml names the module.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from host_tools.errors import RivuletError
from host_tools.learn.time_scales import TimeScales
from host_tools.project import Project
from host_tools.project.tables.model import ModelTable

if TYPE_CHECKING:
    from host_tools.train.network import Network


@dataclass(frozen=True)
class Wanted:
    """What a network is made for."""

    seeds: list[int]
    channels: int
    outputs: int
    network: ModelTable
    scales: TimeScales

    @property
    def units(self) -> int:
        """The number of units, of all layers together."""
        units = self.network.units
        return units if isinstance(units, int) else sum(units)


def names() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def check(project: Project) -> None:
    """Raise RivuletError if the project names an unknown cell."""
    cell = project.network.cell
    if cell not in names():
        known = ", ".join(names())
        raise RivuletError(
            f"{project.file}: model.cell: there is no cell '{cell}'; there are {known}"
        )


def make(project: Project, wanted: Wanted) -> "Network":
    """Return the network of the project's cell, untrained. Raises RivuletError."""
    check(project)
    module = importlib.import_module(f"{__name__}.{project.network.cell}")
    if not isinstance(wanted.network.units, int) and not getattr(module, "LAYERED", False):
        raise RivuletError(
            f"{project.file}: model.units: the cell '{project.network.cell}' has no layers: give "
            "one number"
        )
    made: Network = module.make(wanted)
    return made

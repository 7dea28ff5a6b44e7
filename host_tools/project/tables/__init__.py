"""The tables of rivulet.toml, one file each.

A table is a msgspec.Struct. The description of a field says in words what is allowed; messages
and the JSON Schema show it. A new table is a file here and a field of `ProjectFile`.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from host_tools.project.tables.actuator import ActuatorTable
from host_tools.project.tables.board import BoardTable
from host_tools.project.tables.data import DataTable
from host_tools.project.tables.model import ModelTable
from host_tools.project.tables.plant import PlantTable
from host_tools.project.tables.policy import PolicyTable
from host_tools.project.tables.sensor import SensorTable
from host_tools.project.tables.train import TrainTable


class ProjectFile(Struct, forbid_unknown_fields=True):
    """All of rivulet.toml."""

    board: Annotated[BoardTable, Meta(description="the table [board]")]
    sensors: Annotated[
        dict[str, SensorTable], Meta(description="a table [sensors.NAME] for each sensor")
    ] = field(default_factory=dict)
    actuators: Annotated[
        dict[str, ActuatorTable], Meta(description="a table [actuators.NAME] for each actuator")
    ] = field(default_factory=dict)
    model: Annotated[ModelTable, Meta(description="the table [model]")] = field(
        default_factory=ModelTable
    )
    data: Annotated[DataTable, Meta(description="the table [data]")] = field(
        default_factory=DataTable
    )
    train: Annotated[TrainTable, Meta(description="the table [train]")] = field(
        default_factory=TrainTable
    )
    plant: Annotated[PlantTable, Meta(description="the table [plant]")] = field(
        default_factory=PlantTable
    )
    policy: Annotated[PolicyTable, Meta(description="the table [policy]")] = field(
        default_factory=PolicyTable
    )

"""The table [plant]."""

from typing import Annotated

from msgspec import Meta, Struct


class PlantTable(Struct, forbid_unknown_fields=True):
    """What the project controls, where it is simulated."""

    name: Annotated[
        str | None,
        Meta(
            description="a plant that 'rivulet hil' knows: cartpole, altitude, robot, pendulum, "
            "a name of Gymnasium, or file.py:Class"
        ),
    ] = None

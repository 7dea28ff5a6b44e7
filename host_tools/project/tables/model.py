"""The table [model]."""

from typing import Annotated

from msgspec import Meta, Struct


class ModelTable(Struct, forbid_unknown_fields=True):
    """The network that is trained, and the model that the project's rig feeds."""

    cell: Annotated[str, Meta(description='the name of a cell, such as "decay"')] = "decay"
    units: Annotated[
        int, Meta(ge=2, le=512, description="the number of units of the network, 2 to 512")
    ] = 32
    file: Annotated[
        str | None,
        Meta(
            description="the path of a converted model (.safetensors), from this file's folder; "
            "left out: what 'rivulet train' wrote into build/"
        ),
    ] = None

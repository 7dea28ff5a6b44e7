"""The table [model]."""

from typing import Annotated, Literal

from msgspec import Meta, Struct


class ModelTable(Struct, forbid_unknown_fields=True):
    """The network that is trained, and the model that the project's rig feeds."""

    cell: Annotated[str, Meta(description='the name of a cell, such as "decay"')] = "decay"
    units: Annotated[
        Annotated[int, Meta(ge=2, le=512)]
        | Annotated[list[Annotated[int, Meta(ge=1, le=512)]], Meta(min_length=1, max_length=8)],
        Meta(
            description="the number of units of the network, 2 to 512; for a cascade also a list, "
            "such as [26, 26]: those of each layer"
        ),
    ] = 32
    rates: Annotated[
        Literal["u", "v"],
        Meta(
            description='"u" or "v": the rates of later layers of a cascade depend on the inputs '
            "alone, or on the layer below too"
        ),
    ] = "u"
    file: Annotated[
        str | None,
        Meta(
            description="the path of a converted model (.safetensors), from this file's folder; "
            "left out: what 'rivulet train' wrote into build/"
        ),
    ] = None

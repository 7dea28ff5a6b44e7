"""The table [model]."""

from typing import Annotated

from msgspec import Meta, Struct


class ModelTable(Struct, forbid_unknown_fields=True):
    """The model that the project's rig feeds."""

    file: Annotated[
        str | None,
        Meta(description="the path of a converted model (.safetensors), from this file's folder"),
    ] = None

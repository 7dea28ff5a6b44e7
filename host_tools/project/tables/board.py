"""The table [board]."""

from typing import Annotated

from msgspec import Meta, Struct


class BoardTable(Struct, forbid_unknown_fields=True):
    """Which board the project runs on."""

    name: Annotated[
        str,
        Meta(description="a name that 'rivulet boards' lists, or the path of a board's folder"),
    ]

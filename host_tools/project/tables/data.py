"""The table [data]."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class DataTable(Struct, forbid_unknown_fields=True):
    """The recordings that a model is trained on, and how they are split."""

    recordings: Annotated[
        list[str],
        Meta(
            description="a list of recordings' paths from this file's folder; '*' stands for any "
            "part of a name"
        ),
    ] = field(default_factory=lambda: ["recordings/*.csv", "recordings/*.parquet"])
    split: Annotated[
        Literal["recording", "group"],
        Meta(
            description='"recording", or "group": recordings of one group are not both trained on '
            "and tested on"
        ),
    ] = "recording"

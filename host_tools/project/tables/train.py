"""The table [train]."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class TrainTable(Struct, forbid_unknown_fields=True):
    """What is learnt from the recordings."""

    task: Annotated[
        Literal["class", "value", "forecast"],
        Meta(
            description='"class" (the column label), "value" (the channels of target), or '
            '"forecast" (the channels of target, horizon_s later)'
        ),
    ] = "class"
    target: Annotated[
        list[str],
        Meta(description='a list of channels, such as ["speed"]; for "value" and "forecast"'),
    ] = field(default_factory=list)
    horizon_s: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description='a number of seconds above 0; only for "forecast"'),
    ] = None
    units: Annotated[
        dict[str, str],
        Meta(description="a table of target channels, each with its unit"),
    ] = field(default_factory=dict)
    drop: Annotated[
        float, Meta(ge=0, le=0.95, description="the share of events lost in training, 0 to 0.95")
    ] = 0.5
    int8: Annotated[bool, Meta(description="true: a model for the integer kernels as well")] = True

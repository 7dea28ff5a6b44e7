"""A table [actuators.NAME]."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from host_tools.project.tables.wiring import DRIVER, BusTable, Pins


class ActuatorTable(Struct):
    """An actuator and its wires. Every key that is not below is a setting of the driver."""

    driver: Annotated[str, Meta(description=DRIVER)]
    source: Annotated[
        str,
        Meta(
            description='"class" (the decided class), or an output of the model: "y0", "y1", '
            "..., or a channel of [train] target"
        ),
    ] = field(name="from")
    bus: Annotated[
        BusTable | None, Meta(description="a table such as { i2c = 0, sda = 4, scl = 5 }")
    ] = None
    pins: Pins = field(default_factory=dict)
    table: Annotated[
        dict[str, float] | None,
        Meta(description='a table of class names, each with a number; only with from = "class"'),
    ] = None
    limits: Annotated[
        tuple[float, float] | None,
        Meta(description="the lowest and the highest value to write, [LOWEST, HIGHEST]"),
    ] = None
    slew_per_s: Annotated[
        float, Meta(ge=0, description="the largest change per second, 0 (no limit) or more")
    ] = 0.0
    safe: Annotated[
        float, Meta(description="the value at rest, after a fault and before the first decision")
    ] = 0.0
    # The keys that are not above.
    settings: dict[str, Any] = field(default_factory=dict)

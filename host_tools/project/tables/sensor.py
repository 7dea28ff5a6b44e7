"""A table [sensors.NAME]."""

from typing import Annotated, Any

from msgspec import Meta, Struct, field

from host_tools.project.tables.wiring import DRIVER, BusTable, Pins


class SensorTable(Struct):
    """A sensor and its wires. Every key that is not below is a setting of the driver."""

    driver: Annotated[str, Meta(description=DRIVER)]
    bus: Annotated[
        BusTable | None, Meta(description="a table such as { i2c = 0, sda = 4, scl = 5 }")
    ] = None
    pins: Pins = field(default_factory=dict)
    channels: Annotated[
        dict[str, str] | list[dict[str, Any]],
        Meta(
            description="a table of the driver's channel names, each with the name here; for a "
            "driver without channels of its own a list of tables that describe them"
        ),
    ] = field(default_factory=dict)
    units: Annotated[
        dict[str, str],
        Meta(description="a table of channel names here, each with the unit to convert to"),
    ] = field(default_factory=dict)
    # The keys that are not above.
    settings: dict[str, Any] = field(default_factory=dict)

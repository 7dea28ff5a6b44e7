"""The sensor's bus fails: while the driver sets the chip up, and at readings."""

from host_tools.faults import Given, Row
from host_tools.faults._models import IMU, write_model

_SHARES = (1, 10, 100, 500, 1000)  # per mille of the readings, each the first of a burst


def run(given: Given) -> list[Row]:
    models = {"float": "float.safetensors", "int8": "int8.safetensors"}
    for kind, name in models.items():
        write_model(given.folder / name, given.seed, channels=IMU, integers=kind == "int8")
    report = given.on_device(
        "i2c",
        models=list(models.values()),
        shares=_SHARES,
        events=given.times(full=10_000, short=200),
        seed=given.seed,
    )
    rows = []
    for kind, name in models.items():
        seen = report[name]
        rows.append(
            Row(
                f"0.1 to 100 % of readings fail, one at a time and in bursts, {kind} model",
                seen["failed"],
                "each is counted; the state equals that of a model fed only good readings, bit "
                "for bit",
                f"{seen['failed']:,} of {seen['events']:,} readings failed and were counted",
                seen["broken"],
            )
        )
    starting = report["starting"]
    rows.append(
        Row(
            "transfer 1, 2, ... of the sensor's setup fails",
            starting["tried"],
            "the board reports that the sensor does not answer; it loads its model and "
            "serves the host",
            f"{starting['refused']} starts without the sensor, each reported",
            starting["broken"],
        )
    )
    return rows

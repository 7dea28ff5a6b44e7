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
                f"0.1 to 100 % of readings fail, alone and in bursts, {kind} model",
                seen["failed"],
                "each is counted; the others move the model bit for bit as if they had been alone",
                f"{seen['failed']:,} of {seen['events']:,} readings failed and were counted",
                seen["broken"],
            )
        )
    starting = report["starting"]
    rows.append(
        Row(
            "transfer 1, 2, ... of setting the sensor up fails",
            starting["tried"],
            "the board says that its sensor does not answer, has its model and serves the host",
            f"{starting['refused']} starts without the sensor, each told",
            starting["broken"],
        )
    )
    return rows

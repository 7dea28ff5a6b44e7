"""The microsecond counter wraps, at every moment at which it can."""

from host_tools.faults import Given, Row
from host_tools.faults._models import write_model


def run(given: Given) -> list[Row]:
    models = {"float": "float.safetensors", "int8": "int8.safetensors"}
    for kind, name in models.items():
        write_model(given.folder / name, given.seed, integers=kind == "int8")
    report = given.on_device(
        "clock",
        stride=given.times(full=1, short=64),
        samples=given.times(full=4000, short=100),
        seed=given.seed,
        models=list(models.values()),
    )
    small = report["small"]
    rows = [
        Row(
            f"gaps of 0 to 60 s on a counter of 2^16 µs, from {small['phases']:,} phases",
            small["updates"],
            "time and timestamps are exact to the microsecond",
            "exact" if not small["broken"] else "errors",
            small["broken"],
        )
    ]
    for kind, name in models.items():
        seen = report[name]
        rows.append(
            Row(
                f"the counter of 2^30 µs wraps during a run of events, {kind} model",
                seen["phases"],
                "the state equals that of a run without a wrap, bit for bit",
                "no bit differs" if not seen["broken"] else "bits differ",
                seen["broken"],
            )
        )
    return rows

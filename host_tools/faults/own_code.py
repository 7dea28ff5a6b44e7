"""Drivers of a person's own that raise what is no bus error."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    report = given.on_device("own_code", times=given.times(full=100, short=3), seed=given.seed)
    return [
        Row(
            "a driver raises while it is imported, made, started or read, when an actuator is "
            "written, or in an interrupt",
            report["injected"],
            "file, line and error are told; outputs are safe within two decisions; a model on "
            "trial is left for the one before, any other stays",
            "each told, and no confirmed model was left",
            report["broken"],
        )
    ]

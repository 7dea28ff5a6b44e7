"""The flash is full, or does not take what is written: pushes on a real littlefs in memory."""

from host_tools.faults import Given, Row
from host_tools.faults._models import write_model

_PROMISE = (
    "the push is done, or refused in one line; the old or the new model is active, complete, "
    "before and after a reboot; no event is lost; the next push succeeds"
)


def run(given: Given) -> list[Row]:
    write_model(given.folder / "old.safetensors", given.seed, integers=True)
    write_model(given.folder / "new.safetensors", given.seed + 1, integers=True)
    report = given.on_device(
        "filesystem",
        old="old.safetensors",
        new="new.safetensors",
        stride=given.times(full=1, short=5),
    )
    rows = []
    for name, injected in (
        ("full", "a push to a filesystem with 0, 1, 2, ... free blocks"),
        ("once", "write or erasure 1, 2, ... N of a push fails"),
        ("for_good", "write or erasure 1, 2, ... N of a push fails, and all later ones"),
    ):
        seen = report[name]
        said = max(seen["texts"], key=seen["texts"].get, default="")
        rows.append(
            Row(
                injected,
                seen["count"],
                _PROMISE,
                f"{seen['refused']} refused, most often with “{said}”; {seen['taken']} done",
                seen["broken"],
            )
        )
    return rows

"""The heap is full: requests with hardly any memory left, and a driver that takes all of it."""

from host_tools.faults import Given, Row
from host_tools.faults._models import write_model

# Bytes left in one piece: nothing, then a request's needs, then about those of a second model.
_ROOMS = (0, 32, 64, 128, 256, 512, 1_000, 2_000, 4_000, 8_000, 16_000)


def run(given: Given) -> list[Row]:
    write_model(given.folder / "old.safetensors", given.seed, integers=True)
    write_model(given.folder / "new.safetensors", given.seed + 1, integers=True)
    step = given.times(full=500, short=8_000)
    rooms = [*_ROOMS[:: given.times(full=1, short=5)], *range(20_000, 50_000, step)]
    events = given.times(full=2_000, short=40)
    report = given.on_device("heap", heap="1M", rooms=rooms, events=events)
    starved, greedy = report["starved"], report["greedy"]
    return [
        Row(
            "requests, a push among them, with 0 to 50,000 bytes left",
            starved["requests"],
            "answered, refused or unanswered; every event moves the int8 model as if nothing "
            "were; what runs is what boots; with memory back the next push succeeds",
            f"{starved['swaps']} of {2 * len(rooms)} pushes done, the loop never ended",
            starved["broken"],
        ),
        Row(
            "a driver that takes all memory at every other event",
            events // 2,
            "the loop goes on, each time is counted",
            f"{greedy['survived']} counted",
            greedy["broken"],
        ),
    ]

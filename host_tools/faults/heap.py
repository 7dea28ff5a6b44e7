"""The heap is full: requests with hardly any memory left, and a driver that takes all of it."""

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._boards import connected, virtual_board
from host_tools.faults._models import IMU, hash_of, write_model
from host_tools.interpreter.find import float_bytes

# Of an interpreter whose floats and words have 8 bytes; half of it where they have 4.
_HEAP_KB = 400
_SIZES = (8, 16, 24, 32, 40, 64, 80, 8, 96, 16, 48)

# Bytes left in one piece: nothing, then a request's needs, then about those of a second model.
_ROOMS = (0, 32, 64, 128, 256, 512, 1_000, 2_000, 4_000, 8_000, 16_000)


def _too_large(given: Given) -> Row:
    """Models from small to far too large, by the host, onto a board of little memory."""
    broken: list[str] = []
    said = ""
    refused = 0
    sizes = _SIZES[:: given.times(full=1, short=6)]
    heap_kb = _HEAP_KB * float_bytes(given.interpreter) // 8
    with virtual_board(given, heap_kb=heap_kb) as board:
        active = ""
        for hidden in sizes:
            path = given.folder / "sized.safetensors"
            data = write_model(path, hidden, channels=IMU, hidden=hidden)
            with connected(board) as wire:
                try:
                    wire.push(data)
                    active = hash_of(data)
                except RivuletError as error:
                    refused += 1
                    said = str(error)
                    if "not enough memory" not in said or "\n" in said:
                        broken.append(f"{hidden} units: {said}")
                if wire.status()["model_hash"] != active:
                    broken.append(f"{hidden} units: another model is active")
    if refused in (0, len(sizes)):
        broken.append(f"{refused} of {len(sizes)} were refused: this tests nothing")
    return Row(
        f"float models of 8 to {max(sizes)} units for an interpreter with {heap_kb} KB of heap",
        len(sizes),
        "accepted, or refused in one line for lack of memory; the previous model keeps running",
        f"{len(sizes) - refused} accepted, {refused} refused: “{said}”",
        broken,
    )


def run(given: Given) -> list[Row]:
    write_model(given.folder / "old.safetensors", given.seed, integers=True)
    write_model(given.folder / "new.safetensors", given.seed + 1, integers=True)
    rooms = [64, 16_000] if given.short else [*_ROOMS, *range(20_000, 50_000, 1_500)]
    events = given.times(full=500, short=40)
    report = given.on_device("heap", heap="1M", rooms=rooms, events=events)
    starved, greedy = report["starved"], report["greedy"]
    return [
        _too_large(given),
        Row(
            "requests, pushes among them, with 0 to 50,000 bytes of free heap",
            starved["requests"],
            "each is answered, refused or not answered; every event moves the int8 model as "
            "usual; the running model is the one that boots; with free memory again the next "
            "push succeeds",
            f"{starved['swaps']} of {2 * len(rooms)} pushes done, the loop never ended",
            starved["broken"],
        ),
        Row(
            "a driver that takes all memory at every second event",
            events // 2,
            "the loop continues; each failure is counted",
            f"{greedy['survived']} counted",
            greedy["broken"],
        ),
    ]

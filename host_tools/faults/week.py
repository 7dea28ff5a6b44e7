"""A week passes, in simulated time: wraps, nights, swaps, bad readings, hosts that come and go."""

from host_tools.faults import Given, Row
from host_tools.faults._models import write_model

_DAYS = 7
# Bytes between one midnight and another: what the collector takes for references on its stack.
_STEADY = 512


def run(given: Given) -> list[Row]:
    models = ["one.safetensors", "two.safetensors", "floats.safetensors"]
    for seed, name in enumerate(models):
        write_model(given.folder / name, given.seed + seed, integers=name != "floats.safetensors")
    report = given.on_device(
        "week",
        days=_DAYS,
        events_a_day=given.times(full=40_000, short=600),
        cycles_a_day=given.times(full=16, short=1),
        models=models,
        seed=given.seed,
    )
    broken = list(report["broken"])
    heaps, files = report["heaps"], report["files"]
    if max(heaps) - min(heaps) > _STEADY:
        broken.append(f"the heap at each midnight: {heaps}")
    if len(set(files)) != 1:
        broken.append(f"files at each midnight: {files}")
    if not (report["failed"] and report["records"] and report["wraps"] >= 70 * _DAYS):
        broken.append("nothing was injected: this tests nothing")
    return [
        Row(
            f"{_DAYS} days: {report['wraps']} wraps, nights of 8 hours, {report['swaps']} swaps "
            "of int8 and float models, as many damaged pushes, "
            f"{report['failed']} bus errors, noise",
            report["events"],
            "the state equals that of undisturbed models, bit for bit; the clock is right to the "
            "microsecond; every frame arrives; heap use and open files stay constant",
            f"{report['events']:,} events, {report['decisions']:,} decisions, "
            f"{report['records']:,} records, none lost; heap use within "
            f"{max(heaps) - min(heaps)} bytes",
            broken,
        )
    ]

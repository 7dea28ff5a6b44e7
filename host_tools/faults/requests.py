"""Requests whose checksum is right and whose content is anything."""

from host_tools.faults import Given, Row
from host_tools.faults._models import write_model

# Bytes between looks: a status in the making, what a push holds open, a collector.
_STEADY = 10240


def run(given: Given) -> list[Row]:
    for seed, name in enumerate(("old", "new")):
        write_model(given.folder / f"{name}.safetensors", given.seed + seed, integers=True)
    requests = given.times(full=20_000, short=400)
    report = given.on_device("requests", requests=requests, seed=given.seed)
    broken = list(report["broken"])
    # The first look comes before everything that is made once has been made.
    heaps = report["heaps"][1:]
    if max(heaps) - min(heaps) > _STEADY:
        broken.append(f"the heap between: {heaps}")
    if not (report["answered"] and report["refused"]):
        broken.append("all were answered, or none: this tests nothing")
    return [
        Row(
            "complete frames of any kind, with random or almost valid content, to the whole loop",
            requests,
            "each is answered or refused; none ends the loop or activates a model that nobody "
            "pushed; no event is lost; constant heap use; later pushes succeed",
            f"{report['answered']:,} done, {report['refused']:,} refused, "
            f"{report['documents']:,} with a document or no reply; heap use within "
            f"{max(heaps) - min(heaps)} bytes",
            broken,
        )
    ]

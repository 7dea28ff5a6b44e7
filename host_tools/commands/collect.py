"""`rivulet collect`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.commands._connection import connect
from host_tools.commands._options import KeyOption, PortOption
from host_tools.errors import RivuletError, Terminated
from host_tools.printing import say

if TYPE_CHECKING:
    from host_tools.watch.collection import Collection
    from host_tools.watch.labels import Labels


def collect(
    port: PortOption = None,
    label: Annotated[
        str | None, typer.Option(metavar="NAME", help="The label of every event.")
    ] = None,
    keys: Annotated[
        str | None,
        typer.Option(
            metavar="1=NAME,...", help="Labels by keys, pressed while it runs; space: no label."
        ),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after this time, in seconds.", min=0)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="The recording. Default: a new file in recordings/ of the project, or here.",
        ),
    ] = None,
    key: KeyOption = None,
) -> None:
    """Record every event's values as a recording to learn from, until Ctrl-C."""
    from host_tools import files
    from host_tools.data.recording import description_file
    from host_tools.deploy.keys import key_file
    from host_tools.project import load, need_sensors
    from host_tools.project.load import FILE
    from host_tools.watch.collect import collect as record
    from host_tools.watch.collect import default_path
    from host_tools.watch.labels import Labels, parse_keys, parse_label

    if label is not None and keys is not None:
        raise RivuletError("--label is for the whole recording: use it or --keys, not both")
    labels = Labels()
    if label is not None:
        labels.current = parse_label(label, "--label")
    if keys is not None:
        labels.keys = parse_keys(keys)
    if out is not None:
        if out.suffix.lower() != ".csv":
            raise RivuletError(f"--out {out}: a recording grows as CSV: name it NAME.csv")
        files.check(out, (key_file(key),))
        files.check(description_file(out), (key_file(key),))
    if port is None and Path(FILE).is_file():
        # The board on the cable may be another project's; a person who means it says --port.
        need_sensors(load(Path(), with_model=False))
    with connect(port, key) as board:
        path = out or default_path(Path("recordings") if Path(FILE).is_file() else Path())
        collection, terminated = record(board, path, labels, seconds)
    for line in _summary(collection, labels):
        say(line)
    say(f"written to {path}")
    if terminated:
        raise Terminated


def _summary(collection: "Collection", labels: "Labels") -> list[str]:
    from host_tools.data.spans import span_text

    by_sensor = zip(collection.sensors, collection.by_sensor, strict=True)
    each = ", ".join(f"{name} {count}" for name, count in by_sensor)
    lines = [f"{collection.events} events in {span_text(collection.span_us)}: {each}"]
    if labels.are_kept:
        counts = [f"{name or 'none'} {count}" for name, count in collection.labels.items()]
        lines.append(f"labels: {', '.join(counts)}")
    lost = collection.lost()
    if lost:
        lines.append(f"lost: {', '.join(lost)}")
    if collection.unsent:
        lines.append(f"the wire carried at most {collection.fastest} events a second")
    else:
        lines.append(f"the wire carried all, up to {collection.fastest} events a second")
    return lines

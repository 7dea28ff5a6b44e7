"""`rivulet bench`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.commands._options import JsonOption, PortOption
from host_tools.errors import RivuletError
from host_tools.printing import console, note, say, say_json


def bench(
    port: PortOption = None,
    units: Annotated[int, typer.Option(help="Hidden units.", min=1)] = 32,
    inputs: Annotated[int, typer.Option(help="Input channels.", min=1)] = 4,
    uf2: Annotated[
        Path | None, typer.Option(help="Measure on an emulated Pico with this MicroPython image.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Also write the table as a page with a chart: FOLDER/NAME.")
    ] = None,
    cells: Annotated[
        bool, typer.Option("--cells", help="Also time CfC, LTC and the cascade.")
    ] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Time 'rivulet replay' on numpy and on MicroPython.")
    ] = False,
    labels: Annotated[
        bool, typer.Option("--labels", help="Only measure what it takes to learn a label.")
    ] = False,
    peers: Annotated[
        Path | None,
        typer.Option(help="Also run the cells of other projects that FOLDER holds, compiled."),
    ] = None,
    start: Annotated[
        bool, typer.Option("--start", help="Only time a start and the turns of a push.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Time the cell against a plain implementation, on a board (--port) or this computer."""
    from host_tools.bench import (
        bench_table,
        check_report,
        replay_table,
        run_bench,
        run_bench_emulated,
        time_replays,
        write_replays,
        write_report,
    )

    if uf2 is not None and port is not None:
        raise RivuletError("bench measures on one board: give --port or --uf2, not both")
    if peers is not None:
        if port is not None or cells or replay or labels or start:
            raise RivuletError(
                "bench --peers goes without --port, --cells, --replay, --labels and --start: it "
                "runs on an emulated core"
            )
        _peers(peers, uf2, write, units, inputs, as_json)
        return
    if labels:
        if write is not None or cells:
            raise RivuletError("bench --labels goes without --write and --cells")
        _labels(port, uf2, units, inputs, as_json)
        return
    if start:
        if cells or replay:
            raise RivuletError("bench --start goes without --cells and --replay")
        _start(port, uf2, inputs, write, as_json)
        return
    if write is not None:
        check_report(write, uf2)
    if replay:
        if port is not None or uf2 is not None or cells:
            raise RivuletError(
                "bench --replay runs on this computer: leave out --port, --uf2, --cells"
            )
        rows = time_replays(units, inputs, note)
        if as_json:
            say_json(rows)
        else:
            console().print(replay_table(rows, units, inputs))
        if write is not None:
            note(f"written: {write_replays(rows, units, inputs, write)}")
        return
    if uf2 is not None:
        report = run_bench_emulated(uf2, units, inputs, note, cells)
    else:
        report = run_bench(port, units, inputs, note, cells)
    if as_json:
        say_json(report)
    else:
        console().print(bench_table(report))
    if write is not None:
        page = write_report(report, write)
        note(f"written: {page} and {page.with_suffix('.svg')}")


def _start(
    port: str | None, uf2: Path | None, inputs: int, write: Path | None, as_json: bool
) -> None:
    from host_tools import files
    from host_tools.bench.start import lines, run_start, write_start

    if write is not None:
        files.check(write.with_suffix(".md"), (uf2,))
    found = run_start(port, uf2, inputs, note)
    if as_json:
        say_json(found)
    else:
        for line in lines(found):
            say(line)
    if write is not None:
        note(f"written: {write_start(found, write)}")


def _labels(port: str | None, uf2: Path | None, units: int, inputs: int, as_json: bool) -> None:
    from host_tools.bench.labels import lines, run_labels

    found = run_labels(port, uf2, units, inputs, note)
    if as_json:
        say_json(found)
        return
    for line in lines(found):
        say(line)


def _peers(
    folder: Path, uf2: Path | None, write: Path | None, units: int, inputs: int, as_json: bool
) -> None:
    from host_tools import files
    from host_tools.bench import peers_page
    from host_tools.bench.peers_run import run_peers

    if write is not None:
        files.check(write.with_suffix(".md"), (uf2,))
    report = run_peers(folder, uf2, units, inputs, note)
    if as_json:
        say_json(report)
    else:
        for line in peers_page.lines(report):
            say(line)
    if write is not None:
        note(f"written: {peers_page.write(report, write)}")

"""The `rivulet` command: one function a subcommand, which parses and prints and no more."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from host_tools import ports
from host_tools.boards import list_boards, load_board
from host_tools.choices import Dtype, Reading, Runtime
from host_tools.errors import RivuletError

app = typer.Typer(
    help="Liquid neural networks on microcontrollers: convert, flash, push, watch.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
keys = typer.Typer(help="Make keys for boards, and for signing models.", no_args_is_help=True)
app.add_typer(keys, name="key")
# What a board or a file says is no markup.
_out = Console(highlight=False, soft_wrap=True, markup=False)
_err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

PortOption = Annotated[
    str | None, typer.Option("--port", help="Serial port; needless when one board is there.")
]
KeyOption = Annotated[
    Path | None, typer.Option("--key", help="The board's key file; else what RIVULET_KEY names.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
KeyFileArgument = Annotated[Path, typer.Argument(help="The file to make; it must not exist.")]
ModelArgument = Annotated[Path, typer.Argument(help="A converted model: .safetensors")]


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; silent elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(
        *columns, TimeElapsedColumn(), console=_err, transient=True, disable=not _err.is_terminal
    ) as bar:
        task = bar.add_task(what)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield advance


@app.command()
def boards(as_json: JsonOption = False) -> None:
    """List the boards that Rivulet knows."""
    known = [load_board(name) for name in list_boards()]
    if as_json:
        print(json.dumps([board.facts for board in known], indent=2))
        return
    for board in known:
        _out.print(f"{board.name:14} {board.arch:10} {board.description}")


@app.command()
def virtual(
    data: Annotated[
        str, typer.Option(help="What its sensor plays: 'activity', 'none', or an EVENTS.csv.")
    ] = "activity",
    drop: Annotated[
        float, typer.Option(help="Share of samples lost at the sensor, 0 to 1.")
    ] = 0.0,
    jitter: Annotated[float, typer.Option(help="Jitter of the sample times, in ms.")] = 0.0,
) -> None:
    """Run a virtual board until Ctrl-C; prints its port."""
    from host_tools.interpreter import find_micropython
    from host_tools.playback import prepare
    from host_tools.virtual import VirtualBoard

    folder = ports.VIRTUAL_PORTS / "default"
    interpreter = find_micropython(_err.print)
    stimulus, sensors = prepare(data, drop, jitter, folder / "stimulus.bin")
    board = VirtualBoard(folder, stimulus, interpreter, repeat=True, sensors=sensors)
    # Ended by a service manager or a script, it leaves as cleanly as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with board:
        try:
            # Within the try: a program that reads the port may send its signal at once.
            print(board.port, flush=True)
            _err.print("virtual board is on; Ctrl-C switches it off")
            while True:
                time.sleep(1.0)
        except KeyboardInterrupt:
            _err.print("switched off")


@app.command()
def flash(
    board: Annotated[str, typer.Option(help="Kind of board; see 'rivulet boards'.")],
    port: PortOption = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Key the board with this file; releases it if it has the key."),
    ] = None,
    telemetry: Annotated[
        Reading | None, typer.Option(help="Whether a keyed board may be watched without the key.")
    ] = None,
    trust: Annotated[
        Path | None, typer.Option(help="Public key (.pub) that models must be signed with.")
    ] = None,
    no_downgrade: Annotated[
        bool,
        typer.Option("--no-downgrade", help="Refuse models older than the newest confirmed one."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Put the firmware on a board; copies only what changed."""
    from host_tools.flash import flash as flash_board
    from host_tools.keys import key_for, read_key
    from host_tools.provision import Access
    from host_tools.signing import read_public_key

    facts = load_board(board)
    # RIVULET_KEY only opens: a board is keyed when somebody says so.
    access = Access(
        key=read_key(key) if key is not None else None,
        closed=telemetry is Reading.closed if telemetry is not None else None,
        modulus=read_public_key(trust) if trust is not None else None,
        keep_version=True if no_downgrade else None,
    )
    with _progress("flashing") as bar:
        report = flash_board(
            ports.resolve(port),
            facts,
            lambda done, total, _: bar(done, total),
            key=key_for(key),
            access=access,
        )
    if as_json:
        print(json.dumps(report.__dict__, indent=2))
        return
    if report.up_to_date:
        _out.print(f"{report.port}: up to date ({len(report.unchanged)} files)")
    else:
        _out.print(
            f"{report.port}: {len(report.copied)} files copied ({report.bytes_copied} bytes), "
            f"{len(report.unchanged)} unchanged, {len(report.removed)} removed; verified"
        )
    if key is not None:
        _out.print(
            f"keyed: from now on commands need {key}, and without it nothing opens the board"
        )
    _out.print(f"{report.runtime}, {report.form}")
    if report.ulab:
        _out.print(f"ulab {report.ulab}: cells run on ulab")
    else:
        _out.print("no ulab: cells run in plain Python, slower; " + facts.facts["ulab"])


@app.command()
def convert(
    weights: Annotated[Path, typer.Argument(help="Trained weights: .npz, .pt or .safetensors")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model file to write.")],
    metadata: Annotated[
        Path | None, typer.Option(help="JSON that adds to or replaces the weights' metadata.")
    ] = None,
    dtype: Annotated[
        Dtype, typer.Option(help="int8 runs on the integer kernels.")
    ] = Dtype.float32,
    calibrate: Annotated[
        Path | None, typer.Option(help="EVENTS.csv whose ranges the integers must hold.")
    ] = None,
    prune: Annotated[
        float | None, typer.Option(help="Share of the connections to drop, 0 to 1.")
    ] = None,
    prune_units: Annotated[
        float | None, typer.Option(help="Share of the units to drop, 0 to 1.")
    ] = None,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Train on after pruning, by the model's recipe.")
    ] = False,
    version: Annotated[
        int | None,
        typer.Option(
            help="For boards that refuse older models than theirs.", min=0, max=2**30 - 1
        ),
    ] = None,
) -> None:
    """Check trained weights and write a model file."""
    from host_tools.conversion import Options, build, units
    from host_tools.convert import read_weights

    arrays, settings = read_weights(weights)
    if metadata is not None:
        settings |= _read_json(metadata)
    options = Options(dtype, calibrate, prune, prune_units, fine_tune, version)
    model, report = build(arrays, settings, options)
    model.save(out)
    for line in report:
        _out.print(line)
    for warning in model.warnings:
        _err.print(f"warning: {warning}", markup=False)
    _out.print(
        f"{out}: {model.settings['cell']}, {units(model)} units, "
        f"{len(model.settings['channels'])} channels, {out.stat().st_size} bytes"
    )


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A folder with a train.py: models/activity")],
    out: Annotated[Path | None, typer.Option(help="Where results go; else into RECIPE.")] = None,
    seeds: Annotated[int | None, typer.Option(help="How many seeds; else the recipe's.")] = None,
    iterations: Annotated[int | None, typer.Option(help="How long; else the recipe's.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Train what int8 arithmetic will compute.")
    ] = False,
) -> None:
    """Train a reference model by its own recipe (needs the train extra)."""
    from host_tools.train.recipe import run_recipe

    run_recipe(recipe, out, seeds, iterations, resume, int8)


@app.command()
def push(model: ModelArgument, port: PortOption = None, key: KeyOption = None) -> None:
    """Send a model to a running board, which verifies it and swaps without stopping."""
    from host_tools.keys import key_for
    from host_tools.replay import read_settings
    from host_tools.wire import Board

    read_settings(model)  # a broken file is refused before the board sees any of it
    with (
        Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board,
        _progress("pushing") as bar,
    ):
        outcome = board.push(model.read_bytes(), bar)
        facts = board.description["model"]
        resumed_at = board.resumed_at
        trial = board.status()
    if resumed_at == model.stat().st_size:
        _out.print("the board had all of it from an earlier push")
    elif resumed_at:
        _out.print(f"went on from byte {resumed_at}, where an earlier push had stopped")
    _out.print(f"{facts['cell']} with {facts['hidden']} units is active; {outcome}")
    if trial["trial"]:
        _out.print(
            f"on trial for {trial['trial_left_s']} s: 'rivulet confirm' keeps it now, 'rivulet "
            "rollback' leaves it"
        )
    if facts["unfed"]:
        _out.print(f"no sensor of this board feeds: {', '.join(facts['unfed'])}")


@app.command()
def confirm(port: PortOption = None, key: KeyOption = None) -> None:
    """Keep the model that is on trial."""
    from host_tools.keys import key_for
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        said = board.confirm()
        digest = board.description["model"]["hash"] if board.description["model"] else "no model"
    _out.print(f"{digest[:12]}: {said}")


@app.command()
def rollback(port: PortOption = None, key: KeyOption = None) -> None:
    """Go back to the model before the one that runs."""
    from host_tools.keys import key_for
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        outcome = board.rollback()
        facts = board.description["model"]
    _out.print(
        f"{facts['hash'][:12]}, {facts['cell']} with {facts['hidden']} units, is back; {outcome}"
    )


@app.command()
def status(port: PortOption = None, as_json: JsonOption = False, key: KeyOption = None) -> None:
    """Say what a board is running and how it fares."""
    from host_tools.keys import key_for
    from host_tools.status import status_lines, status_of, tau_outside
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        facts = status_of(board) | {"tau_outside": tau_outside(board)}
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    for name, value in status_lines(facts):
        _out.print(f"{name:18} {value}")


@app.command()
def monitor(
    port: PortOption = None,
    seconds: Annotated[
        float | None, typer.Option(help="Stop after so many seconds.", min=0)
    ] = None,
    record: Annotated[Path | None, typer.Option(help="Also write a CSV file.")] = None,
    rate: Annotated[float, typer.Option(help="Telemetry records a second.", min=0.01)] = 20.0,
    blocks: Annotated[
        str, typer.Option(help="What the board sends: any of alpha,state,outputs,inputs.")
    ] = "alpha,state,outputs,inputs",
    snapshot: Annotated[
        Path | None, typer.Option(help="Save the last view as an SVG picture.")
    ] = None,
    key: KeyOption = None,
) -> None:
    """Watch time constants, outputs and counters live."""
    from host_tools.keys import key_for
    from host_tools.monitor import monitor as watch
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        seen = watch(board, seconds, record, rate, tuple(blocks.split(",")), snapshot)
        lost = board.frames_lost
        corrupt = board.frames_corrupt
    _out.print(f"{seen} records, {lost} frames lost, {corrupt} corrupt")
    if record is not None:
        _out.print(f"written to {record}")


@app.command()
def replay(
    model: ModelArgument,
    events: Annotated[Path, typer.Argument(help="t_us and the model's channels, as CSV.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="CSV to write, one row an event.")],
    runtime: Annotated[Runtime, typer.Option(help="What runs it.")] = Runtime.micropython,
) -> None:
    """Run the device code over recorded events, offline."""
    from host_tools.replay import replay as run

    report = run(model, events, out, runtime.value)
    _out.print(f"{out}: {report.events} events, {report.late} late, on {runtime.value}")


@app.command()
def analyze(
    model: ModelArgument,
    events: Annotated[
        Path | None, typer.Option(help="EVENTS.csv to go along; else inputs are drawn.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Also write a report as HTML.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how stable a model's dynamics are, before it runs a machine."""
    from host_tools.analyze import analyze as run

    with _err.status("analysing"):
        made = run(model, events, report)
    if as_json:
        print(json.dumps(made.to_dict(), indent=2))
        return
    for line in made.lines:
        _out.print(line, markup=False)


@app.command()
def release(port: PortOption = None, key: KeyOption = None) -> None:
    """Make a board leave Rivulet for its MicroPython prompt."""
    from host_tools.keys import key_for
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        board.release()
    _out.print("the board is at its prompt; Ctrl-D there starts Rivulet again")


@app.command()
def reset(port: PortOption = None, key: KeyOption = None) -> None:
    """Set the running model's state to zero."""
    from host_tools.keys import key_for
    from host_tools.wire import Board

    with Board(ports.resolve(port), key=key_for(key), keyed=key is not None) as board:
        board.reset()
    _out.print("state is zero")


@app.command()
def sign(
    model: ModelArgument,
    signing_key: Annotated[Path, typer.Option(help="Private key in PEM: 'rivulet key signing'.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where it goes; else in place.")
    ] = None,
) -> None:
    """Sign a model, for boards that were flashed with --trust (needs the sign extra)."""
    from host_tools.replay import read_settings
    from host_tools.signing import sign_file

    read_settings(model)
    sign_file(model, signing_key, out or model)
    _out.print(f"{out or model}: signed")


@keys.command("new")
def key_new(file: KeyFileArgument) -> None:
    """Make the key of a board: rivulet flash --key FILE gives it to one."""
    from host_tools.keys import new_key

    new_key(file)
    _out.print(f"{file}: keep it; a board whose key is lost has to be erased")


@keys.command("signing")
def key_signing(file: KeyFileArgument) -> None:
    """Make a key pair that signs models: FILE, and FILE.pub for rivulet flash --trust."""
    from host_tools.provision import fingerprint
    from host_tools.signing import new_signing_key, read_public_key

    public = new_signing_key(file)
    _out.print(f"{file}: signs, keep it to yourself")
    _out.print(f"{public}: for boards, which call it {fingerprint(read_public_key(public))}")


@app.command()
def demo(
    board: Annotated[str, typer.Option(help="'virtual' or 'emulated_pico'.")] = "virtual",
    uf2: Annotated[
        Path | None, typer.Option(help="MicroPython image for the emulated Pico.")
    ] = None,
) -> None:
    """Show the whole path on a board made of software; ends by itself."""
    from host_tools.demo import run_demo

    run_demo(board, uf2, _out)


@app.command()
def bench(
    port: PortOption = None,
    units: Annotated[int, typer.Option(help="Hidden units.", min=1)] = 32,
    inputs: Annotated[int, typer.Option(help="Input channels.", min=1)] = 4,
    uf2: Annotated[
        Path | None, typer.Option(help="Measure on an emulated Pico with this MicroPython image.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(help="Write the table as a page with its picture: FOLDER/NAME.")
    ] = None,
    cells: Annotated[bool, typer.Option("--cells", help="CfC and LTC as well.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Time the cell against its plain form; on a board with --port, else on this machine."""
    from host_tools.bench import bench_table, run_bench, run_bench_emulated, write_report

    if uf2 is not None:
        if port is not None:
            raise RivuletError("bench measures on one board: give --port or --uf2, not both")
        report = run_bench_emulated(uf2, units, inputs, _err.print, cells)
    else:
        report = run_bench(port, units, inputs, _err.print, cells)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        _out.print(bench_table(report))
    if write is not None:
        page = write_report(report, write)
        _err.print(f"written: {page} and {page.with_suffix('.svg')}")


@app.command()
def faults(
    short: Annotated[bool, typer.Option("--short", help="Seconds instead of minutes.")] = False,
    only: Annotated[str | None, typer.Option(help="One fault, by its name in the table.")] = None,
    seed: Annotated[int, typer.Option(help="Where the random numbers begin.")] = 0,
) -> None:
    """Inject every fault there is and say what became of what was promised."""
    from host_tools.faults._table import fault_table, run_faults

    report = run_faults(only, short, seed, _err.print)
    Console(width=None if _out.is_terminal else 120).print(fault_table(report))
    if report["bad"]:
        raise RivuletError(f"{report['bad']} rows are bad; build/faults.json has them in full")


def _read_json(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise RivuletError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise RivuletError(f"{path}: must hold a JSON object")
    return content


def main() -> None:
    """Run the command; what a user can mend is one line on stderr and exit code 1."""
    try:
        app()
    except RivuletError as error:
        _err.print(f"rivulet: {error}", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        _err.print("stopped")
        sys.exit(130)

"""`rivulet convert`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools import files
from host_tools.choices import Dtype, Late
from host_tools.commands._options import LateOption
from host_tools.printing import note, say


def convert(
    out: Annotated[Path, typer.Option("-o", "--out", help="The model file to write.")],
    weights: Annotated[
        Path | None,
        typer.Argument(help="Trained weights: .npz, .pt or .safetensors. --module may hold them."),
    ] = None,
    module: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.py:NAME",
            help="A network of PyTorch and ncps: NAME is it, or returns it without arguments.",
        ),
    ] = None,
    wiring: Annotated[
        Path | None,
        typer.Option(help="JSON with an ncps network's wiring and options, for a state dict."),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(
            help="Folder whose recordings say an ncps network's channels, mean, deviation and "
            "classes. Default: the current folder, if it holds rivulet.toml."
        ),
    ] = None,
    metadata: Annotated[
        Path | None,
        typer.Option(help="JSON with metadata to add to the weights' own, or replace."),
    ] = None,
    dtype: Annotated[
        Dtype, typer.Option(help="Type of the weights; int8 runs on the integer kernels.")
    ] = Dtype.float32,
    calibrate: Annotated[
        Path | None,
        typer.Option(
            help="EVENTS.csv. int8 covers its 99.9 % quantiles; keeps its mean state and τ; says "
            "how far the outputs are off."
        ),
    ] = None,
    late: LateOption = Late.refuse,
    prune: Annotated[
        float | None, typer.Option(help="Share of the connections to drop, 0 to 1.")
    ] = None,
    prune_units: Annotated[
        float | None, typer.Option(help="Share of the units to drop, 0 to 1.")
    ] = None,
    fine_tune: Annotated[
        bool, typer.Option("--fine-tune", help="Train again after pruning, by the model's recipe.")
    ] = False,
    version: Annotated[
        int | None,
        typer.Option(
            help="Version of the model. Boards can refuse lower ones.", min=0, max=2**30 - 1
        ),
    ] = None,
    spare_classes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Let the board learn from labels (rivulet adapt), N new classes too. Needs "
            "--calibrate with the labelled training data.",
            min=0,
            max=16,
        ),
    ] = None,
) -> None:
    """Check trained weights and write a model file."""
    from host_tools.build_model.build import Options, build, build_from_model
    from host_tools.build_model.module import file_of
    from host_tools.build_model.source import Where, read_source
    from host_tools.convert import read_model

    if weights is None and module is None:
        raise typer.BadParameter("name the file of the weights, or the network with --module")
    script = None if module is None else file_of(module)
    files.check(out, (weights, script, wiring, metadata, calibrate))
    options = Options(
        dtype, calibrate, late, prune, prune_units, fine_tune, version, spare_classes
    )
    alone = dtype is Dtype.int8 and (module, metadata, wiring) == (None, None, None)
    converted = read_model(weights) if alone and weights is not None else None
    if converted is not None:
        model, report = build_from_model(converted, options)
    else:
        source = read_source(Where(weights, module, wiring, metadata, project))
        model, report = build(source.weights, source.settings, options, source.live)
        report[:0] = source.notes
        model.warnings[:0] = source.warnings
        if source.live is not None:
            different = source.live.compare_forward(len(model.settings["channels"]))
            model.warnings += [different] if different else []
    model.save(out)
    for line in report:
        say(line)
    for warning in model.warnings:
        note(f"warning: {warning}")
    say(
        f"{out}: {model.settings['cell']}, {model.hidden} units, "
        f"{len(model.settings['channels'])} channels, {out.stat().st_size} bytes"
    )

"""`rivulet convert`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools import files
from host_tools.choices import Dtype, Late
from host_tools.commands._options import LateOption
from host_tools.printing import note, say


def convert(
    weights: Annotated[Path, typer.Argument(help="Trained weights: .npz, .pt or .safetensors")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The model file to write.")],
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
            help="EVENTS.csv. int8 covers its 99.9 % quantiles; keeps its mean state for starts."
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
) -> None:
    """Check trained weights and write a model file."""
    from host_tools.build_model.build import Options, build, build_from_model, read_metadata
    from host_tools.convert import read_model, read_weights

    files.check(out, (weights, metadata, calibrate))
    options = Options(dtype, calibrate, late, prune, prune_units, fine_tune, version)
    converted = read_model(weights)
    if converted is not None and metadata is None and dtype is Dtype.int8:
        model, report = build_from_model(converted, options)
    else:
        arrays, settings = read_weights(weights)
        if metadata is not None:
            settings |= read_metadata(metadata)
        model, report = build(arrays, settings, options)
    model.save(out)
    for line in report:
        say(line)
    for warning in model.warnings:
        note(f"warning: {warning}")
    say(
        f"{out}: {model.settings['cell']}, {model.hidden} units, "
        f"{len(model.settings['channels'])} channels, {out.stat().st_size} bytes"
    )

"""`rivulet train`."""

from pathlib import Path
from typing import Annotated

import typer


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

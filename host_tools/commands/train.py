"""`rivulet train`."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[
        Path, typer.Argument(help="Folder with a train.py, such as models/activity.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. Default: RECIPE.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Number of seeds. Default: the recipe's.")
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="Training iterations. Default: the recipe's.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the last checkpoint.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Train with simulated int8 arithmetic.")
    ] = False,
) -> None:
    """Train a reference model by its own recipe (needs the train extra)."""
    from host_tools.train.recipe import run_recipe

    run_recipe(recipe, out, seeds, iterations, resume, int8)

"""`rivulet train`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Late
from host_tools.commands._options import LateOption
from host_tools.errors import RivuletError
from host_tools.printing import note, say


def train(
    folder: Annotated[
        Path,
        typer.Argument(
            help="A project's folder, or one with a train.py, such as models/activity."
        ),
    ] = Path("."),
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the results. Default: a project's build/, else FOLDER."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(help="Number of seeds; the best model is kept. Default: 1, or the recipe's."),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="Training iterations. Default: 400, or the recipe's.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume from the last checkpoint.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Train with simulated int8 arithmetic.")
    ] = False,
    late: LateOption = Late.refuse,
) -> None:
    """Train a project's model on its recordings, or a model by its own recipe."""
    from host_tools.train.recipe import run_recipe

    if (folder / "train.py").is_file() or not _is_project(folder):
        if late is not Late.refuse:
            raise RivuletError("--late goes with a project's recordings, not with a train.py")
        run_recipe(folder, out, seeds, iterations, resume, int8)
    else:
        _train_project(folder, out, seeds, iterations, resume, int8, late)


def _is_project(folder: Path) -> bool:
    return folder.suffix == ".toml" or (folder / "rivulet.toml").is_file()


def _train_project(
    folder: Path,
    out: Path | None,
    seeds: int | None,
    iterations: int | None,
    resume: bool,
    int8: bool,
    late: Late,
) -> None:
    from host_tools.learn import cells, said
    from host_tools.learn.dataset import load
    from host_tools.project import load as load_project
    from host_tools.train.recipe import check_counts, need_torch

    check_counts(seeds, iterations)
    project = load_project(folder, with_model=False)
    cells.check(project)
    need_torch()
    data = load(project, late)
    for line in said.data_lines(project, data):
        say(line)
    from host_tools.learn.baselines.compare import compare
    from host_tools.learn.report import REPORT, Shown, write_report
    from host_tools.learn.train import Options, train_project

    options = Options(out or project.build, seeds, iterations, resume, int8)
    baselines = partial(
        compare,
        data,
        project.train.drop,
        iterations=iterations,
        progress=note,
    )
    trained = train_project(project, data, options, baselines)
    report = options.out / REPORT
    models = [path for path in trained.paths if path.suffix == ".safetensors"]
    write_report(
        report, trained.metrics, Shown(project.name, data, trained.models.float32, models)
    )
    for line in said.result_lines(data, trained.metrics, [*trained.paths, report]):
        say(line)

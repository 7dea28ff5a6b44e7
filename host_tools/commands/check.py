"""`rivulet check`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host_tools.commands._options import ProjectOption
from host_tools.printing import note, say, say_json

if TYPE_CHECKING:
    from host_tools.project import Examination


def check(
    project: ProjectOption = None,
    driver: Annotated[
        Path | None, typer.Option(help="Check this driver file against the contract of drivers.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="Compare with this model file. Default: the project's."),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of rivulet.toml for editors.")
    ] = False,
) -> None:
    """Show what a project's board will run, wire by wire, and every contradiction."""
    if schema:
        from host_tools.project.read import json_schema

        say_json(json_schema())
        return
    problems = _check_driver(driver) if driver is not None else _check_project(project, model)
    for problem in problems:
        note(problem)
    if problems:
        raise typer.Exit(1)


def _check_driver(path: Path) -> list[str]:
    from host_tools.project.driver_check import check_driver

    facts, problems = check_driver(path)
    if facts is not None and not problems:
        of = "channels " + ", ".join(facts.channels) if facts.channels else "the TOML's channels"
        words = of if facts.kind == "sensor" else f"values in {facts.unit or 'any unit'}"
        say(f"{path}: a driver of kind {facts.kind}, {words}; it keeps the contract")
    return problems


def _add_cadence(found: "Examination", model: Path | None) -> None:
    """Add a problem if the project's board cannot hold the cadence of its model."""
    from host_tools.cost.cadence import cadence_fault

    assert found.project is not None
    file = model or found.project.model
    if found.model is not None and file is not None:
        fault = cadence_fault(file, found.project.board.name)
        if fault:
            found.problems.append(f"{file}: {fault}")


def _check_project(folder: Path | None, model: Path | None) -> list[str]:
    from host_tools.project import examine, find_project
    from host_tools.project.describe import lines

    found = examine(find_project(folder, None), model)
    if found.project is not None:
        for line in lines(found.project, found.model):
            say(line)
        _add_cadence(found, model)
    for warning in found.warnings:
        say(f"note: {warning}")
    if found.problems:
        count = len(found.problems)
        say(f"{count} contradiction{'s' if count > 1 else ''}")
    else:
        say("no contradictions")
    return found.problems

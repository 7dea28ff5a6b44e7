"""Finds, reads and examines a project."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_tools.boards import BoardDefinition, load_board
from host_tools.errors import RivuletError
from host_tools.project import build, contradictions, model_fit, policy
from host_tools.project.parts import Project
from host_tools.project.problems import Problems
from host_tools.project.read import read_tables, read_toml
from host_tools.project.tables import ProjectFile

FILE = "rivulet.toml"
DEFAULT = "default.toml"
# What training writes into build/.
FLOAT_MODEL, INT8_MODEL = "model.safetensors", "model-int8.safetensors"
# A sensor's table that is commented out.
_COMMENTED = re.compile(r"\s*#\s*(\[sensors\.[^].]+\])")


@dataclass
class Examination:
    """What was found of a project's file. Without problems it can be flashed."""

    # None if the file says too little.
    project: Project | None
    # One line each: file, key, what is wrong, what is allowed.
    problems: list[str]
    warnings: list[str] = field(default_factory=list)
    # The metadata of the model that the rig was compared with, None without one.
    model: dict[str, Any] | None = None


def default_file(board: BoardDefinition) -> Path:
    """Return the file of a board's own wiring."""
    return board.folder / DEFAULT


def find_project(folder: Path | None, board: str | None) -> Path:
    """Return the project's file that a command is to use. Raises RivuletError.

    folder: as --project names it; None: the current folder if it is a project, else the default
    wiring of `board`.
    """
    if folder is not None:
        file = folder if folder.suffix == ".toml" else folder / FILE
        if not file.is_file():
            raise RivuletError(f"{folder} is no project: there is no {file}")
        return file
    here = Path(FILE)
    if here.is_file():
        return here
    if board is None:
        raise RivuletError(
            f"this folder has no {FILE}: name a project's folder with --project, or for flash a "
            "board with --board"
        )
    file = default_file(load_board(board))
    if not file.is_file():
        raise RivuletError(f"the board {board} has no {DEFAULT}: write a {FILE} for your wiring")
    return file


def load(path: Path, *, with_model: bool = True) -> Project:
    """Return the project of a folder or of a file. Raises RivuletError with the first problem.

    with_model: compare the rig with the model; training makes a new one, whatever the last was.
    """
    found = examine(find_project(path, None), with_model=with_model)
    if found.problems or found.project is None:
        more = len(found.problems) - 1
        rest = f" (and {more} more: see 'rivulet check')" if more else ""
        raise RivuletError(found.problems[0] + rest)
    return found.project


def need_sensors(project: Project) -> None:
    """Raise RivuletError if a project names no sensors, with what to uncomment."""
    if project.sensors:
        return
    lines = project.file.read_text(encoding="utf-8").splitlines()
    found = [(number, _COMMENTED.match(line)) for number, line in enumerate(lines, start=1)]
    tables = [f"{match[1]} (line {number})" for number, match in found if match]
    what = f"uncomment {' or '.join(tables)}" if tables else "write a table [sensors.NAME]"
    raise RivuletError(
        f"{project.file}: names no sensors: {what} and set the pins that it is wired to; "
        "'rivulet virtual' needs none, it plays recordings"
    )


def load_default(board: BoardDefinition) -> Project:
    """Return the project of a board's own wiring. Raises RivuletError."""
    return load(default_file(board))


def model_of(project: Project) -> dict[str, Any] | None:
    """Return the metadata of a project's model, None without one. Raises RivuletError."""
    if project.model is None or not project.model.exists():
        return None
    # It loads numpy, which no other use of a project needs.
    from host_tools.model_header import read_settings

    return read_settings(project.model)[0]


def examine(file: Path, model: Path | None = None, *, with_model: bool = True) -> Examination:
    """Read a project's file and find everything that is wrong. Raises RivuletError for no TOML.

    model: a model file to compare with, instead of the one that the project names. with_model:
    whether to compare with any.
    """
    problems = Problems(file)
    tables = read_tables(read_toml(file), problems)
    if tables is None:
        return Examination(None, problems.lines)
    try:
        board = load_board(tables.board.name, file.parent)
    except RivuletError as error:
        problems.add("board.name", str(error))
        return Examination(None, problems.lines)
    project = _project(file, board, tables, problems)
    found = Examination(project, problems.lines)
    contradictions.find(project, problems, found.warnings)
    if with_model:
        _compare(found, model or project.model, model is not None, problems)
    return found


def _project(
    file: Path, board: BoardDefinition, tables: ProjectFile, problems: Problems
) -> Project:
    sensors = {name: build.sensor(name, table, problems) for name, table in tables.sensors.items()}
    actuators = {
        name: build.actuator(name, table, tables.train, problems)
        for name, table in tables.actuators.items()
    }
    made = {name: each for name, each in actuators.items() if each is not None}
    targets = tables.train.target if tables.train.task != "class" else []
    return Project(
        file=file,
        name=file.resolve().parent.name or "project",
        board=board,
        sensors={name: each for name, each in sensors.items() if each is not None},
        actuators=made,
        model=_model(file.parent, tables.model.file),
        data=tables.data,
        network=tables.model,
        train=tables.train,
        plant=tables.plant.name,
        policy=policy.limited(policy.metadata(tables.policy, targets), made.values()),
    )


def _model(folder: Path, named: str | None) -> Path | None:
    """Return the model that a project runs: the named one, else the trained one."""
    if named is not None:
        return folder / named
    trained = [folder / "build" / name for name in (INT8_MODEL, FLOAT_MODEL)]
    return next((path for path in trained if path.is_file()), None)


def _compare(found: Examination, model: Path | None, needed: bool, problems: Problems) -> None:
    """Compare the rig with a model file, which need not be there yet."""
    assert found.project is not None
    output_count = 0
    if model is not None and "\0" in str(model):
        problems.add("model.file", "is no path")
    elif model is not None and (needed or model.exists()):
        from host_tools.model_header import read_settings

        try:
            settings, tensors = read_settings(model)
        except RivuletError as error:
            problems.add("model.file", str(error))
        else:
            found.model = settings
            output_count = tensors["readout.weight"][0][0]
    elif model is not None:
        found.warnings.append(f"{model} is not there yet, so outputs are not checked")
    else:
        found.warnings.append("no model is named, so outputs are not checked")
    model_fit.find(found.project, found.model, output_count, problems, found.warnings)

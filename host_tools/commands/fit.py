"""`rivulet fit`."""

from host_tools.choices import Late
from host_tools.commands._options import LateOption, ProjectOption
from host_tools.printing import note, say


def fit(project: ProjectOption = None, late: LateOption = Late.refuse) -> None:
    """Tell whether a liquid network fits a project's recordings, or what to use instead."""
    from host_tools.learn.fitness import fitness
    from host_tools.project import find_project, load

    found = load(find_project(project, None), with_model=False)
    fitness(found, say, note, late)

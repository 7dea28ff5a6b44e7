"""Running a model's recipe: models/<name>/train.py, a module with `train(options)`.

`rivulet train models/<name>` calls `run_recipe`; a recipe ends with `main(__file__)`, so that
`python models/<name>/train.py` does the same.
"""

import argparse
import importlib.util
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from host_tools import files
from host_tools.errors import RivuletError
from host_tools.paths import BUILD, need_checkout
from host_tools.printing import note

if TYPE_CHECKING:
    from host_tools.train.fit import TrainingPlan

_MOST = 10**7  # seeds or iterations


@dataclass(frozen=True)
class Options:
    """Options that a recipe's `train` takes."""

    folder: Path  # the recipe's
    out: Path  # where results go
    seeds: int | None = None  # number of seeds; None: as many as the recipe says
    iterations: int | None = None  # None: as many as the recipe says
    resume: bool = False
    int8: bool = False  # quantisation-aware training, for int8 models

    def plan(self, plan: "TrainingPlan") -> "TrainingPlan":
        plan = replace(plan, int8=self.int8)
        return plan if self.iterations is None else replace(plan, iterations=self.iterations)

    def checkpoint(self, run: str) -> Path:
        """Return the checkpoint's path for this run; deletes an old one unless resuming."""
        path = BUILD / "train" / self.folder.name / (run.replace(" ", "_") + ".pt")
        if not self.resume:
            path.unlink(missing_ok=True)
        return path


def run_recipe(
    folder: Path,
    out: Path | None = None,
    seeds: int | None = None,
    iterations: int | None = None,
    resume: bool = False,
    int8: bool = False,
) -> None:
    """Train the model of a folder; results go to `out`, or to the folder itself.

    Raises RivuletError for a folder without a recipe and for missing packages. A recipe of one's
    own is trained from an installed wheel too.
    """
    script = folder / "train.py"
    if not script.is_file():
        lacks = "has no train.py and no rivulet.toml"
        if folder == Path("."):
            raise RivuletError(f"this folder {lacks}: name the folder of a project")
        need_checkout(f"{folder} {lacks}; a reference model")
        raise RivuletError(f"{folder} {lacks}: name a project's folder, or models/activity")
    check_counts(seeds, iterations)
    need_torch()
    from host_tools.train.network import one_thread

    files.make_folder(out or folder)  # now, and not after hours of training
    folder = folder.resolve()
    name = f"recipe_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    if not hasattr(module, "train"):
        raise RivuletError(f"{script} has no function train(options)")
    with one_thread():
        module.train(Options(folder, out or folder, seeds, iterations, resume, int8))


def check_counts(seeds: int | None, iterations: int | None) -> None:
    """Raise RivuletError for a number of seeds or of iterations that makes no sense."""
    for name, count in (("seeds", seeds), ("iterations", iterations)):
        if count is not None and not 1 <= count <= _MOST:
            bound = "at least 1" if count < 1 else f"at most {_MOST}"
            raise RivuletError(f"{name} must be {bound}, not {count}")


def need_torch() -> None:
    """Raise RivuletError without PyTorch."""
    if importlib.util.find_spec("torch") is None:
        raise RivuletError("training needs PyTorch: pip install 'rivulet[train]'")


def main(file: str) -> None:
    parser = argparse.ArgumentParser(description=f"Train {Path(file).parent.name}.")
    parser.add_argument("--out", type=Path, help="where to write; by default beside the recipe")
    parser.add_argument("--seeds", type=int, help="how many models to train")
    parser.add_argument("--iterations", type=int, help="fewer than the recipe's, for a trial")
    parser.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    parser.add_argument("--int8", action="store_true", help="train what integers will compute")
    given = parser.parse_args()
    options = given.out, given.seeds, given.iterations, given.resume, given.int8
    try:
        run_recipe(Path(file).parent, *options)
    except RivuletError as error:
        note(f"error: {error}")
        raise SystemExit(1) from None

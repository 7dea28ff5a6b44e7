"""Controllers under bad timing, compared: python -m host_tools.controllers.evidence

For each task every network is trained anew, five seeds alike, and judged beside the classical
controllers on the same episodes. What is trained or judged stays in build/control and is not done
again: a run may be interrupted at any time. In the end docs/evidence-control.md, its figures and
the models of models/cartpole and models/altitude are written.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import BUILD, DOCS, MODELS, need_checkout

if __name__ == "__main__":
    # Checked before the imports that need PyTorch, which may be missing beside a wheel.
    try:
        need_checkout("control-evidence")
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None

import numpy as np

from host_tools import files
from host_tools.controllers import classical, score, tables, tasks
from host_tools.controllers.export import IntegerController, integer_models, model_file
from host_tools.controllers.imitate import Recipe, imitate
from host_tools.controllers.networks import (
    KINDS,
    MOST_PARAMETERS,
    NetworkController,
    kept,
    made,
    put,
)
from host_tools.controllers.rollout import Record
from host_tools.controllers.tasks import Task
from host_tools.printing import say
from host_tools.train.network import Network, one_thread

Result = dict[str, Any]

LIQUID = ("decay", "cascade")
# How far liquid networks are also peeked ahead: one control period, and two, about the mean delay
# and jitter of an observation (score.py).
HORIZONS_MS = (20, 40)
# Episodes by which the committed models are chosen.
_CHOICE_EPISODES = 200


@dataclass(frozen=True)
class Setup:
    """Settings that must agree between the results of one table."""

    seeds: int = 5
    episodes: int = 100
    trial_episodes: int = 20
    recipe: Recipe = field(default_factory=Recipe)


_QUICK = Setup(2, 5, 2, Recipe((1.0, 0.0), episodes=4, iterations=(2, 2), batch=4))
# The altitude needs to meet its own mistakes more often before it holds the height.
_MORE_ROUNDS = Recipe((1.0, 0.5, *[0.0] * 5), iterations=(130,) * 6 + (520,))
_SETUPS = {"cartpole": Setup(), "altitude": Setup(recipe=_MORE_ROUNDS)}


def trained(out: Path, task: Task, kind: str, setup: Setup) -> Network:
    """Return the networks of a kind, from their file or trained."""
    seeds = list(range(setup.seeds))
    network = made(kind, seeds, task)
    path = out / f"{task.name}-{_file(kind)}.npz"
    wanted = json.dumps(asdict(setup), sort_keys=True)
    if path.is_file():
        with np.load(path) as stored:
            if str(stored["setup"]) == wanted:
                put(network, {name: stored[name] for name in network.parameters})
                return network
        raise RivuletError(f"{path} is of another setup: delete it, or name another --out")
    imitate(task, network, KINDS[kind][1], seeds, setup.recipe)
    files.make_folder(out)
    with files.replacing(path) as beside:
        np.savez(beside, setup=np.array(wanted), **kept(network))
    return network


def judged(out: Path, task: Task, kind: str, setup: Setup) -> dict[str, Result]:
    """Return the results of a kind of network: as floats, and as integers if it is liquid."""
    network = trained(out, task, kind, setup)
    timed = KINDS[kind][1]

    def acting() -> NetworkController:
        return NetworkController(task, network, timed, setup.episodes)

    def both() -> dict[str, Result]:
        size = {"parameters": network.size(), "units": network.units}
        found = {kind: size | score.score(task, acting, *_played(setup))}
        if kind in LIQUID:
            models = integer_models(task, network, _calibrated(task, network, setup))
            scores = score.score(
                task, lambda: IntegerController(task, models, setup.episodes), *_played(setup)
            )
            found[f"{kind}, int8"] = size | scores
        return found

    found = once(out / f"{task.name}-{_file(kind)}.json", setup, both)
    for horizon_ms in HORIZONS_MS if kind in LIQUID else ():
        found = found | peeked(out, task, kind, setup, horizon_ms)
    return found


def peeked(out: Path, task: Task, kind: str, setup: Setup, horizon_ms: int) -> dict[str, Result]:
    """Return the results of the same networks with their outputs peeked ahead, as floats."""

    def one() -> dict[str, Result]:
        network = trained(out, task, kind, setup)
        scores = score.score(
            task,
            lambda: NetworkController(task, network, True, setup.episodes, horizon_ms / 1000),
            *_played(setup),
        )
        size = {"parameters": network.size(), "units": network.units, "horizon_ms": horizon_ms}
        return {f"{kind}, {horizon_ms} ms ahead": size | scores}

    return once(out / f"{task.name}-{_file(kind)}-{horizon_ms}ms.json", setup, one)


def run(out: Path, task: Task, setup: Setup, kinds: list[str]) -> dict[str, Result]:
    """Return the results of a task by controller, the classical ones first."""

    def plain() -> dict[str, Result]:
        return {
            name: score.score(task, lambda make=make: make(task), *_played(setup))  # type: ignore[misc]
            for name, make in classical.KINDS[task.name].items()
        }

    found = once(out / f"{task.name}-classical.json", setup, plain)
    for kind in kinds:
        found = found | judged(out, task, kind, setup)
    return found


def write_models(out: Path, task: Task, setup: Setup) -> None:
    """Write a liquid network into the task's project, as floats and as integers.

    The kind is the better one over all seeds, and of it the best seed, in episodes with the faults
    of training: the test's have no part in it.
    """
    returns = {}
    for kind in LIQUID:
        acting = NetworkController(task, trained(out, task, kind, setup), True, _CHOICE_EPISODES)
        record = score.trial(task, acting, setup.seeds, _CHOICE_EPISODES)
        returns[kind] = record.returns.mean(1)
    kind = max(LIQUID, key=lambda each: float(returns[each].mean()))
    best = int(returns[kind].argmax())
    network = trained(out, task, kind, setup)
    models = {
        "": model_file(task, network, best),
        "-int8": integer_models(task, network, _calibrated(task, network, setup))[best],
    }
    for ending, model in models.items():
        model.settings["provenance"] |= {"seed": best}
        model.save(MODELS / task.name / f"{task.name}{ending}.safetensors")
    say(f"models/{task.name}: {kind}, seed {best}")


def _calibrated(task: Task, network: Network, setup: Setup) -> Record:
    """Return the episodes from which the ranges of a model's inputs are taken."""
    acting = NetworkController(task, network, True, setup.trial_episodes)
    return score.trial(task, acting, setup.seeds, setup.trial_episodes)


def once(path: Path, setup: Setup, make: Callable[[], dict[str, Result]]) -> dict[str, Result]:
    """Return the results in the file, or make and write them. Raises RivuletError."""
    wanted = json.loads(json.dumps(asdict(setup)))
    if path.is_file():
        stored = json.loads(path.read_text())
        if stored["setup"] != wanted:
            raise RivuletError(f"{path} is of another setup: delete it, or name another --out")
        results: dict[str, Result] = stored["results"]
        return results
    results = make()
    files.make_folder(path.parent)
    files.write_text(path, json.dumps({"setup": wanted, "results": results}, indent=1) + "\n")
    return results


def _played(setup: Setup) -> tuple[int, int]:
    return setup.seeds, setup.episodes


def _file(kind: str) -> str:
    return kind.replace(" ", "_")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m host_tools.controllers.evidence")
    parser.add_argument("--tasks", nargs="+", default=list(tasks.NAMES), choices=tasks.NAMES)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--out", type=Path, help="where results go, and come from")
    parser.add_argument("--quick", action="store_true", help="a trial of everything, in a minute")
    given = parser.parse_args()
    setups = dict.fromkeys(tasks.NAMES, _QUICK) if given.quick else _SETUPS
    out = given.out or BUILD / ("control-quick" if given.quick else "control")
    try:
        with one_thread():
            each = {name: tasks.find(name) for name in given.tasks}
            found = {n: run(out, task, setups[n], given.kinds) for n, task in each.items()}
            tables.show(found)
            whole = (list(given.tasks), list(given.kinds)) == (list(tasks.NAMES), list(KINDS))
            if whole and not given.quick:
                tables.write(DOCS, found, {n: asdict(setups[n]) for n in each}, MOST_PARAMETERS)
                for name, task in each.items():
                    write_models(out, task, setups[name])
    except RivuletError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()

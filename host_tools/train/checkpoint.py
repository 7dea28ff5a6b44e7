"""Checkpoints of a training run. A resumed run ends with the same weights, bit for bit."""

from pathlib import Path
from typing import Any

import torch

from host_tools import files
from host_tools.errors import RivuletError


def write(path: Path, run: Any, name: str) -> None:
    """Write a checkpoint; an interruption leaves the last one whole. Raises RivuletError."""
    content = {
        "name": name,
        "plan": repr(run.plan),
        "iteration": run.iteration,
        "parameters": {key: p.detach() for key, p in run.network.parameters.items()},
        "optimiser": run.optimiser.state_dict(),
        "randoms": [random.get_state() for random in run.randoms],
        "used": run.used,
        "best": run.best,
        "best_loss": run.best_loss,
        "stale": run.stale,
        "losses": run.history.losses,
        "validations": run.history.validations,
    }
    files.make_folder(path.parent)
    with files.replacing(path) as beside:
        torch.save(content, beside)


def restore(path: Path, run: Any, name: str) -> None:
    """Restore `run` from a checkpoint. Raises RivuletError if it belongs to another run."""
    try:
        content = torch.load(path, weights_only=True)
        saved = content["parameters"]
    except Exception as error:  # unpickling raises nearly anything
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RivuletError(f"{path}: not a checkpoint ({text}): delete it to start anew") from None
    shapes = {key: p.shape for key, p in run.network.parameters.items()}
    if content["name"] != name or {key: p.shape for key, p in saved.items()} != shapes:
        raise RivuletError(
            f"{path} is a checkpoint of '{content['name']}' with other sizes or seeds than this "
            f"run of '{name}': delete it to start anew"
        )
    if content["plan"] != repr(run.plan):
        raise RivuletError(
            f"{path} is a checkpoint of '{name}' under another plan: {content['plan']}; train as "
            "it says, or delete it to start anew"
        )
    with torch.no_grad():
        for key, parameter in run.network.parameters.items():
            parameter.copy_(saved[key])
    run.optimiser.load_state_dict(content["optimiser"])
    for random, state in zip(run.randoms, content["randoms"], strict=True):
        random.set_state(state)
    run.iteration = content["iteration"]
    run.used, run.best = content["used"], content["best"]
    run.best_loss, run.stale = content["best_loss"], content["stale"]
    run.history.losses, run.history.validations = content["losses"], content["validations"]

"""Builds a live network from a person's own file: `--module FILE.py:NAME`."""

import importlib.util
import sys
import traceback
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError


def file_of(spec: str) -> Path:
    """Return the file of FILE.py:NAME. Raises RivuletError."""
    return _parts(spec)[0]


def build_module(spec: str) -> Any:
    """Import the file and return what NAME is, or what it returns without arguments.

    The file runs as any program of the person's does. Raises RivuletError, with its line.
    """
    file, name = _parts(spec)
    if not file.is_file():
        raise RivuletError(f"{file}: no such file")
    namespace = _import(file)
    if not hasattr(namespace, name):
        raise RivuletError(f"{file}: has no '{name}'; --module takes FILE.py:NAME")
    found = getattr(namespace, name)
    # A network is callable too, with inputs.
    if callable(found) and not _is_network(found):
        found = _called(file, name, found)
    if not _is_network(found):
        raise RivuletError(
            f"{spec} is a {type(found).__name__}: --module takes a torch.nn.Module, or a function "
            "without arguments that returns one"
        )
    return found


def _is_network(found: Any) -> bool:
    return hasattr(found, "state_dict") and not isinstance(found, type)


def _called(file: Path, name: str, function: Any) -> Any:
    try:
        return function()
    except Exception as error:
        if isinstance(error, TypeError) and _depth(error) == 1:
            raise RivuletError(
                f"{file}: '{name}' needs arguments: name a function without any that returns the "
                f"network, such as: def build(): return {name}(...)"
            ) from None
        raise _told(file, error) from None


def load_weights(module: Any, weights: dict[str, Any], spec: str) -> None:
    """Put a state dict's tensors into a network. Raises RivuletError if they are of another."""
    import torch

    own = module.state_dict()
    for said, names in (
        ("lack", sorted(own.keys() - weights.keys())),
        ("carry", sorted(weights.keys() - own.keys())),
    ):
        if names:
            listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            raise RivuletError(f"the weights are not of {spec}: they {said} {listed}")
    for name, tensor in own.items():
        if tuple(tensor.shape) != weights[name].shape:
            raise RivuletError(
                f"the weights are not of {spec}: '{name}' is {weights[name].shape}, the network "
                f"has {tuple(tensor.shape)}"
            )
    module.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})


def _parts(spec: str) -> tuple[Path, str]:
    file, _, name = spec.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise RivuletError(f"--module takes FILE.py:NAME, such as net.py:build, not '{spec}'")
    return Path(file), name


def _import(file: Path) -> Any:
    """Import a file as Python does a program: what lies beside it can be imported too."""
    spec = importlib.util.spec_from_file_location(f"_rivulet_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    namespace = importlib.util.module_from_spec(spec)
    # Classes look their module up here.
    sys.modules[spec.name] = namespace
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(namespace)
    except (Exception, SystemExit) as error:
        raise _told(file, error) from None
    finally:
        sys.path.pop(0)
    return namespace


def _depth(error: BaseException) -> int:
    return len(traceback.extract_tb(error.__traceback__))


def _told(file: Path, error: BaseException) -> RivuletError:
    """Return one line for an exception in a person's file: the last of its own lines."""
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).resolve() == file.resolve():
            line = frame.lineno
    if isinstance(error, ModuleNotFoundError) and error.name in ("torch", "ncps"):
        return RivuletError(f"{file} needs PyTorch and ncps: pip install 'rivulet[train]'")
    text = " ".join(str(error).split()) or "it ended"
    where = f"{file}, line {line}" if line else str(file)
    return RivuletError(f"{where}: {type(error).__name__}: {text}")

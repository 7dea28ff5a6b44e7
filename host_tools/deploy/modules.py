"""Which modules of the firmware a board needs: those that its model and its rig use."""

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host_tools.errors import RivuletError
from host_tools.paths import ON_DEVICE
from host_tools.project.drivers import GRAMMAR
from host_tools.project.parts import Project
from host_tools.project.rig import PLANT

# The two packages of which a model uses a part.
_CELLS = "rivulet.cells"
_INTEGERS = "rivulet.integers"


def package_modules(model: Mapping[str, Any] | None, firmware: Path) -> list[Path]:
    """Return the modules of the package rivulet, without cells that a model does not use.

    model: a model file's metadata; None: any model may come, and everything is needed. Its cell
    goes in floats and in integers, so that both forms of a model can be pushed.
    """
    modules = {_dotted(path, firmware): path for path in sorted(firmware.glob("rivulet/**/*.py"))}
    if model is None:
        return list(modules.values())
    parts = {name for name in modules if name.startswith((_CELLS + ".", _INTEGERS))}
    floats, integers = (f"{package}.{model['cell']}" for package in (_CELLS, f"{_INTEGERS}.cells"))
    roots = {floats, integers, f"{_INTEGERS}.tensors"} if integers in parts else {floats}
    needed = _closure(roots & parts, modules, parts)
    return [path for name, path in modules.items() if name not in parts or name in needed]


def driver_modules(project: Project, firmware: Path) -> list[tuple[Path, Path]]:
    """Return the drivers of a project and what they import of drivers/, each with its root.

    Raises RivuletError.
    """
    # The last has the drivers of simulated sensors and plants.
    roots = [project.folder, firmware, ON_DEVICE]
    waiting = [part.driver.name for part in project.parts]
    if any(part.bus == PLANT for part in project.parts):
        waiting.append(PLANT.kind)
    found: dict[str, tuple[Path, Path]] = {}
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        root = next((each for each in roots if _driver(each, name).is_file()), None)
        if root is None:
            raise RivuletError(
                f"a driver imports drivers.{name}, and there is no file drivers/{name}.py"
            )
        found[name] = (_driver(root, name), root)
        for imported in sorted(_imports(_driver(root, name))):
            parts = imported.split(".")
            if parts[0] == "drivers" and len(parts) == 2:
                waiting.append(parts[1])
    return [found[name] for name in sorted(found)]


def _driver(root: Path, name: str) -> Path:
    return root / "drivers" / f"{name}.py"


def _closure(roots: set[str], modules: Mapping[str, Path], parts: set[str]) -> set[str]:
    """Return the modules of `parts` that the roots import, and the packages around them."""
    needed: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in needed or name not in parts:
            continue
        needed.add(name)
        waiting += _imports(modules[name])
        waiting.append(name.rpartition(".")[0])
        # A kernel is imported by a name that is put together when the board starts.
        waiting += [each for each in parts if each.startswith(name + "_")]
    return needed


def _imports(path: Path) -> set[str]:
    """Return the dotted names that a module imports anywhere: modules, or names in them."""
    names: set[str] = set()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=GRAMMAR)
    except (OSError, ValueError, SyntaxError) as error:
        raise RivuletError(f"{path}: {' '.join(str(error).split())}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            names.add(node.module)
            names |= {f"{node.module}.{each.name}" for each in node.names}
    return names


def _dotted(path: Path, firmware: Path) -> str:
    parts = path.relative_to(firmware).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

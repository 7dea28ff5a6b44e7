"""What the sources alone tell: they compile for every board, and keep to their rooms."""

import ast
from pathlib import Path

import pytest

from host_tools.deploy.mpy import compile_module, is_for
from host_tools.paths import BOARDS, FIRMWARE, ROOT

_ARCHES = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")
_PACKAGE = sorted(FIRMWARE.glob("rivulet/**/*.py"))
_DEVICE = [*sorted(FIRMWARE.rglob("*.py")), *sorted(BOARDS.glob("*/board.py"))]
_HOST = sorted((ROOT / "host_tools").rglob("*.py"))
_PROTOCOL = FIRMWARE / "rivulet" / "protocol.py"
# Judge the parser by the RFC: with its own names they would judge nothing.
_ORACLES = {"host_tools/faults/frames.py", "host_tools/on_device/faults/frames.py"}
_ULAB = {
    name
    for line in (Path(__file__).parent / "ulab_names.txt").read_text().splitlines()
    if not line.startswith("#")
    for name in line.split()
}
# What ulab's stand-in for stock MicroPython has besides, used only where it is chosen.
_STAND_IN_ONLY = {"floats", "FLOAT_BYTES"}
_CHOOSER = FIRMWARE / "rivulet" / "arrays" / "__init__.py"
_STAND_IN = FIRMWARE / "rivulet" / "arrays" / "plain.py"


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), name_of(path))


def numpy_names(path: Path) -> set[str]:
    """Every X of np.X, and of `from ulab.numpy import X`."""
    names = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", None) == "np":
            names.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and node.module in ("ulab.numpy", "numpy"):
            names |= {alias.name for alias in node.names}
    return names - _STAND_IN_ONLY if path == _CHOOSER else names


def imported(path: Path) -> set[str]:
    """The first part of every imported module's name, wherever in the file it is imported."""
    roots = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            roots.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and getattr(node.func, "id", None) == "__import__":
            texts = (part.value for part in ast.walk(node) if isinstance(part, ast.Constant))
            roots |= {str(text).split(".")[0] for text in texts}
    return roots


def values_in(path: Path) -> set[object]:
    return {node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("arch", _ARCHES)
@pytest.mark.parametrize("path", _DEVICE, ids=name_of)
def test_compiles(path: Path, arch: str) -> None:
    if not is_for(path, arch):
        pytest.skip("in the assembler of another processor")
    assert compile_module(path, arch, path.name)


@pytest.mark.parametrize("path", _PACKAGE, ids=name_of)
def test_uses_only_what_ulab_has(path: Path) -> None:
    assert numpy_names(path) - _ULAB == set()
    operators = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.MatMult)]
    assert operators == [], "ulab has no @"


def test_the_stand_in_has_what_is_used_and_no_more_than_ulab() -> None:
    defined = set()
    for node in tree_of(_STAND_IN).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign):
            defined |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    public = {name for name in defined if not name.startswith("_")} - _STAND_IN_ONLY
    assert public - _ULAB == set()
    used = set().union(*(numpy_names(path) for path in _PACKAGE))
    # Reached only on ulab and numpy.
    assert used - public - {"frombuffer", "take", "uint16"} == set()


@pytest.mark.parametrize("path", _PACKAGE, ids=name_of)
def test_package_knows_neither_host_nor_board_nor_drivers(path: Path) -> None:
    strangers = {"host_tools", "drivers", "board", "boards", "machine"}
    assert imported(path) & strangers == set()


@pytest.mark.parametrize("path", _HOST, ids=name_of)
def test_host_does_not_restate_the_protocol(path: Path) -> None:
    layouts = {
        value
        for value in values_in(_PROTOCOL)
        if isinstance(value, str) and value.startswith("<") and len(value) > 3
    }
    assert layouts, "protocol.py describes its layouts as struct formats"
    flags = set() if name_of(path) in _ORACLES else {0x7E, 0x7D}
    assert values_in(path) & (layouts | flags) == set()


@pytest.mark.parametrize("path", _PACKAGE, ids=name_of)
def test_assembler_is_known_by_the_end_of_its_name(path: Path) -> None:
    """What compiles for some processors only; `is_for` goes by the name."""
    decorators = {
        part
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for part in ast.unparse(decorator).split(".")
    }
    assembler = any(part.startswith("asm_") for part in decorators)
    assert assembler == (not all(is_for(path, arch) for arch in _ARCHES))

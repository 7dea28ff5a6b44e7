"""What the sources alone tell: they compile for every board, and keep to their rooms."""

import ast
from functools import cache
from pathlib import Path

import pytest

from host_tools.deploy.mpy import compile_module, is_for
from host_tools.errors import RivuletError
from host_tools.paths import BOARDS, FIRMWARE, ROOT

_ARCHES = ("armv6m", "armv7emsp", "xtensawin", "rv32imc")
_PACKAGE = sorted(FIRMWARE.glob("rivulet/**/*.py"))
_TEMPLATE = ROOT / "docs" / "driver_template.py"
_DEVICE = [*sorted(FIRMWARE.rglob("*.py")), *sorted(BOARDS.glob("*/*.py")), _TEMPLATE]
_HOST = sorted((ROOT / "host_tools").rglob("*.py"))
_PROTOCOL = FIRMWARE / "rivulet" / "protocol.py"
# Judge the parser by the RFC: with its own names they would judge nothing.
_ORACLES = {"host_tools/faults/frames.py", "host_tools/on_device/faults/frames.py"}
_MOST_LINES = 400
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


@cache
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


def has_assembler(path: Path) -> bool:
    """Whether a function of the module is decorated with an asm_ decorator."""
    return any(
        part.startswith("asm_")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        for part in ast.unparse(decorator).split(".")
    )


def values_in(path: Path) -> set[object]:
    return {node.value for node in ast.walk(tree_of(path)) if isinstance(node, ast.Constant)}


@pytest.mark.parametrize("arch", _ARCHES)
def test_compiles(arch: str) -> None:
    failed = {}
    for path in _DEVICE:
        if is_for(path, arch):
            try:
                compile_module(path, arch, path.name)
            except RivuletError as error:
                failed[name_of(path)] = str(error)
    assert not failed


def test_uses_only_what_ulab_has() -> None:
    unknown = {name_of(path): numpy_names(path) - _ULAB for path in _PACKAGE}
    assert not {name: names for name, names in unknown.items() if names}
    products = {
        name_of(path)
        for path in _PACKAGE
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.MatMult)
    }
    assert not products, "ulab has no @"


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


def test_package_knows_neither_host_nor_board_nor_drivers() -> None:
    strangers = {"host_tools", "drivers", "board", "boards", "machine"}
    known = {name_of(path): imported(path) & strangers for path in _PACKAGE}
    # The drivers' helper makes timers for them, on whatever port.
    assert known.pop("firmware/rivulet/sensing/timers.py") == {"machine"}
    assert not {name: roots for name, roots in known.items() if roots}


def test_host_does_not_restate_the_protocol() -> None:
    layouts = {
        value
        for value in values_in(_PROTOCOL)
        if isinstance(value, str) and value.startswith("<") and len(value) > 3
    }
    assert layouts, "protocol.py describes its layouts as struct formats"
    restated = {}
    for path in _HOST:
        flags = set() if name_of(path) in _ORACLES else {0x7E, 0x7D}
        restated[name_of(path)] = values_in(path) & (layouts | flags)
    assert not {name: values for name, values in restated.items() if values}


def test_assembler_is_known_by_the_end_of_its_name() -> None:
    """Assembler compiles for some processors only; `is_for` goes by the name."""
    misnamed = {
        name_of(path)
        for path in _PACKAGE
        if has_assembler(path) == all(is_for(path, arch) for arch in _ARCHES)
    }
    assert not misnamed


def test_no_file_is_longer_than_the_limit() -> None:
    too_long = {
        name_of(path)
        for path in [*_HOST, *FIRMWARE.rglob("*.py"), *BOARDS.rglob("*.py")]
        if len(path.read_text(encoding="utf-8").splitlines()) > _MOST_LINES
        and not path.read_text(encoding="utf-8").startswith("# Generated from ")
    }
    assert not too_long

"""The scripts beside the reference models: what they import exists."""

import ast
import importlib
from pathlib import Path

import pytest

from host_tools.paths import ROOT

_SCRIPTS = sorted((ROOT / "models").rglob("*.py"))


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_names_that_a_script_imports_exist(script: Path) -> None:
    imports = [
        node
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("host_tools")
    ]
    assert imports or "host_tools" not in script.read_text(encoding="utf-8")
    try:
        for node in imports:
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
    except ModuleNotFoundError as error:
        if str(error.name).split(".")[0] not in ("torch", "matplotlib", "scipy"):
            raise
        pytest.skip(f"{error.name} is missing: make .venv/.train")

"""Where things are: in a checkout, in an installed wheel, and decided in one module only."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools import paths

_TOOLS = paths.ROOT / "host_tools"
_SHOW = """
import json
from host_tools import errors, paths
facts = {name: str(value) for name, value in vars(paths).items() if name.isupper()}
try:
    paths.need_checkout("this")
except errors.RivuletError as error:
    facts["refusal"] = str(error)
print(json.dumps(facts))
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder that holds the package as site-packages do."""
    package = tmp_path / "site-packages" / "host_tools"
    package.mkdir(parents=True)
    for module in ("__init__", "errors", "paths"):
        shutil.copy(_TOOLS / f"{module}.py", package)
    return package.parent


def _facts(site: Path, **variables: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", _SHOW],
        cwd=site,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_a_wheel_reads_its_package_and_writes_to_the_cache(site: Path, tmp_path: Path) -> None:
    facts = _facts(site, XDG_CACHE_HOME=str(tmp_path / "cache"))
    package = site / "host_tools"
    assert facts["FIRMWARE"] == str(package / "shipped" / "firmware")
    assert facts["BOARDS"] == str(package / "shipped" / "boards")
    assert facts["BUILD"] == str(tmp_path / "cache" / "rivulet")
    assert facts["CACHE"] == str(tmp_path / "cache" / "rivulet" / "cache")
    assert facts["refusal"].startswith("this needs a checkout")


def test_a_checkout_is_recognised_by_its_firmware(site: Path) -> None:
    (site / "firmware").mkdir()
    (site / "firmware" / "main.py").touch()
    facts = _facts(site)
    assert facts["FIRMWARE"] == str(site / "firmware")
    assert facts["BOARDS"] == str(site / "boards")
    assert facts["BUILD"] == str(site / "build")
    assert "refusal" not in facts


def test_these_tests_run_in_a_checkout() -> None:
    assert paths.IN_CHECKOUT
    for name in ("FIRMWARE", "BOARDS", "ON_DEVICE", "C_REFERENCE", "MODELS", "DOCS"):
        assert getattr(paths, name).exists(), name
    paths.need_checkout("nothing")


def test_no_other_module_works_out_where_it_is() -> None:
    found = [
        f"{path.relative_to(paths.ROOT)}:{node.lineno}"
        for path in sorted(_TOOLS.rglob("*.py"))
        if path != _TOOLS / "paths.py" and not path.is_relative_to(paths.ON_DEVICE)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "__file__"
    ]
    assert not found


def test_code_that_uses_what_a_wheel_lacks_asks_first() -> None:
    """A module that imports a folder of the checkout also imports `need_checkout`."""
    lacking = {"ROOT", "MODELS", "DOCS"}
    for path in sorted(_TOOLS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "host_tools.paths":
                names = {alias.name for alias in node.names}
                asks = "need_checkout" in names or path.is_relative_to(_TOOLS / "faults")
                assert asks or not names & lacking, path

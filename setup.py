"""Copies firmware/, boards/ and the examples into the wheel; all else is in pyproject.toml.

The wheel holds firmware/rivulet twice: as the package `rivulet`, which the host imports, and in
host_tools/shipped, from where it goes onto boards. One build copies both from the same files. Of
models/NAME it holds what `rivulet new --from NAME` copies.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_SHIPPED = ("firmware", "boards")
# Of an example's recordings, as host_tools/project/new.py has it.
_MOST_BYTES = 1 << 20


def _example_files(folder):
    """Return the files of a project in models/ that a copy of it needs."""
    yield folder / "rivulet.toml"
    yield from folder.glob("*.safetensors")
    yield from folder.glob("drivers/*.py")
    recordings = list(folder.glob("recordings/*"))
    if sum(path.stat().st_size for path in recordings) <= _MOST_BYTES:
        yield from recordings


class BuildWithShipped(build_py):
    def run(self):
        if not self.editable_mode:
            # Modules of an earlier build would go into this wheel.
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if not self.editable_mode:
            for name in _SHIPPED:
                shutil.copytree(
                    name,
                    Path(self.build_lib) / "host_tools" / "shipped" / name,
                    ignore=shutil.ignore_patterns("__pycache__"),
                )
            for project in Path("models").glob("*/rivulet.toml"):
                for path in _example_files(project.parent):
                    copy = Path(self.build_lib) / "host_tools" / "shipped" / path
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(path, copy)


setup(cmdclass={"build_py": BuildWithShipped})

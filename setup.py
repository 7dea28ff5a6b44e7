"""Copies firmware/ and boards/ into the wheel; all else about the build is in pyproject.toml.

The wheel holds firmware/rivulet twice: as the package `rivulet`, which the host imports, and in
host_tools/shipped, from where it goes onto boards. One build copies both from the same files.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_SHIPPED = ("firmware", "boards")


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


setup(cmdclass={"build_py": BuildWithShipped})

"""The `rivulet` command, run in a process that is forked from one with its modules loaded.

To start Python and to load numpy takes half a second a command, and tests run hundreds. How the
command starts on its own is what tests/golden and tests/commands test.
"""

import multiprocessing
import os
import pkgutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from host_tools import commands

_TIMEOUT_S = 200  # a hang guard
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tests.rivulet_command",
        *(
            f"host_tools.commands.{module.name}"
            for module in pkgutil.iter_modules(commands.__path__)
        ),
        "pydantic",
        "rich.console",
        "mpremote.transport_serial",
        "host_tools.build_model.build",
        "host_tools.deploy.flash",
        "host_tools.simulate.virtual",
        "host_tools.watch.status",
    ]
)


def run(
    *arguments: object,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    hang_s: float = _TIMEOUT_S,
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does. variables: environment variables besides those of pytest."""
    words = [str(each) for each in arguments]
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / name for name in ("stdout", "stderr")]
        process = _CONTEXT.Process(
            target=_command,
            args=(words, cwd or Path.cwd(), dict(os.environ) | dict(variables or {}), outputs),
        )
        process.start()
        process.join(hang_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(words, _TIMEOUT_S)
        stdout, stderr = (path.read_text(encoding="utf-8") for path in outputs)
        return subprocess.CompletedProcess(words, process.exitcode, stdout, stderr)


def _command(words: list[str], cwd: Path, variables: dict[str, str], outputs: list[Path]) -> None:
    """Take the place of what Python sets up at its start, and run the command."""
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), descriptor)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(cwd)
    sys.argv = ["rivulet", *words]
    commands.main()

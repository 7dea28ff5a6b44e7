"""Runs a page of the documentation as it is written.

    Save this as `NAME`, or `NAME`: before a fence    the fence becomes that file
    a fence without a language                        its lines are run, one after the other
    ```text                                           lines that the commands before it printed

In `text`, numbers stand for numbers, since they differ from machine to machine. `rivulet virtual`
runs until the page starts another or ends, `rivulet monitor` until Ctrl-C.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from host_tools.paths import ROOT

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w./-]+\.\w+)`[^`]*:\s*$")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(e[-+]?\d+)?")
# A hang guard for a command, and how long a reader looks at the live view.
_LONGEST_S, _LOOK_S = 1500, 8.0


class Page:
    """A page that is run in a folder of its own."""

    def __init__(self, path: Path, folder: Path) -> None:
        self._text = path.read_text(encoding="utf-8")
        self._folder = folder
        self._printed = ""
        # Each with the folder that it has while it runs.
        self._boards: list[tuple[subprocess.Popen[str], Path]] = []
        binaries = str(Path(sys.executable).parent)
        self._environment = os.environ | {
            "PATH": os.pathsep.join([binaries, os.environ["PATH"]]),
            "COLUMNS": "200",
            "REPOSITORY": str(ROOT),
        }

    def run(self) -> list[str]:
        """Run it. Returns the commands that ran. Raises AssertionError where it is wrong."""
        ran: list[str] = []
        end = 0
        try:
            for fence in _FENCE.finditer(self._text):
                before = self._text[end : fence.start()].rstrip()
                end = fence.end()
                named = _NAMED.search(before)
                if fence[1] == "text":
                    self._compare(fence[2])
                elif named is not None:
                    file = self._folder / named[1]
                    file.parent.mkdir(exist_ok=True)
                    file.write_text(fence[2], encoding="utf-8")
                elif not fence[1]:
                    self._printed = ""
                    for line in fence[2].splitlines():
                        self._command(line)
                        ran.append(line)
        finally:
            self._stop()
        return ran

    def _command(self, line: str) -> None:
        if line.startswith("cd "):
            self._folder = self._folder / line[3:]
            return
        options: dict[str, Any] = {
            "cwd": self._folder,
            "env": self._environment,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "text": True,
        }
        words = line.split()
        if words[:2] == ["rivulet", "virtual"]:
            self._stop()
            board = subprocess.Popen(words, **options)
            assert board.stdout is not None
            said = []
            for text in board.stdout:
                said.append(text)
                if text.startswith("/"):
                    break
            port = said[-1].strip() if said else ""
            self._boards.append((board, Path(port).parent))
            assert port.startswith("/"), "".join(said)
            return
        running = subprocess.Popen(["bash", "-c", line], start_new_session=True, **options)
        try:
            if words == ["rivulet", "monitor"]:
                time.sleep(_LOOK_S)
                os.killpg(running.pid, signal.SIGINT)
            printed = running.communicate(timeout=_LONGEST_S)[0]
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            raise
        assert running.returncode == 0, f"{line}\n{printed}"
        self._printed += printed

    def _compare(self, text: str) -> None:
        printed = [_plain(line) for line in self._printed.splitlines()]
        for line in text.splitlines():
            assert any(_plain(line) in each for each in printed), (
                f"{line}\nnot in\n{self._printed}"
            )

    def _stop(self) -> None:
        while self._boards:
            board, folder = self._boards.pop()
            board.terminate()
            board.communicate(timeout=60)
            if folder.is_absolute():
                shutil.rmtree(folder, ignore_errors=True)


def _plain(line: str) -> str:
    """Return a line with every number as one sign, and single blanks."""
    return " ".join(_NUMBER.sub("#", line).split())

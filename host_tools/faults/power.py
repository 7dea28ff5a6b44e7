"""Power is cut at every operation on the flash, under a real littlefs in memory.

With PICO_UF2 the table has the same of an emulated Pico's own flash.
"""

import hashlib
import json
import os
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from host_tools.deploy.board_files import AGENT, MISSING, BoardFacts
from host_tools.deploy.flash import install
from host_tools.deploy.payload import MANIFEST, POINTER, PayloadFile, starter
from host_tools.errors import BoardCodeError
from host_tools.faults import Given, Row
from host_tools.link.raw_repl import RawRepl

# Of an emulated Pico, where PICO_UF2 names an image for it; each takes some 20 s.
_BOOTS = 6
_PROMISE = (
    "the board starts the old or the new model or firmware, complete; a trial can still go back; "
    "the next push or flash succeeds"
)


def run(given: Given) -> list[Row]:
    first, second = firmware_steps()
    report = given.on_device(
        "power",
        agent=AGENT,
        first=first,
        second=second,
        starter=starter().data.decode(),
    )
    acts: dict[str, Any] = report["acts"]
    cuts = sum(act["cuts"] for act in acts.values())
    operations = sum(act["operations"] for act in acts.values())
    ran = sum((Counter(act["ran"]) for act in acts.values()), Counter())
    states = ", ".join(f"{times} times {which}" for which, times in sorted(ran.items()))
    rows = [
        Row(
            f"power cut in each of the {operations} programs and erasures of {len(acts)} "
            "operations (pushes, confirming, reverts, rollback, starts, warm state, firmware "
            "flash): before it, after its first byte, after half of it, before its last byte, "
            "with half of its bits",
            cuts,
            _PROMISE,
            f"started afterwards: {states}; none bad" if not report["broken"] else states,
            report["broken"],
        )
    ]
    image = os.environ.get("PICO_UF2")
    if image and not given.short:
        # Imported where there is an emulator.
        from host_tools.faults._pico import sweep

        rows += sweep(given, Path(image), _BOOTS)
    return rows


def firmware_steps() -> tuple[list[str], list[str]]:
    """The code that `rivulet flash` runs on a new board, and then for the next firmware."""
    board = _Board()
    steps = []
    for version in ("old", "new"):
        facts = BoardFacts(
            name="micropython",
            version="",
            platform="",
            mpy=0,
            ulab=None,
            float_bytes=4,
            block_bytes=4096,
            free_bytes=1 << 20,
            active=board.files.get(POINTER, b"").decode(),
            failed="",
            installed=[],
        )
        install(cast(RawRepl, board), _firmware(version), facts)
        steps.append(board.steps)
        board.steps = []
    return steps[0], steps[1]


def _firmware(version: str) -> list[PayloadFile]:
    """A firmware that says of which version its parts are."""
    app = (
        "from rivulet import one, two\n"
        f"parts = ({version!r}, one.VERSION, two.VERSION)\n"
        "def run(keyed, trouble):\n    pass\n"
    )
    files = {
        "app.py": app,
        "rivulet/__init__.py": "",
        "rivulet/one.py": f"VERSION = {version!r}\n" + "# long\n" * 900,
        "rivulet/two.py": f"VERSION = {version!r}\n",
        f"rivulet/only_{version}.py": "",
        MANIFEST: json.dumps({"board": "none"}),
    }
    return [PayloadFile(path, text.encode()) for path, text in files.items()]


class _Board:
    """Stands in for a raw REPL: does to a dict of files what the code does to a board's, and
    notes the code that changes any."""

    port = "memory"

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.steps: list[str] = []
        self._said = ""
        self._path = ""

    def run(self, code: str) -> str:
        self._said = ""
        names: dict[str, Callable[..., Any] | SimpleNamespace] = {
            "print": lambda *values: self._say(" ".join(values)),
            "digest": self._digest,
            "tree": self._tree,
            "folder": lambda path: None,
            "begin": self._begin,
            "put": self._put,
            "copy": self._copy,
            "end": lambda path, digest: None,
            "os": SimpleNamespace(rename=self._rename, remove=self.files.pop),
        }
        for line in code.splitlines():
            if not line.startswith(("print(", "tree(")):
                self.steps.append(line)
            exec(line, names)
        return self._said

    def _say(self, text: str) -> None:
        self._said += text + "\n"

    def _digest(self, path: str) -> str:
        data = self.files.get(path)
        return MISSING if data is None else hashlib.sha256(data).hexdigest()

    def _tree(self, folder: str) -> None:
        found = [path for path in self.files if path.startswith(folder + "/")]
        if not found:
            raise BoardCodeError(self.port, "OSError: [Errno 2] ENOENT")
        for path in found:
            self._say(f"{self._digest(path)} {path}")

    def _begin(self, path: str) -> None:
        self._path = path
        self.files[path] = b""

    def _put(self, data: bytes) -> None:
        self.files[self._path] += b64decode(data)

    def _copy(self, source: str, path: str) -> None:
        self.files[path] = self.files[source]

    def _rename(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)

"""Files for the tests of importing: written, imported, read back."""

from pathlib import Path
from typing import Any

from host_tools.data.importing.options import Options
from host_tools.data.importing.report import report_lines
from host_tools.data.importing.run import run
from host_tools.data.recording import Recording, read_recording


class Imports:
    """Imports files of a folder and keeps what the last import said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "recordings"
        self.report = ""

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def __call__(self, *paths: Path, suffix: str = ".csv", **options: Any) -> list[Recording]:
        """Import and return the recordings, read from their files, in order of their names."""
        outcome = run(list(paths), Options(**options), self.out, suffix)
        self.report = "\n".join(report_lines(outcome))
        written = sorted(path for path, _ in outcome.recordings)
        return [read_recording(path) for path in written]

    def text(self, content: str | bytes, **options: Any) -> Recording:
        """Import one file of this content, which makes one recording."""
        (recording,) = self(self.file("log.csv", content), **options)
        return recording

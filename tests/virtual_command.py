"""The command `rivulet virtual`, kept running while a test uses its board."""

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def virtual(*options: object, cwd: Path | None = None) -> Iterator[tuple[str, list[str]]]:
    """`rivulet virtual` while it runs: the first line of its output, the lines of its notes."""
    command = [sys.executable, "-c", "from host_tools.commands import main; main()", "virtual"]
    process = subprocess.Popen(
        [*command, *map(str, options)],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    notes: list[str] = []
    errors = process.stderr
    reader = threading.Thread(target=lambda: notes.extend(line.strip() for line in errors))
    reader.start()
    port = process.stdout.readline().strip()
    try:
        yield port, notes
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        reader.join()
        process.stdout.close()
        errors.close()
        if port:
            shutil.rmtree(Path(port).parent)

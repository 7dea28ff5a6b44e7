"""An emulated Pico with the firmware on it, for a benchmark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools.boards import load_board
from host_tools.deploy.payload import build_payload, on_a_board
from host_tools.interpreter.find import find_micropython
from host_tools.link.raw_repl import RawRepl, raw_repl
from host_tools.simulate.emulated import EmulatedPico, flash_image


def with_firmware(folder: Path, uf2: Path, say: Callable[[str], None]) -> EmulatedPico:
    """Return a Pico that is off. Its flash is made here, which takes a second, not a minute.

    Without main.py nothing runs, so that a session begins with an empty heap. Raises RivuletError.
    """
    board = load_board("rpi_pico")
    pico = EmulatedPico(folder, uf2)
    payload = on_a_board(build_payload(board, board.arch))
    there = [(file.path, file.data) for file in payload if file.path != "main.py"]
    flash_image.make(folder / "flash.bin", there, find_micropython(say))
    return pico


@contextmanager
def session(uf2: Path, say: Callable[[str], None]) -> Iterator[RawRepl]:
    """Open a session on such a Pico, which ends with it. Raises RivuletError."""
    with TemporaryDirectory(prefix="rivulet-bench-") as folder:
        pico = with_firmware(Path(folder), uf2, say)
        pico.power_on()
        try:
            say("measuring on an emulated Pico (some minutes)")
            with raw_repl(str(pico.port), pico.timeout_scale) as repl:
                yield repl
        finally:
            pico.power_off()

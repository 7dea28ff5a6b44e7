"""Find a MicroPython interpreter for this computer, or obtain one without installing it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.interpreter import debian
from host_tools.paths import CACHE
from host_tools.printing import note

# Debian 13 and later carry the unix interpreter.
_SUITE = "trixie"
_PACKAGE = "micropython"
# Interpreters before 1.25 lack `vfs` or mount folders differently.
_PROBE = "import select, sys, vfs; print(sys.implementation.name, vfs.VfsPosix)"
# Long enough for a computer that is busy with other things.
_PROBE_TIMEOUT_S = 60
_WRAPPER = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/{loader}" --library-path "{libraries}" "$here/{binary}" "$@"
"""


def find_micropython(say: Callable[[str], None] = note, cache: Path = CACHE) -> Path:
    """The interpreter to use: $MICROPYTHON, or one on the path, or one obtained into `cache`."""
    named = os.environ.get("MICROPYTHON")
    if named:
        path = Path(named)
        if not _runs(path):
            raise RivuletError(
                f"MICROPYTHON={named} is not a MicroPython interpreter that runs here (1.25 or"
                " later is needed); correct or unset it"
            )
        return path
    on_path = shutil.which("micropython")
    if on_path and _runs(Path(on_path)):
        return Path(on_path)
    cached = cache / "micropython" / "micropython"
    if not _runs(cached):
        _obtain(cached.parent, say)
    return cached


def float_bytes(interpreter: Path) -> int:
    return 8 if _output(interpreter, "print(1.0 + 2.0**-40 > 1.0)").strip() == "True" else 4


def _runs(interpreter: Path) -> bool:
    return "micropython" in _output(interpreter, _PROBE)


def _output(interpreter: Path, code: str) -> str:
    try:
        done = subprocess.run(
            [interpreter, "-c", code],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # No answer is not a wrong answer: it may be a good interpreter on a busy computer.
        raise RivuletError(
            f"{interpreter} did not answer within {_PROBE_TIMEOUT_S} s: if this computer is busy, "
            "try again; or set MICROPYTHON to another interpreter"
        ) from None
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _obtain(target: Path, say: Callable[[str], None]) -> None:
    if sys.platform == "darwin":
        raise RivuletError("no MicroPython interpreter here; run: brew install micropython")
    if not debian.available():
        raise RivuletError(
            "no MicroPython interpreter here, and this system has no Debian package source to"
            " get one from; install MicroPython 1.25 or later, or set MICROPYTHON to it"
        )
    # Made beside its place and renamed: an interruption leaves no half interpreter.
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _unpack_packages(partial, say)
        _write_wrapper(partial)
        if not _runs(partial / "micropython"):
            raise RivuletError(
                f"Debian's {_PACKAGE} does not run here; install MicroPython 1.25 or later, or"
                " set MICROPYTHON to it"
            )
        _put_in_place(partial, target)
    except OSError as error:
        raise RivuletError(f"cannot keep an interpreter in {target}: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    say(f"MicroPython is ready in {target}")


def _unpack_packages(folder: Path, say: Callable[[str], None]) -> None:
    say(f"getting a MicroPython interpreter from Debian {_SUITE} (about 15 MB, once)")
    try:
        packages = debian.Packages(folder / "apt", _SUITE)
        names = packages.needed_by(_PACKAGE)
        say(f"downloading {', '.join(names)}")
        packages.unpack(names, folder / "root")
    except RivuletError as error:
        raise RivuletError(
            f"cannot get a MicroPython interpreter ({error});"
            " check the network, or set MICROPYTHON to an interpreter"
        ) from error
    shutil.rmtree(folder / "apt")


def _write_wrapper(folder: Path) -> None:
    """A script that starts the interpreter with the C library that came along with it."""
    root = folder / "root"
    loaders = sorted(root.glob("**/ld-linux*.so.*"))
    libraries = sorted({path.parent for path in root.glob("**/lib*.so.*")})
    binaries = sorted(root.glob("usr/bin/micropython"))
    if not (loaders and libraries and binaries):
        raise RivuletError(f"Debian's {_PACKAGE} package is not as expected; set MICROPYTHON")
    text = _WRAPPER.format(
        loader=loaders[0].relative_to(folder),
        libraries=":".join(f"$here/{path.relative_to(folder)}" for path in libraries),
        binary=binaries[0].relative_to(folder),
    )
    wrapper = folder / "micropython"
    wrapper.write_text(text, encoding="utf-8")
    wrapper.chmod(0o755)


def _put_in_place(partial: Path, target: Path) -> None:
    if target.exists() and not _runs(target / "micropython"):
        shutil.rmtree(target)
    try:
        partial.rename(target)
    except OSError:
        if not _runs(target / "micropython"):  # else another process was faster
            raise

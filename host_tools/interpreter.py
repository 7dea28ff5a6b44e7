"""Find a MicroPython interpreter for this computer, or obtain one without installing it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.paths import CACHE

# Debian 13 and later carry the unix interpreter.
_SUITE = "trixie"
_PACKAGE = "micropython"
# Interpreters before 1.25 lack `vfs` or mount folders differently.
_PROBE = "import select, sys, vfs; print(sys.implementation.name, vfs.VfsPosix)"
_PROBE_TIMEOUT_S = 10
_WRAPPER = """\
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/{loader}" --library-path "{libraries}" "$here/{binary}" "$@"
"""


def find_micropython(say: Callable[[str], None] = print, cache: Path = CACHE) -> Path:
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


def has_ulab(interpreter: Path) -> bool:
    """Whether the interpreter was built with ulab."""
    return "ulab" in _output(interpreter, "import ulab; print(ulab.__name__)")


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
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _obtain(target: Path, say: Callable[[str], None]) -> None:
    if sys.platform == "darwin":
        raise RivuletError("no MicroPython interpreter here; run: brew install micropython")
    source = _debian_source()
    if source is None or not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))):
        raise RivuletError(
            "no MicroPython interpreter here, and this system has no Debian package source to"
            " get one from; install MicroPython 1.25 or later, or set MICROPYTHON to it"
        )
    # Made beside its place and renamed: an interruption leaves no half interpreter.
    partial = target.with_name(f"{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _unpack_packages(partial, source, say)
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


def _unpack_packages(folder: Path, source: str, say: Callable[[str], None]) -> None:
    apt = folder / "apt"
    for name in ("sources", "lists/partial", "cache/archives/partial", "debs"):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources" / "debian.sources").write_text(source, encoding="utf-8")
    settings = {
        "Dir::State": apt,
        "Dir::State::lists": apt / "lists",
        "Dir::State::status": apt / "status",  # as if nothing were installed
        "Dir::Cache": apt / "cache",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": apt / "sources",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        # Run by root, apt would drop to a user that may not write here.
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
    }
    options = [f"-o{key}={value}" for key, value in settings.items() if value]
    say(f"getting a MicroPython interpreter from Debian {_SUITE} (about 15 MB, once)")
    _run(["apt-get", *options, "update"], "apt-get update")
    listing = _run(
        ["apt-cache", *options, "depends", "--recurse", "--important", _PACKAGE], "apt-cache"
    )
    # Packages stand at the start of a line; what is indented or in <> is no package to get.
    names = sorted({line for line in listing.splitlines() if line and line[0] not in " <|"})
    say(f"downloading {', '.join(names)}")
    _run(["apt-get", *options, "download", *names], "apt-get download", apt / "debs")
    say("unpacking")
    for deb in sorted((apt / "debs").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(deb), str(folder / "root")], "dpkg-deb")
    shutil.rmtree(apt)


def _run(command: list[str], name: str, folder: Path | None = None) -> str:
    environment = os.environ | {"LC_ALL": "C"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    # apt-get update calls a source that it cannot reach a warning and succeeds.
    trouble = [
        line for line in done.stderr.splitlines() if line.startswith(("E:", "W: Failed", "dpkg"))
    ]
    if done.returncode != 0 or trouble:
        reason = trouble[0] if trouble else f"exit status {done.returncode}"
        raise RivuletError(
            f"cannot get a MicroPython interpreter ({name}: {reason});"
            " check the network, or set MICROPYTHON to an interpreter"
        )
    return done.stdout


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


def _debian_source(etc: Path = Path("/etc/apt")) -> str | None:
    """A deb822 source for the suite, at the mirror and with the key that the system uses."""
    for entry in _apt_sources(etc):
        if "deb" not in entry.get("types", "").split():
            continue
        for uri in entry.get("uris", "").split():
            if uri.rstrip("/").endswith("/debian"):
                lines = ["Types: deb", f"URIs: {uri}", f"Suites: {_SUITE}", "Components: main"]
                if "signed-by" in entry:
                    lines.append(f"Signed-By: {entry['signed-by']}")
                return "\n".join(lines) + "\n"
    return None


def _apt_sources(etc: Path) -> Iterator[Mapping[str, str]]:
    """The system's package sources, of both formats, as deb822 fields in lower case."""
    for path in sorted(etc.glob("sources.list.d/*.sources")):
        yield from _deb822(path.read_text(encoding="utf-8"))
    for path in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text(encoding="utf-8"))


def _deb822(text: str) -> Iterator[Mapping[str, str]]:
    entry: dict[str, str] = {}
    field = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if entry.get("enabled", "yes").lower() not in ("no", "false"):
                yield entry
            entry, field = {}, ""
        elif line[0] in " \t":  # a key may stand here itself, over many lines
            entry[field] = entry.get(field, "") + "\n" + line
        else:
            field, _, value = line.partition(":")
            field = field.lower()
            entry[field] = value.strip()


def _one_line(text: str) -> Iterator[Mapping[str, str]]:
    for line in text.splitlines():
        kind, _, rest = line.partition("#")[0].strip().partition(" ")
        options, rest = rest.strip(), rest.strip()
        entry = {"types": kind}
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
            for option in options.split():
                key, _, value = option.partition("=")
                if key.lower() == "signed-by":
                    entry["signed-by"] = value
        entry["uris"] = " ".join(rest.split()[:1])
        yield entry

"""Unpack packages of Debian into a folder: nothing is installed and nobody needs to be root."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from host_tools.errors import RivuletError


def available() -> bool:
    """Whether this system has a Debian mirror to get packages from, and apt to do it."""
    return source("stable") is not None and all(
        map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))
    )


class Packages:
    """The packages of one suite for one architecture (None: this machine's), as apt lists them.

    folder: apt's own files, made here; remove it afterwards. Raises RivuletError with the step
    that failed.
    """

    def __init__(self, folder: Path, suite: str, architecture: str | None = None) -> None:
        self._debs = folder / "debs"
        for name in ("sources", "lists/partial", "cache/archives/partial", "debs"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources" / "debian.sources").write_text(source(suite) or "", encoding="utf-8")
        settings = {
            "Dir::State": folder,
            "Dir::State::lists": folder / "lists",
            "Dir::State::status": folder / "status",  # as if nothing were installed
            "Dir::Cache": folder / "cache",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": folder / "sources",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            # Run by root, apt would drop to a user that may not write here.
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "APT::Architecture": architecture or "",
            "APT::Architectures": architecture or "",
        }
        self._options = [f"-o{key}={value}" for key, value in settings.items() if value]
        _run(["apt-get", *self._options, "update"])

    def needed_by(self, package: str) -> list[str]:
        """The package and all that it depends on."""
        listing = _run(
            ["apt-cache", *self._options, "depends", "--recurse", "--important", package]
        )
        # Packages stand at the start of a line; what is indented or in <> is no package to get.
        return sorted({line for line in listing.splitlines() if line and line[0] not in " <|"})

    def unpack(self, names: list[str], root: Path, only: str = "") -> None:
        """Unpack packages under `root`; of each, the file `only` if one is named."""
        _run(["apt-get", *self._options, "download", *names], self._debs)
        for deb in sorted(self._debs.glob("*.deb")):
            if only:
                _extract(deb, only, root)
            else:
                _run(["dpkg-deb", "-x", str(deb), str(root)])
            deb.unlink()


def _extract(deb: Path, name: str, root: Path) -> None:
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
            for member in archive:
                if member.name.removeprefix("./") == name:
                    archive.extract(member, root, filter="data")
                    break
        process.kill()  # what follows is not wanted


def _run(command: list[str], folder: Path | None = None) -> str:
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
        raise RivuletError(f"{command[0]}: {reason}")
    return done.stdout


def source(suite: str, etc: Path = Path("/etc/apt")) -> str | None:
    """A deb822 source for the suite, at the mirror and with the key that the system uses."""
    for entry in _apt_sources(etc):
        if "deb" not in entry.get("types", "").split():
            continue
        for uri in entry.get("uris", "").split():
            if uri.rstrip("/").endswith("/debian"):
                lines = ["Types: deb", f"URIs: {uri}", f"Suites: {suite}", "Components: main"]
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

"""Finding and obtaining the MicroPython interpreter, without a network."""

import os
from pathlib import Path

import pytest

from host_tools.errors import RivuletError
from host_tools.interpreter import debian, find

_FAKE = """\
#!/bin/sh
echo "{answer}"
"""


def fake(path: Path, answer: str = "micropython") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_FAKE.format(answer=answer))
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No interpreter is named, none is on the path."""
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(find.shutil, "which", lambda name: None)
    return tmp_path


def test_the_interpreter_of_these_tests_runs(micropython: Path) -> None:
    assert find._runs(micropython)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = fake(tmp_path / "named")
    monkeypatch.setenv("MICROPYTHON", str(named))
    assert find.find_micropython(cache=tmp_path) == named


@pytest.mark.parametrize("answer", [None, "cpython"])
def test_a_wrong_environment_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str | None
) -> None:
    named = tmp_path / "named"
    if answer is not None:
        fake(named, answer)
    monkeypatch.setenv("MICROPYTHON", str(named))
    with pytest.raises(RivuletError, match="MICROPYTHON="):
        find.find_micropython(cache=tmp_path)


def test_one_on_the_path_is_taken_unless_it_is_too_old(
    monkeypatch: pytest.MonkeyPatch, bare: Path
) -> None:
    on_path = fake(bare / "bin" / "micropython")
    monkeypatch.setattr(find.shutil, "which", lambda name: str(on_path))
    assert find.find_micropython(cache=bare) == on_path
    fake(on_path, "too old")
    cached = fake(bare / "micropython" / "micropython")
    assert find.find_micropython(cache=bare) == cached


def test_what_was_obtained_is_kept_and_a_broken_one_is_replaced(
    monkeypatch: pytest.MonkeyPatch, bare: Path
) -> None:
    obtained: list[Path] = []

    def obtain(target: Path, say: object) -> None:
        obtained.append(target)
        fake(target / "micropython")

    monkeypatch.setattr(find, "_obtain", obtain)
    fake(bare / "micropython" / "micropython", "broken")
    for _ in range(2):
        assert find.find_micropython(cache=bare) == bare / "micropython" / "micropython"
    assert obtained == [bare / "micropython"]


def test_where_none_can_be_had_one_line_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, bare: Path
) -> None:
    monkeypatch.setattr(find.debian, "available", lambda: False)
    for platform, advice in (("linux", "set MICROPYTHON"), ("darwin", "brew install micropython")):
        monkeypatch.setattr(find.sys, "platform", platform)
        with pytest.raises(RivuletError, match=advice) as caught:
            find.find_micropython(cache=bare)
        assert "\n" not in str(caught.value)


def test_a_failed_download_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(find.debian, "available", lambda: True)
    monkeypatch.setattr(find.sys, "platform", "linux")

    def unpack(folder: Path, say: object) -> None:
        (folder / "root").mkdir()
        raise RivuletError("no network")

    monkeypatch.setattr(find, "_unpack_packages", unpack)
    with pytest.raises(RivuletError, match="no network"):
        find._obtain(tmp_path / "micropython", lambda text: None)
    assert list(tmp_path.iterdir()) == []


def sources(etc: Path, files: dict[str, str]) -> str | None:
    for name, text in files.items():
        (etc / name).parent.mkdir(parents=True, exist_ok=True)
        (etc / name).write_text(text)
    return debian.source("trixie", etc)


def test_the_mirror_and_key_are_the_systems_own_deb822(tmp_path: Path) -> None:
    source = sources(
        tmp_path,
        {
            "sources.list.d/a.sources": (
                "Types: deb\nURIs: http://mirror.test/other\nSuites: x\nComponents: main\n\n"
                "Enabled: no\nTypes: deb\nURIs: http://off.test/debian\nSuites: x\n\n"
                "# a comment\n"
                "Types: deb-src\nURIs: http://source.test/debian\nSuites: x\n\n"
                "Types: deb\nURIs: http://mirror.test/debian/\nSuites: bookworm\n"
                "Components: main\nSigned-By:\n -----BEGIN KEY-----\n .\n abc\n"
            )
        },
    )
    assert source == (
        "Types: deb\nURIs: http://mirror.test/debian/\nSuites: trixie\nComponents: main\n"
        "Signed-By: \n -----BEGIN KEY-----\n .\n abc\n"
    )


def test_the_mirror_and_key_are_the_systems_own_one_line(tmp_path: Path) -> None:
    source = sources(
        tmp_path,
        {
            "sources.list": "# deb http://no.test/debian x main\n\ndeb cdrom:[Debian]/ x main\n",
            "sources.list.d/b.list": (
                "deb-src http://source.test/debian x main\n"
                "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main # c\n"
            ),
        },
    )
    assert source == (
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: trixie\nComponents: main\n"
        "Signed-By: /k.gpg\n"
    )


def test_a_system_without_debian_packages_has_no_source(tmp_path: Path) -> None:
    ubuntu = "Types: deb\nURIs: http://mirror.test/ubuntu/\nSuites: noble\nComponents: main\n"
    assert sources(tmp_path, {"sources.list.d/ubuntu.sources": ubuntu}) is None

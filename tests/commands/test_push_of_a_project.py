"""`rivulet push` without a file: which model it takes, before a board is looked for."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from host_tools.commands import push as module
from host_tools.errors import RivuletError
from tests.conftest import make_model

Run = Callable[..., subprocess.CompletedProcess[str]]
_choose = module._choose


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose sensors contradict each other, which a push does not mind."""
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "pump"
    (made / "build").mkdir(parents=True)
    pins = "pins = { trigger = 2, echo = 3 }\n"
    sonars = "".join(f'[sensors.{name}]\ndriver = "hcsr04"\n{pins}' for name in "ab")
    (made / "rivulet.toml").write_text('[board]\nname = "rpi_pico"\n' + sonars)
    return made


def test_the_integer_model_comes_first(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    floats, integers = (folder / "build" / f"model{kind}.safetensors" for kind in ("", "-int8"))
    make_model(floats)
    assert _choose(folder, None) == (floats, folder / "rivulet.toml")
    integers.touch()
    assert _choose(folder, None)[0] == integers
    assert capsys.readouterr().out == f"pushing {floats}\npushing {integers}\n"


def test_the_current_folder_is_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_model(folder / "build" / "model.safetensors")
    monkeypatch.chdir(folder)
    assert _choose(None, None) == (Path("build/model.safetensors"), Path("rivulet.toml"))


def test_a_file_that_is_named_needs_no_project(folder: Path) -> None:
    assert _choose(None, Path("x")) == (Path("x"), None)


def test_without_a_model_it_says_what_to_do(folder: Path, rivulet: Run) -> None:
    with pytest.raises(RivuletError, match="has no model yet: 'rivulet train' makes one of its"):
        _choose(folder, None)
    (folder / "rivulet.toml").write_text(
        '[board]\nname = "rpi_pico"\n[model]\nfile = "absent.safetensors"\n'
    )
    with pytest.raises(RivuletError, match=r"model.file: there is no .*/absent.safetensors"):
        _choose(folder, None)
    done = rivulet("push")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "rivulet: no model to push: name its file, or go into a project's folder, where 'rivulet "
        "push' sends the project's own model\n"
    )

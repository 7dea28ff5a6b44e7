"""Which files [data] recordings names."""

import re
from pathlib import Path

import pytest

from host_tools.errors import RivuletError
from host_tools.project import examine, recording_files
from tests.project.projects import BOARD


def _named(folder: Path, data: str = "") -> list[str]:
    file = folder / "rivulet.toml"
    file.write_text(BOARD + data)
    project = examine(file).project
    assert project is not None
    return [path.relative_to(folder).as_posix() for path in recording_files(project)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder, whose name holds characters that patterns use."""
    made = tmp_path / "pump[1]*"
    (made / "recordings" / "deep").mkdir(parents=True)
    for name in ("log-10.csv", "log-2.csv", "log-2.json", "walk.parquet", "deep/other.csv"):
        (made / "recordings" / name).touch()
    return made


def test_csv_and_parquet_in_the_order_of_their_numbers(folder: Path) -> None:
    assert _named(folder) == [
        f"recordings/{name}" for name in ("log-2.csv", "log-10.csv", "walk.parquet")
    ]


def test_patterns_and_names(folder: Path) -> None:
    assert _named(folder, '[data]\nrecordings = ["recordings/**/o*.csv", "x*.csv"]\n') == [
        "recordings/deep/other.csv"
    ]
    whole = f'[data]\nrecordings = ["{folder.parent}/pump[[]1]*/recordings/log-2.csv"]\n'
    assert _named(folder, whole) == ["recordings/log-2.csv"]


def test_a_file_that_is_named_has_to_be_there(folder: Path) -> None:
    with pytest.raises(RivuletError, match="data.recordings: there is no recordings/x.csv"):
        _named(folder, '[data]\nrecordings = ["recordings/x.csv"]\n')


def test_one_recording_in_two_forms_is_refused(folder: Path) -> None:
    (folder / "recordings" / "log-2.parquet").touch()
    said = "log-2.csv and .*log-2.parquet are one recording twice: remove one of them"
    with pytest.raises(RivuletError, match=re.compile(said)):
        _named(folder)

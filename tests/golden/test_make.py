"""Make targets and their variables, and that each variable arrives."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.golden.conftest import environment
from tests.golden.held import hold

_ROOT = Path(__file__).parents[2]
_STAMPS = [
    f"--old-file=.venv/.{name}" for name in ("created", "base", "test", "train", "emulator")
]


def _make(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=200,
        env=environment(MAKEFLAGS=""),
    )


def test_targets_and_variables() -> None:
    found = {}
    for target, wording in re.findall(r"^  ([\w-]+) +(.*)$", _make("help").stdout, re.MULTILINE):
        found[target] = sorted(set(re.findall(r"\b([A-Z][A-Z0-9_]+)=", wording)))
        done = _make("--dry-run", *_STAMPS, target, "MODEL=m.safetensors")
        assert done.returncode == 0 and done.stdout.strip(), target
    hold("make_targets.json", found)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("demo", "demo --board 'virtual'"),
        ("demo BOARD=emulated_pico PICO_UF2=i.uf2", "demo --board 'emulated_pico' --uf2 'i.uf2'"),
        ("bench PICO_UF2=i.uf2", "bench --uf2 'i.uf2' --write docs/bench/emulated_pico"),
        ("bench", "bench --write build/bench/this_computer"),
        ("flash", "flash --board 'rpi_pico'"),
        ("flash BOARD=virtual PORT=/p", "flash --board 'virtual' --port '/p'"),
        ("monitor PORT=/p", "monitor --port '/p'"),
        ("push MODEL=m.safetensors PORT=/p", "push 'm.safetensors' --port '/p'"),
        ("-B .venv/.created PYTHON=python9", "python9"),
    ],
)
def test_variables_arrive(line: str, says: str) -> None:
    stamps = [] if "-B" in line else _STAMPS
    done = _make("--dry-run", *stamps, *line.split())
    assert done.returncode == 0 and says in done.stdout


def test_push_without_a_model_is_2() -> None:
    done = _make(*_STAMPS, "push")
    assert done.returncode == 2 and "MODEL=" in done.stderr


def test_help_is_what_make_alone_does() -> None:
    assert _make().stdout == _make("help").stdout

"""Numbers on the command line: whatever stands there, one line says what is wrong with it."""

import random
import subprocess
from collections.abc import Callable

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]

# Each ends at once with any number: there is no board at /dev/null, and no file at /no/such.
_OPTIONS = (
    "monitor --port /dev/null --rate",
    "monitor --port /dev/null --seconds",
    "virtual --data /no/such.csv --drop",
    "virtual --data /no/such.csv --jitter",
    "convert /no/such.npz -o /tmp/none.safetensors --prune",
    "convert /no/such.npz -o /tmp/none.safetensors --prune-units",
    "convert /no/such.npz -o /tmp/none.safetensors --version",
    "bench --port /dev/null --units",
    "bench --port /dev/null --inputs",
    "train /no/such --seeds",
    "train /no/such --iterations",
    "faults --only lightning --seed",
)
_NUMBERS = (
    *("nan", "-nan", "inf", "-inf", "Infinity", "1e308", "-1e308", "1e400", "1e-400", "-1", "-0"),
    *("9" * 30, "9" * 5000, "0x10", "1_000", "١٢", "", " ", "one", "1;2", "1,5", "\x1b[31m"),
)


@pytest.mark.parametrize("option", _OPTIONS)
def test_a_number_that_is_none_is_told_in_a_line(rivulet: Run, option: str) -> None:
    draw = random.Random(option)
    for number in ("nan", "inf", *draw.sample(_NUMBERS[5:], 2)):
        done = rivulet(*option.split(), number)
        assert done.returncode in (1, 2), (option, number, done)
        assert "Traceback" not in done.stderr and "Warning" not in done.stderr
        said = [
            line for line in done.stderr.splitlines() if line.startswith(("rivulet: ", "Error"))
        ]
        assert len(said) == 1 and "\x1b" not in done.stderr, (option, number, done.stderr)
        if number in ("nan", "inf"):
            assert done.returncode == 2, (option, number)

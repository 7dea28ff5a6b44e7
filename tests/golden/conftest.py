"""Golden tests of the contracts that stay, whatever moves inside the house.

A user, a script or a board in the field depends on these. Each is held in a file of
tests/golden/held that a person can read and diff:

    commands.txt        commands, arguments, options: names, short forms, types, choices, defaults
    make_targets.json   make targets and their variables
    faults.json         names that `rivulet faults --only` takes
    json_*.json         keys and types of every `--json`, of build/faults.json, and of the
                        description that a board gives of itself
    models.json         metadata and tensors of every kind of model file, format rivulet-1;
                        weights.json beside it is what they are converted from, so it holds the
                        names of trained weights as well
    replay_out.csv      OUT.csv of `rivulet replay`, from events.csv, so both forms of CSV
    record.csv          the columns of `rivulet monitor --record`
    names.json          what can be imported, with signatures
    protocol.json       constants of PROTOCOL 4
    wire_open.txt, wire_keyed.txt   whole conversations between host and board, byte for byte

tests/golden/flash is the flash of a board that was set up before: its models, journal, key,
access settings and snapshot, and the main.py that started it. It stays as that firmware left it.

In the tests themselves: exit codes 0, 1, 2 and 130, the environment variables RIVULET_KEY and
MICROPYTHON (PICO_UF2 only as a variable of make), the files that keys are kept in, and the ports
of virtual boards, build/virtual/*/port. NO_COLOR and COLUMNS are the terminal library's.

These tests import what is promised to stay importable and nothing else of the project; they use
it through the command line, files, make and the wire. A change that is meant:

    UPDATE_GOLDEN=1 python -m pytest tests/golden

rewrites the files above whose content changed, and the diff shows what users have to be told.
flash, weights.json and events.csv are never rewritten.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# The command as a user starts it.
COMMAND = Path(sys.executable).with_name("rivulet")
_OURS = ("RIVULET_KEY", "PICO_UF2")


def environment(**changes: object) -> dict[str, str]:
    """This process's environment without what would change an answer, and with `changes`."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    return kept | {name: str(value) for name, value in changes.items()}


@pytest.fixture(scope="session")
def rivulet() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the installed `rivulet`; keyword arguments are environment variables."""

    def run(*arguments: object, **variables: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            env=environment(**variables),
        )

    return run

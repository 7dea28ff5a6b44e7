"""Commands and their options, read from their --help without its wording."""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest

from tests.golden.held import hold

# At the end of an entry: [required], [default: 32; x>=1], [0<=x<=1073741823].
_FACTS = re.compile(r"\[((?:required|default: |\S*[<>]=?)[^]]*)\]$")


def test_commands_and_options(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def helped(*command: str) -> str:
        monkeypatch.setattr(sys, "argv", ["rivulet", *command, "--help"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert not ended.value.code
        return capsys.readouterr().out

    (script,) = {entry.value: entry for entry in entry_points(name="rivulet")}.values()
    main = script.load()
    lines: dict[str, list[str]] = {}
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        command = waiting.pop(0)
        text = helped(*command)
        # Arguments have an order, options have none.
        entries = [*_entries(text, "Arguments"), *sorted(_entries(text, "Options"))]
        lines[" ".join(["rivulet", *command])] = [f"    {_without_wording(e)}" for e in entries]
        waiting += [(*command, entry.split()[0]) for entry in _entries(text, "Commands")]
    text = "\n".join("\n".join([command, *lines[command]]) for command in sorted(lines))
    hold("commands.txt", text + "\n")


def _entries(text: str, section: str) -> Iterator[str]:
    """The entries of one section of a --help, each in one line."""
    found = re.search(rf"^{section}:\n((?:  .*\n)+)", text, re.MULTILINE)
    for entry in re.findall(r"^  \S.*\n(?:   +.*\n)*", found[1] if found else "", re.MULTILINE):
        if not entry.startswith("  --help "):
            # Two spaces and more stand between an entry's name and its wording.
            name, _, wording = entry.strip().replace("\n", "  ").partition("  ")
            yield f"{name}  {' '.join(wording.split())}"


def _without_wording(entry: str) -> str:
    name, _, wording = entry.partition("  ")
    facts = _FACTS.search(wording)
    return f"{name}  {facts[1]}" if facts else name

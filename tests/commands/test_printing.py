"""Text of a board, a file or a person is shown as it is, and commands no terminal."""

import ast
import io
import random
from pathlib import Path

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from host_tools.faults._liar import TEXTS
from host_tools.paths import ROOT
from host_tools.printing import console, note, say
from host_tools.text import escaped, visible

# Programs of their own, and the experiments' files.
_NOT_SHOWN = (
    "on_device",
    "thumb/__main__.py",
    "simulate/emulated/machine.py",
    "faults/_boards.py",
)
_HOMES = ("printing.py", "plain_console.py")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("acc_x [m/s^2]", "acc_x [m/s^2]"),
        ("a[/b]", "a[/b]"),
        (":smile: [red]", ":smile: [red]"),
        ("\x1b]0;x\x07", r"\x1b]0;x\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\x9b\u202e\ud800", r"\x9b\u202e\ud800"),
        ("τ é 軸", "τ é 軸"),
    ],
)
def test_text_is_shown_as_it_is(text: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert escaped(text) == visible(text) == shown
    say(text)
    note(text)
    assert capsys.readouterr() == (f"{shown}\n", f"{shown}\n")
    if text.isprintable():
        file = io.StringIO()
        console(file=file).print(text)
        assert file.getvalue() == f"{shown}\n"


def test_a_line_ends() -> None:
    assert len(visible("x" * 10**6)) == 4000 and visible("x" * 10**6).endswith("…")


def test_no_renderable_commands_the_terminal() -> None:
    """Seeded: texts of any kind in every place of a table and a panel, on a terminal."""
    draw = random.Random(8)
    for _ in range(200):
        a, b, c, d = (draw.choice(TEXTS) for _ in range(4))
        table = Table(title=a, caption=b)
        table.add_column(c)
        table.add_row(d)
        table.add_row(Text(a))
        file = io.StringIO()
        shown = console(file=file, width=100, soft_wrap=draw.random() < 0.5)
        shown.print(Panel(table, title=Text(b), subtitle=Text(c)))
        shown.print(d)
        assert all(each.isprintable() or each == "\n" for each in file.getvalue())


def _modules() -> list[Path]:
    return sorted((ROOT / "host_tools").rglob("*.py"))


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_else_prints_or_writes(path: Path) -> None:
    """Lines pass through host_tools.printing, results through host_tools.files."""
    name = str(path.relative_to(ROOT / "host_tools"))
    if name.startswith(_NOT_SHOWN) or name in _HOMES:
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in ("print", "typer.echo", "Console"), f"{path}:{node.lineno}"
        is_result = not name.startswith(("faults/", "simulate/", "interpreter/", "files.py"))
        if is_result and called.rpartition(".")[2] in ("write_text", "write_bytes", "savefig"):
            home = called.startswith(("files.", "beside.")) or "beside" in ast.unparse(node)
            assert home, f"{path}:{node.lineno} writes without files.py"

"""The rivulet.toml of an example as a project of one's own has it."""

import json
import re
from pathlib import Path

_TABLE = re.compile(r"^\[[^\]\n]+\]", re.MULTILINE)


def own_text(file: Path, board: str | None) -> str:
    """Return the text of an example's rivulet.toml for a copy of it.

    board: the name to put into it, None for the example's own. The model is not named: the copy
    has it in build/, where the trained one will be.
    """
    text = _in_table(
        file.read_text(encoding="utf-8"), "model", r"^file *= *\"[^\"\n]*\"[^\n]*\n?", ""
    )
    if board is not None:
        text = _in_table(text, "board", r"^name *= *\"[^\"\n]*\"", f"name = {json.dumps(board)}")
    return text


def _in_table(text: str, table: str, pattern: str, by: str) -> str:
    """Replace a line of one table of a TOML text."""
    start = text.find(f"[{table}]\n")
    if start < 0:
        return text
    following = _TABLE.search(text, start + 1)
    end = following.start() if following else len(text)
    changed = re.sub(pattern, lambda _: by, text[start:end], count=1, flags=re.MULTILINE)
    return text[:start] + changed + text[end:]

"""Compares what is found with a golden file, or rewrites the file on purpose."""

import difflib
import json
import os
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
UPDATE = bool(os.environ.get("UPDATE_GOLDEN"))


def hold(name: str, found: object) -> None:
    """Assert that `found` is what tests/golden/held/`name` says: a text, or JSON of anything else.

    Where UPDATE_GOLDEN is set, write the file instead.
    """
    path = HERE / "held" / name
    text = found if isinstance(found, str) else _readable(found)
    if UPDATE:
        path.write_text(text, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8").splitlines()
    changed = list(difflib.unified_diff(kept, text.splitlines(), name, "found", lineterm=""))
    assert not changed, "\n".join(["UPDATE_GOLDEN=1 accepts this change:", *changed])


def kept(name: str) -> Any:
    """The content of a golden JSON file."""
    return json.loads((HERE / "held" / name).read_text(encoding="utf-8"))


def _readable(found: object) -> str:
    """JSON whose short lists stand in one line."""
    text = json.dumps(found, indent=2, sort_keys=True) + "\n"
    return re.sub(r"\[\s+([^][{}]*?)\s+\]", lambda row: f"[{' '.join(row[1].split())}]", text)


def types_of(value: object) -> object:
    """The keys of a JSON value and the types of what they hold.

    A list becomes a list of the one type that all its elements have, or nothing if it is empty.
    """
    if isinstance(value, dict):
        return {key: types_of(each) for key, each in value.items()}
    if not isinstance(value, list):
        return type(value).__name__
    found: list[object] = []
    for each in map(types_of, value):
        if each not in found:
            found.append(each)
    if all(isinstance(each, dict) for each in found) and found:
        return [{key: each[key] for each in found for key in each}]
    return found

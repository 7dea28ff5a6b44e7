"""The label of the events that come: fixed, or set by keys while a recording runs."""

from dataclasses import dataclass, field

from host_tools.errors import RivuletError
from host_tools.text import visible

# The key that takes the label away.
CLEAR = " "


@dataclass
class Labels:
    """keys: key -> label. current: the label of the next event, empty: none.

    said: what the last key did, in words.
    """

    keys: dict[str, str] = field(default_factory=dict)
    current: str = ""
    said: str = ""

    @property
    def are_kept(self) -> bool:
        """Whether the recording has a column of labels."""
        return bool(self.keys or self.current)

    def press(self, key: str) -> None:
        """Let a key set the label; the space bar takes it away; others change nothing."""
        if key in self.keys:
            self.current = self.keys[key]
            self.said = ""
        elif key == CLEAR:
            self.current = ""
            self.said = ""
        else:
            self.said = f"no label has the key {visible(repr(key))}: ignored"

    def legend(self) -> str:
        """Return which key sets which label; empty without keys."""
        if not self.keys:
            return ""
        return "  ".join(f"{key} = {label}" for key, label in self.keys.items()) + "  space = none"


def parse_label(text: str, option: str) -> str:
    """Return a label as a recording can hold it. Raises RivuletError."""
    label = text.strip()
    if not label or not label.isprintable():
        raise RivuletError(f"{option}: a label is one line of text, not {visible(repr(text))}")
    return label


def parse_keys(text: str) -> dict[str, str]:
    """Return key -> label of `1=normal,2=worn`. Raises RivuletError."""
    keys: dict[str, str] = {}
    for part in text.split(","):
        key, sign, label = part.partition("=")
        key = key.strip()
        if not sign or len(key) != 1 or not key.isprintable():
            raise RivuletError(
                f"--keys: {visible(repr(part.strip()))} is no key and label: write for example "
                "1=normal,2=worn"
            )
        if key in keys:
            raise RivuletError(f"--keys: the key {key} has two labels")
        keys[key] = parse_label(label, "--keys")
    return keys

"""Makes text of a board, a file or a person fit to be shown."""

# Longer lines are cut: no line of Rivulet's own comes near.
_LONGEST = 4000


def escaped(text: object) -> str:
    """Return the text with every character that does not print as its escape: \\x1b, \\n."""
    text = str(text)
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in text
    )


def visible(text: object) -> str:
    """Return the text as one line to show: escaped, and cut if it is endless."""
    shown = escaped(text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"

"""Makes text of a board, a file or a person fit to be shown."""

# Longer lines are cut: no line of Rivulet's own comes near.
_LONGEST = 4000


def visible(text: object) -> str:
    """Return the text in one line, every character that does not print as its escape: \\x1b."""
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode("ascii")
        for each in str(text)
    )
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"

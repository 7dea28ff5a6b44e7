"""Spans of time for a person."""


def span_text(us: float) -> str:
    """Return an interval in a unit that suits it."""
    for unit, factor, least in (
        ("d", 86400e6, 3),
        ("h", 3600e6, 3),
        ("s", 1e6, 1),
        ("ms", 1e3, 1),
    ):
        if us >= least * factor:
            return f"{us / factor:.5g} {unit}"
    return f"{us:.5g} us"

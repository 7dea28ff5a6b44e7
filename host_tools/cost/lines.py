"""Estimates as lines of text."""

from collections.abc import Sequence

from host_tools.cost.estimate import Estimate, kilobytes
from host_tools.data.summary import aligned

HEAD = ("board", "an event", "events a second", "RAM", "flash", "")


def estimate_rows(found: Sequence[Estimate]) -> list[list[str]]:
    """Return a row of cells for each board, in the order of HEAD; ~ marks an estimate."""
    return [
        [
            each.board,
            ("~" if each.estimated else "") + microseconds(each.event_us),
            ("~" if each.estimated else "") + f"{each.events_per_s:,.0f}",
            f"{kilobytes(each.ram_bytes)} of {kilobytes(each.ram_free_bytes)}",
            f"{kilobytes(each.flash_bytes)} of {kilobytes(each.flash_free_bytes)}",
            "fits" if each.fits else "does not fit",
        ]
        for each in found
    ]


def estimate_lines(found: Sequence[Estimate]) -> list[str]:
    """Return the table, where each row comes from, and why a model does not fit."""
    lines = aligned([list(HEAD), *estimate_rows(found)], left=1)
    return lines + basis_lines(found)


def basis_lines(found: Sequence[Estimate]) -> list[str]:
    """Return where the figures come from, and why a model does not fit."""
    boards: dict[str, list[str]] = {}
    for each in found:
        boards.setdefault(each.basis, []).append(each.board)
    lines = [f"{', '.join(names)}: {basis}" for basis, names in boards.items()]
    for each in found:
        lines += [f"{each.board}: does not fit: {problem}" for problem in each.problems]
    return lines


def microseconds(value: float) -> str:
    """Return a time as text."""
    return f"{value / 1000:.3g} ms" if value >= 10_000 else f"{value:.0f} µs"

"""Tables and figures as Markdown."""

from collections.abc import Sequence

import numpy as np


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first row is its head and whose first column is aligned left."""
    marked = [rows[0], ["---"] + ["---:"] * (len(rows[0]) - 1), *rows[1:]]
    return "".join(f"| {' | '.join(row)} |\n" for row in marked)


def spread(values: Sequence[float]) -> str:
    """Return mean ± standard deviation; a single value has none."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    return f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"

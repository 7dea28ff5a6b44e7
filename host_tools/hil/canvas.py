"""Lines drawn in braille characters, each of which has 2 by 4 dots."""

# Unicode's numbering of a braille character's dots, by column and row.
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


class Canvas:
    """A drawing of `width` by `height` characters; x runs right from -1 to 1, y up from 0 to 1."""

    def __init__(self, width: int, height: int) -> None:
        self._columns, self._rows = 2 * width, 4 * height
        self._cells = [[0] * width for _ in range(height)]
        # How much y a unit of x is, where dots are as far apart in both directions.
        self.aspect = self._columns / 2 / self._rows

    def line(self, x0: float, y0: float, x1: float, y1: float) -> None:
        """Draw a line between two points; what lies outside is cut off."""
        steps = max(
            1,
            round(abs(x1 - x0) * self._columns / 2),
            round(abs(y1 - y0) * self._rows),
        )
        for step in range(min(steps, 4 * self._columns) + 1):
            share = step / steps
            self._dot(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)

    def text(self) -> str:
        """Return the drawing, a line for each row of characters."""
        return "\n".join("".join(chr(_BLANK + cell) for cell in row) for row in self._cells)

    def _dot(self, x: float, y: float) -> None:
        column = round((x + 1) / 2 * (self._columns - 1))
        row = round((1 - y) * (self._rows - 1))
        if 0 <= column < self._columns and 0 <= row < self._rows:
            self._cells[row // 4][column // 2] |= _DOTS[column % 2][row % 4]

"""CSV and its relatives as a table."""

from host_tools.data.importing.cells import PLAIN
from host_tools.data.importing.dates import looks_like_date
from host_tools.data.importing.dialect import DELIMITER_NAMES, decode, find, rows
from host_tools.data.importing.options import Options
from host_tools.data.importing.table import Column, Left, NotATable, Table
from host_tools.errors import RivuletError

_LONGEST_UNIT = 16


def read_text(data: bytes, source: str, place: str, options: Options) -> Table:
    """Read a text file. Raises RivuletError, with what is open or with the line."""
    text, encoding = decode(data, source)
    dialect = find(text, source, options.delimiter, len(options.columns))
    names = list(options.columns)
    columns: list[list[str]] = []
    lines: list[int] = []
    left: list[Left] = []
    unit_row: list[str] = []
    for index, row in enumerate(rows(text, dialect.delimiter, source)):
        if not names:
            if index < dialect.header:
                left.append(Left(row.line, "it stands before the header"))
                continue
            names = row.cells
            # A delimiter at the end of every line names no column.
            while names and not names[-1]:
                names.pop()
            _check_names(source, row.line, names)
            continue
        if not columns:
            columns = [[] for _ in names]
        cells = row.cells
        while len(cells) > len(names) and not cells[-1]:
            cells.pop()
        if len(cells) != len(names):
            comma = " (a decimal comma?)" if dialect.delimiter == "," else ""
            left.append(Left(row.line, f"{len(cells)} cells, not {len(names)}" + comma))
        elif not lines and not unit_row and _units(cells) and not options.columns:
            unit_row = cells
        else:
            lines.append(row.line)
            for column, cell in zip(columns, cells, strict=True):
                column.append(cell)
    if not lines:
        first = f"; line {left[-1].line}: {left[-1].reason}" if left else ""
        raise NotATable(f"{source}: holds no rows{first}")
    table = Table(
        source,
        place,
        f"columns separated by {DELIMITER_NAMES.get(dialect.delimiter, repr(dialect.delimiter))}, "
        f"{encoding}",
        [Column(name, cells) for name, cells in zip(names, columns, strict=True)],
        lines,
        left,
    )
    if unit_row:
        table.notes.append("the row below the header holds units")
        for made, unit in zip(table.columns, unit_row, strict=True):
            made.unit = unit.strip("[]() ")
    return table


def _check_names(source: str, line: int, names: list[str]) -> None:
    for name in names:
        if name and names.count(name) > 1:
            raise RivuletError(
                f"{source}, line {line}: two columns are called '{name}': name all with --columns "
                "(the header is then left out as a row)"
            )


def _units(cells: list[str]) -> bool:
    """Return whether a row holds units: short texts without a number or a date."""
    filled = [cell for cell in cells if cell]
    return len(filled) * 2 > len(cells) and all(
        len(cell) <= _LONGEST_UNIT
        and not PLAIN.fullmatch(cell)
        and not looks_like_date(cell)
        and not cell[0].isdigit()
        and cell.lower() not in ("nan", "null", "true", "false")
        for cell in filled
    )

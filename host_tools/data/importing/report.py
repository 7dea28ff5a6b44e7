"""What an import did, as lines."""

from host_tools.data.importing.roles import Roles
from host_tools.data.importing.run import Outcome, SeriesReport
from host_tools.data.importing.table import Left, Table
from host_tools.data.importing.together import TableReport
from host_tools.data.spans import span_text
from host_tools.data.summary import aligned, channel_lines, count_lines, duration_us

# Of lines of one kind. A folder may hold thousands of files.
_MOST = 20


def report_lines(outcome: Outcome) -> list[str]:
    """Return the report of an import."""
    lines = _layouts(outcome.tables)
    lines += _first(outcome.notes)
    lines += _rows(outcome.tables)
    lines += _orders(outcome)
    recordings = [recording for _, recording in outcome.recordings]
    lines += ["", *channel_lines(recordings), *count_lines(recordings), ""]
    made = []
    for path, recording in outcome.recordings:
        zero = recording.description.time_zero_utc
        begin = f", from {zero}" if zero else ""
        seconds = span_text(duration_us(recording))
        made.append(f"{path}: {len(recording.t_us)} events, {seconds}{begin}")
    lines += _first(made)
    if len(made) > 1:
        events = sum(len(recording.t_us) for recording in recordings)
        lines.append(f"{len(made)} recordings, {events} events")
    return lines


def _first(lines: list[str]) -> list[str]:
    rest = len(lines) - _MOST
    return lines if rest <= 0 else [*lines[:_MOST], f"... and {rest} more"]


def _layouts(reports: list[TableReport]) -> list[str]:
    """Return what each column was taken for, once for files that are laid out alike."""
    alike: dict[tuple[str, ...], list[Table]] = {}
    for report in reports:
        key = (report.table.form, *_columns(report.table, report.roles))
        alike.setdefault(key, []).append(report.table)
    lines = []
    for (form, *columns), tables in alike.items():
        more = f" and {len(tables) - 1} more" if len(tables) > 1 else ""
        lines += [f"{tables[0].source}{more}: {form}", *columns]
    return lines


def _columns(table: Table, roles: Roles) -> list[str]:
    taken: dict[int, str] = {id(roles.time): f"time, {roles.times.text}"}
    taken |= {id(column): f"left out: {why}" for column, why in roles.dropped}
    for channel in roles.channels:
        unit = f" in {channel.unit}" if channel.unit else ", no unit"
        taken[id(channel.column)] = f"channel {channel.name}{unit}"
    for column, what in ((roles.label, "label"), (roles.group, "group")):
        if column is not None:
            taken[id(column)] = what
    columns = table.columns
    if not any(column is roles.time for column in columns):
        columns = [roles.time, *columns]
    rows = [["", column.name or "(no name)", taken[id(column)]] for column in columns]
    lines = aligned(rows, left=3)
    if table.label:
        lines.append(f"  label {table.label_from}")
    return lines


def _rows(reports: list[TableReport]) -> list[str]:
    kept = sum(report.kept for report in reports)
    left = [(report.table.source, each) for report in reports for each in report.left]
    several = len(reports) > 1
    lines = [
        f"{report.table.source}: {note}" if several else note
        for report in reports
        for note in report.notes
    ]
    lines = _first(lines)
    lines.append(f"rows: {kept} kept, {len(left)} left out")
    lines += _first([f"  {_where(source if several else '', each)}" for source, each in left])
    return lines


def _where(source: str, left: Left) -> str:
    return f"{source}, line {left.line}: {left.reason}".removeprefix(", ")


def _orders(outcome: Outcome) -> list[str]:
    orders = [report.order for report in outcome.series]
    lines = []
    equal = sum(order.equal for order in orders)
    if equal:
        identical = sum(order.identical for order in orders)
        lines.append(
            f"equal times: {equal} rows have the time of the row before, {identical} of them its "
            "values as well; all are kept"
        )
    late = [report for report in outcome.series if report.order.late]
    if late:
        lines.append(_late(late, outcome))
    several = len(outcome.series) > 1
    lines += _first(
        [
            f"{report.source}, {text}" if several else text
            for report in outcome.series
            for text in report.order.cuts
        ]
    )
    return lines


def _late(late: list[SeriesReport], outcome: Outcome) -> str:
    count = sum(report.order.late for report in late)
    first = f"the first is {late[0].source}, {late[0].order.first_late}"
    if outcome.sorted:
        return f"out of order: {count} rows, now sorted; {first}"
    return (
        f"out of order: {count} rows go back in time and stay where they are; {first}; "
        "--sort sorts them"
    )

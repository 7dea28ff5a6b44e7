"""`rivulet import`."""

from pathlib import Path
from typing import Annotated

import typer

from host_tools.choices import Decimals, TimeUnit
from host_tools.printing import say


def import_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="CSV, Parquet, ULog, Edge Impulse's JSON, or folders, zip and tar files of these."
        ),
    ],
    time: Annotated[str | None, typer.Option(help="The column that holds the time.")] = None,
    unit: Annotated[
        TimeUnit | None,
        typer.Option(
            help="Unit of the time; iso: dates; dmy, mdy: dates with the day or the month first."
        ),
    ] = None,
    label: Annotated[str | None, typer.Option(help="The column that holds the class.")] = None,
    label_from_name: Annotated[
        str | None,
        typer.Option(
            help="Regular expression: its group in the file's path, without suffix, is the class.",
            metavar="REGEX",
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(help="The column of what must not be split, such as persons or machines."),
    ] = None,
    group_from_name: Annotated[
        str | None,
        typer.Option(help="As --label-from-name, for the group.", metavar="REGEX"),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(help="Names of the columns if the file has no header.", metavar="NAME,..."),
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out. May be repeated.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option(help="Names of the labels, such as 1=bed,2=chair.", metavar="LABEL=NAME,..."),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(
            help="Name and unit of a column's channel, such as 'acc_x [m/s^2]=accel_x'. May be "
            "repeated.",
            metavar="COLUMN=NAME",
        ),
    ] = None,
    sort: Annotated[bool, typer.Option("--sort", help="Sort the rows by time.")] = False,
    gap: Annotated[
        float, typer.Option(help="Seconds without rows that begin a new recording; 0: never.")
    ] = 3600.0,
    merge: Annotated[
        bool | None,
        typer.Option(
            "--merge/--no-merge", help="The files are sensors of one recording, or one each."
        ),
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What separates columns, such as ';', tab or space.")
    ] = None,
    decimal: Annotated[
        Decimals | None, typer.Option(help="The decimal mark of the numbers.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("recordings"),
    parquet: Annotated[bool, typer.Option("--parquet", help="Write Parquet, not CSV.")] = False,
) -> None:
    """Make recordings of log files: CSV, spreadsheets, phones, flight logs."""
    from host_tools.data.importing import options as given
    from host_tools.data.importing.report import report_lines
    from host_tools.data.importing.run import run

    options = given.Options(
        time=time or "",
        unit=unit,
        label=label or "",
        group=group or "",
        label_from_name=given.read_pattern("--label-from-name", label_from_name),
        group_from_name=given.read_pattern("--group-from-name", group_from_name),
        columns=given.read_columns(columns),
        drop=tuple(drop or ()),
        classes=given.read_classes(classes),
        channels=given.read_channels(channel or []),
        sort=sort,
        gap_us=given.read_gap(gap),
        delimiter=given.read_delimiter(delimiter),
        decimal=decimal,
        merge=merge,
    )
    for line in report_lines(run(files, options, out, ".parquet" if parquet else ".csv")):
        say(line)

"""The choices of command line options, apart from the rooms so that `--help` is quick."""

from enum import StrEnum


class Dtype(StrEnum):
    float32 = "float32"
    int8 = "int8"


class Runtime(StrEnum):
    micropython = "micropython"
    numpy = "numpy"


class Late(StrEnum):
    refuse = "refuse"
    drop = "drop"


class Reading(StrEnum):
    open = "open"
    closed = "closed"


class TimeUnit(StrEnum):
    s = "s"
    ms = "ms"
    us = "us"
    ns = "ns"
    iso = "iso"
    # Dates whose numbers do not say which is the day: 3/4/2026.
    dmy = "dmy"
    mdy = "mdy"


class Decimals(StrEnum):
    point = "point"
    comma = "comma"

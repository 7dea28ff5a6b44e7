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

"""A model file becomes a running model."""

from rivulet.errors import ModelError  # noqa: F401
from rivulet.model.header import (  # noqa: F401
    ADAPTING,
    CONVENTIONS,
    FORMAT,
    FORMAT_2,
    OUTPUT_KINDS,
    READOUT,
    READOUTS,
    SETTINGS,
    SIGNATURE,
    check,
    check_settings,
    read_header,
)
from rivulet.model.running import Model, load  # noqa: F401

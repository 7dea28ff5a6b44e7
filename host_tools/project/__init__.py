"""What a person's machine consists of: rivulet.toml, read, checked and made into rig.py."""

from host_tools.project.load import (
    Examination,
    default_file,
    examine,
    find_project,
    load,
    load_default,
    model_of,
    need_sensors,
)
from host_tools.project.parts import Bus, Channel, Project, RigActuator, RigSensor
from host_tools.project.recording_files import recording_files

__all__ = [
    "Bus",
    "Channel",
    "Examination",
    "Project",
    "RigActuator",
    "RigSensor",
    "default_file",
    "examine",
    "find_project",
    "load",
    "load_default",
    "model_of",
    "need_sensors",
    "recording_files",
]

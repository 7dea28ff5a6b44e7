"""docs/project.md: its example is a project, and it names every key."""

import re

import pytest

from host_tools.paths import DOCS
from host_tools.project import examine
from host_tools.project.read import json_schema

PAGE = (DOCS / "project.md").read_text(encoding="utf-8")


def test_the_example_is_a_project(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "rivulet.toml").write_text(example)
    found = examine(tmp_path / "rivulet.toml")
    assert found.problems == []
    assert list(found.project.sensors) == ["sonar", "imu"]


@pytest.mark.parametrize(
    "table",
    [
        *("SensorTable", "ActuatorTable", "BoardTable", "DataTable", "ModelTable", "TrainTable"),
        "PlantTable",
    ],
)
def test_every_key_stands_on_the_page(table):
    for key in json_schema()["$defs"][table]["properties"]:
        assert f"`{key}`" in PAGE, key


def test_every_key_of_a_bus_stands_on_the_page():
    for key in json_schema()["$defs"]["BusTable"]["properties"]:
        assert re.search(rf"\b{key} = ", PAGE), key

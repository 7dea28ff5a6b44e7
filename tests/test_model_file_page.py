"""docs/model-files.md names every key that the validator knows, and no other."""

import re

from host_tools.convert.model_file import _DEFAULTS, _OPTIONAL
from host_tools.paths import ROOT
from rivulet.model import SETTINGS, kinds


def test_every_key_of_the_metadata_is_on_the_page() -> None:
    page = (ROOT / "docs" / "model-files.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", page))
    keys = {row[0] for row in kinds._KINDS} | set(SETTINGS) | _DEFAULTS.keys() | set(_OPTIONAL)
    assert keys <= named, keys - named

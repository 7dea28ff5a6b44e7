"""docs/from-ncps.md, run as it is written."""

from pathlib import Path

import pytest

from host_tools.paths import DOCS
from tests.page import Page

pytest.importorskip("torch", reason="needs PyTorch")
pytest.importorskip("ncps", reason="needs ncps")


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("micropython")  # else the first command also says that it obtains one
def test_the_page_works(tmp_path: Path) -> None:
    ran = Page(DOCS / "from-ncps.md", tmp_path).run()
    assert [line.split()[1] for line in ran if line.startswith("rivulet")] == [
        "show",
        "convert",
        "convert",
        "replay",
        "virtual",
        "push",
        "status",
    ]
    made, same = (tmp_path / "pump" / f"{name}.safetensors" for name in ("model", "same"))
    assert _weights(made) == _weights(same)


def _weights(path: Path) -> bytes:
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little") :]

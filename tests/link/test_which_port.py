"""Which port a command takes."""

from pathlib import Path

import pytest

from host_tools.errors import PortUnusable
from host_tools.link import ports


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The ports that are there now; virtual boards keep theirs in a folder for this test."""
    found: list[str] = []
    monkeypatch.setattr(ports, "VIRTUAL_PORTS", tmp_path / "virtual")
    monkeypatch.setattr(ports, "candidates", lambda: found)
    return found


def test_the_only_board_is_taken(there: list[str], tmp_path: Path) -> None:
    with pytest.raises(PortUnusable, match="no board found: plug one in, or start one with"):
        ports.resolve(None)
    there.append("/dev/ttyACM0")
    assert ports.resolve(None) == "/dev/ttyACM0"
    assert ports.resolve(None, tmp_path / "pump" / "rivulet.toml") == "/dev/ttyACM0"


def test_a_projects_virtual_board_is_taken_among_several(there: list[str], tmp_path: Path) -> None:
    file = tmp_path / "pump" / "rivulet.toml"
    own = str(ports.virtual_folder(file) / "port")
    assert own.startswith(str(tmp_path / "virtual" / "pump-"))
    there += [str(tmp_path / "virtual" / "fan-123456" / "port"), own]
    assert ports.resolve(None, file) == own
    for other in (None, tmp_path / "copy" / "pump" / "rivulet.toml"):
        with pytest.raises(PortUnusable, match="more than one board: choose with --port. Ports"):
            ports.resolve(None, other)


def test_beside_a_board_on_a_cable_it_has_to_be_named(there: list[str], tmp_path: Path) -> None:
    file = tmp_path / "pump" / "rivulet.toml"
    there += ["/dev/ttyACM0", str(ports.virtual_folder(file) / "port")]
    with pytest.raises(PortUnusable, match="more than one board"):
        ports.resolve(None, file)

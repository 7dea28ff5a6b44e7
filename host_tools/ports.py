"""Which serial ports there are, and which one is meant when none was named."""

from pathlib import Path

from serial.tools import list_ports

from host_tools.errors import RivuletError
from host_tools.paths import BUILD

# Every virtual board that is switched on has its port here, as a link.
VIRTUAL_PORTS = BUILD / "virtual"


def candidates() -> list[str]:
    """USB serial ports and virtual boards that are there now."""
    usb = [port.device for port in list_ports.comports() if port.vid is not None]
    virtual = [str(link) for link in sorted(VIRTUAL_PORTS.glob("*/port")) if link.exists()]
    return usb + virtual


def resolve(port: str | None) -> str:
    """The named port, or the only one there is. Raises RivuletError."""
    if port is not None:
        if not Path(port).exists() and not port.upper().startswith("COM"):
            raise RivuletError(f"no port {port}: is the board plugged in? {_listing()}")
        return port
    found = candidates()
    if len(found) == 1:
        return found[0]
    if not found:
        raise RivuletError("no board found: plug one in, or start one with 'rivulet virtual'")
    raise RivuletError(f"more than one board: choose with --port. {_listing()}")


def _listing() -> str:
    found = candidates()
    return f"Ports here: {', '.join(found)}" if found else "No ports are here now"

"""Which serial ports there are, and which one is meant when none was named."""

import errno
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


def unusable_port(port: str, error: OSError | ValueError) -> RivuletError:
    """What to tell when pyserial fails to open `port` with `error`."""
    code = getattr(error, "errno", None)
    text = str(error)
    # On Windows pyserial quotes the system's exception and sets no errno.
    if code == errno.ENOENT or "FileNotFound" in text:
        present = ", ".join(candidates()) or "none: plug the board in with a data cable"
        return RivuletError(f"there is no port {port}; ports here: {present}")
    if code == errno.EACCES:
        return RivuletError(
            f"you may not open {port}: join the group that owns it (often: sudo usermod -aG "
            "dialout $USER) and log in again"
        )
    if code in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in text:
        return RivuletError(f"{port} is in use: close the program that holds it")
    return RivuletError(f"{port} is not a usable serial port: {text}")


def _listing() -> str:
    found = candidates()
    return f"Ports here: {', '.join(found)}" if found else "No ports are here now"

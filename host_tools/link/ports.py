"""Ports of boards: which there are, which one is meant, and why one cannot be opened."""

import contextlib
import errno
import hashlib
import os
from pathlib import Path

import serial
from serial.tools import list_ports

from host_tools.errors import PortUnusable
from host_tools.paths import BUILD

# Every virtual board that is switched on has its port here, as a link.
VIRTUAL_PORTS = BUILD / "virtual"


def virtual_folder(project_file: Path) -> Path:
    """Return the folder of the virtual board that belongs to a project."""
    file = project_file.resolve()
    # Two projects whose folders have one name are two boards.
    mark = hashlib.sha256(str(file).encode()).hexdigest()[:6]
    return VIRTUAL_PORTS / f"{file.parent.name or 'project'}-{mark}"


def candidates() -> list[str]:
    """Return the USB serial ports and virtual boards that are there now."""
    usb = [port.device for port in list_ports.comports() if port.vid is not None]
    virtual = [str(link) for link in sorted(VIRTUAL_PORTS.glob("*/port")) if link.exists()]
    return usb + virtual


def is_socket(port: str) -> bool:
    """Whether the port is reached by TCP: socket://HOST:PORT."""
    return port.startswith("socket://")


def resolve(port: str | None, project_file: Path | None = None) -> str:
    """Return the named port, or the only one there is. Raises PortUnusable.

    project_file: of the project that the command is about. Its virtual board is taken among
    several, as long as no other one is a board on a cable.
    """
    if port is not None:
        if not (is_socket(port) or port.upper().startswith("COM") or Path(port).exists()):
            raise PortUnusable(f"no port {port}: is the board plugged in? {_listing()}")
        return port
    found = candidates()
    if len(found) == 1:
        return found[0]
    if project_file is not None:
        own = str(virtual_folder(project_file) / "port")
        if own in found and all(each.startswith(str(VIRTUAL_PORTS)) for each in found):
            return own
    if not found:
        raise PortUnusable("no board found: plug one in, or start one with 'rivulet virtual'")
    raise PortUnusable(f"more than one board: choose with --port. {_listing()}")


def unusable_port(port: str, error: OSError | ValueError) -> PortUnusable:
    """Return the error to raise when pyserial fails to open `port` with `error`."""
    code = getattr(error, "errno", None)
    text = str(error)
    # On Windows pyserial quotes the system's exception and sets no errno.
    if code == errno.ENOENT or "FileNotFound" in text:
        present = ", ".join(candidates()) or "none: plug the board in with a data cable"
        return PortUnusable(f"there is no port {port}; ports here: {present}")
    if code == errno.EACCES:
        return PortUnusable(
            f"you may not open {port}: join the group that owns it (often: sudo usermod -aG "
            "dialout $USER) and log in again"
        )
    if code in (errno.EAGAIN, errno.EBUSY) or "PermissionError" in text:
        return PortUnusable(f"{port} is in use: close the program that holds it")
    return PortUnusable(f"{port} is not a usable serial port: {text}")


def unlock(port: serial.SerialBase) -> None:
    """Let go of the lock on an open port, which is about to be closed.

    The lock ends by itself only when every copy of the port's descriptor is closed. A process
    that this one is starting in another thread has copies of all of them for a moment, and the
    next program to open the port would be told that it is in use.
    """
    if os.name == "posix":  # elsewhere nothing is inherited
        import fcntl

        # A port behind TCP has no lock.
        with contextlib.suppress(OSError):
            fcntl.flock(port.fileno(), fcntl.LOCK_UN)


def _listing() -> str:
    found = candidates()
    return f"Ports here: {', '.join(found)}" if found else "No ports are here now"

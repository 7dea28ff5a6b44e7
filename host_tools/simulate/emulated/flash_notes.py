"""Notes of what a program does to the emulated flash, from which any moment of it can be made."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "flash.notes"
# kind, address, size; then the bytes that were programmed.
_HEAD = "<BII"
_PROGRAM, _ERASE = ord("p"), ord("e")


@dataclass(frozen=True)
class Note:
    """One operation: `data` is what it programs; None: it erases `size` bytes to ones."""

    address: int
    size: int
    data: bytes | None


def attach(mcu: Any, path: Path) -> None:
    """Append every operation of the chip's flash to the file at `path`."""
    from rp2040py.peripherals import ssi as chip

    ssi = mcu.ssi
    apply = ssi._apply_command
    erased = {
        chip.CMD_SECTOR_ERASE: chip.FLASH_SECTOR_SIZE,
        chip.CMD_BLOCK_ERASE: chip.FLASH_BLOCK_SIZE,
    }
    file = path.open("ab", buffering=0)

    def noted() -> None:
        command, enabled = bytes(ssi._tx_buffer), ssi._write_enabled
        apply()
        if not enabled or len(command) < 4:
            return
        address = int.from_bytes(command[1:4], "big")
        if command[0] in erased:
            size = erased[command[0]]
            file.write(struct.pack(_HEAD, _ERASE, address & ~(size - 1), size))
        elif command[0] == chip.CMD_PAGE_PROGRAM and len(command) > 4:
            data = command[4 : 4 + chip.FLASH_PAGE_SIZE]
            file.write(struct.pack(_HEAD, _PROGRAM, address, len(data)) + data)

    ssi._apply_command = noted


def read(path: Path) -> Iterator[Note]:
    content = path.read_bytes()
    at = 0
    head = struct.calcsize(_HEAD)
    while at < len(content):
        kind, address, size = struct.unpack_from(_HEAD, content, at)
        at += head
        if kind == _ERASE:
            yield Note(address, size, None)
        else:
            yield Note(address, size, content[at : at + size])
            at += size


def apply(note: Note, flash: bytearray, share: int) -> None:
    """Do the first `share` bytes of an operation to a flash's content."""
    end = note.address + share
    if note.data is None:
        flash[note.address : end] = b"\xff" * share
    else:
        old = flash[note.address : end]
        # Programming only clears bits.
        flash[note.address : end] = bytes(a & b for a, b in zip(old, note.data, strict=False))

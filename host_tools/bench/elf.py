"""Reads a program that was linked for a Cortex-M: an ELF file, 32 bits, little-endian."""

import struct
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import RivuletError

_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")
_SECTION = struct.Struct("<10I")
_SYMBOL = struct.Struct("<IIIBBH")
_ARM, _EXECUTABLE = 40, 2
_SYMBOLS, _NO_BITS = 2, 8
_WRITABLE, _ALLOCATED = 1, 2


@dataclass(frozen=True)
class Program:
    """A linked program.

    parts: (address, bytes) of what has contents. symbols: address by name, without the Thumb bit.
    flash: bytes of code and constants, and of the initial values of variables. ram: bytes of
    variables. compiler: what the compiler says of itself, or "".
    """

    parts: tuple[tuple[int, bytes], ...]
    symbols: dict[str, int]
    flash: int
    ram: int
    compiler: str


def read(path: Path) -> Program:
    """Raises RivuletError if the file is no such program."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RivuletError(f"cannot read {path}: {error.strerror}") from None
    try:
        return _parsed(data)
    except (IndexError, UnicodeDecodeError, ValueError, struct.error):
        raise RivuletError(
            f"{path} is no linked program for ARM: an executable ELF file of 32 bits is needed"
        ) from None


def _parsed(data: bytes) -> Program:
    magic, kind, machine, *_, table, _, _, _, _, _, count, names_at = _HEADER.unpack_from(data)
    if magic[:6] != b"\x7fELF\x01\x01" or (kind, machine) != (_EXECUTABLE, _ARM):
        raise ValueError("not an ELF file for ARM")
    sections = [_SECTION.unpack_from(data, table + i * _SECTION.size) for i in range(count)]
    names = _contents(data, sections[names_at])
    parts, symbols, compiler = [], {}, ""
    flash = ram = 0
    for section in sections:
        name, section_kind, flags, address, _, size, link, *_ = section
        if flags & _ALLOCATED and size:
            empty = section_kind == _NO_BITS
            ram += size if flags & _WRITABLE else 0
            flash += 0 if empty else size
            parts.append((address, bytes(size) if empty else _contents(data, section)))
        elif section_kind == _SYMBOLS:
            symbols = _symbols(_contents(data, section), _contents(data, sections[link]))
        elif _text(names, name) == ".comment":
            compiler = _contents(data, section).split(b"\0")[0].decode()
    return Program(tuple(parts), symbols, flash, ram, compiler)


def _contents(data: bytes, section: tuple[int, ...]) -> bytes:
    at, size = section[4:6]
    if at + size > len(data):
        raise ValueError("the file is cut off")
    return data[at : at + size]


def _symbols(table: bytes, names: bytes) -> dict[str, int]:
    found = {}
    for name, value, _, info, _, section in _SYMBOL.iter_unpack(table):
        if section and info >> 4:  # defined, and not local
            found[_text(names, name)] = value & ~1 if info & 15 == 2 else value
    return found


def _text(names: bytes, at: int) -> str:
    return names[at : names.index(b"\0", at)].decode()

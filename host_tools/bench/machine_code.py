"""The machine code of the functions that a module has in Thumb assembler."""

from pathlib import Path

from host_tools.deploy.mpy import compile_module

# What MicroPython's assembler puts around a function: push and pop of r1, r4-r7 and lr or pc.
_ENTRY, _EXIT = b"\xf2\xb5", b"\xf2\xbd"


def machine_code(source: Path, arch: str) -> list[bytes]:
    """Return the code of the module's @micropython.asm_thumb functions, in their order."""
    module = compile_module(source, arch, source.name)
    code = []
    at = module.index(_ENTRY)
    while at >= 0:
        following = module.find(_ENTRY, at + 1)
        end = module.rindex(_EXIT, at, following if following > 0 else len(module))
        code.append(module[at : end + len(_EXIT)])
        at = following
    return code

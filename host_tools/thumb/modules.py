"""The generated modules, and the recipe of each."""

from pathlib import Path

from host_tools.paths import FIRMWARE, ROOT, THUMB, need_checkout
from host_tools.thumb.function import module
from host_tools.thumb.source import Macro, documentation, read

_RIVULET = FIRMWARE / "rivulet"
_INTEGERS = _RIVULET / "integers"
_COMMAND = "python -m host_tools.thumb"
_RECIPES = {
    name: _INTEGERS / f"{name}_thumb.py"
    for name in ("apply", "average", "cascade", "cfc", "decay", "layers", "ltc")
} | {name: _INTEGERS / f"{name}.py" for name in ("decay_dsp", "layers_dsp")}
_RECIPES |= {name: _RIVULET / "arrays" / f"{name}.py" for name in ("dot_fpu", "blend_fpu")}
_RECIPES["decay_fpu"] = _RIVULET / "cells" / "decay_fpu.py"


def modules() -> dict[Path, str]:
    """Return the current text of every module by its path. Raises RivuletError."""
    need_checkout("writing the Thumb modules")
    macros: dict[str, Macro] = {}
    for path in sorted(THUMB.glob("fragments/*.s")):
        macros |= read(path)
    texts = {}
    for name, target in _RECIPES.items():
        path = THUMB / "recipes" / f"{name}.s"
        origin = f"# Generated from {path.relative_to(ROOT).as_posix()} by: {_COMMAND}"
        own = read(path)
        # The function comes last, after the recipe's own macros.
        _, function = own.popitem()
        texts[target] = module(name, origin, documentation(path), function, macros | own)
    return texts

"""Where files are found and written. No other module of the host tools computes such a path.

In a checkout the firmware, the boards and the examples stand beside this package, and build/
takes what is made. An installed wheel carries them inside the package (setup.py copies them), and
what is made goes into the user's cache folder: nothing is ever written beside the package.
"""

from pathlib import Path

from platformdirs import user_cache_path

from host_tools.errors import RivuletError

_PACKAGE = Path(__file__).resolve().parent
# The folder that holds this package: a checkout, or site-packages.
ROOT = _PACKAGE.parent
IN_CHECKOUT = (ROOT / "firmware" / "main.py").is_file()

_SHIPPED = ROOT if IN_CHECKOUT else _PACKAGE / "shipped"
FIRMWARE = _SHIPPED / "firmware"
BOARDS = _SHIPPED / "boards"
# Projects that can be copied. A wheel has no more of them than that takes.
EXAMPLES = _SHIPPED / "models"
# What a new project is made from.
TEMPLATE = _PACKAGE / "project" / "template"
# Programs of the host tools that run on MicroPython.
ON_DEVICE = _PACKAGE / "on_device"
# The assembler that the firmware's Thumb modules are written from.
THUMB = _PACKAGE / "thumb"
C_REFERENCE = _PACKAGE / "bench" / "step.c"
C_GRU = _PACKAGE / "bench" / "gru.c"

# Only a checkout has these: code that uses one calls `need_checkout` first.
MODELS = ROOT / "models"
DOCS = ROOT / "docs"
DEVICE_TESTS = ROOT / "tests" / "device"

# What the tools make: virtual boards, the demo's models, reports, checkpoints.
BUILD = ROOT / "build" if IN_CHECKOUT else user_cache_path("rivulet", appauthor=False)
# What was obtained from package registries; safe to delete, made anew when needed.
CACHE = BUILD / "cache"


def need_checkout(what: str) -> None:
    """Raise RivuletError in an installed wheel: `what` uses files that only a checkout has."""
    if not IN_CHECKOUT:
        raise RivuletError(
            f"{what} needs a checkout of Rivulet, and this is an installed wheel: clone the "
            "repository and run it there"
        )

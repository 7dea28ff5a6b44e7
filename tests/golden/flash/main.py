"""Starts one of two firmwares, each whole in its folder: the one that firmware/active names, and
where that does not even import, the one before it.

It is replaced by a rename, like the name in firmware/active, and seldom changes.
"""

import micropython

# The first thing of all: what stops a keyed board from here on is an authorised RELEASE alone.
micropython.kbd_intr(-1)

import os  # noqa: E402
import sys  # noqa: E402
from errno import ENOENT  # noqa: E402


def there(path):
    try:
        os.stat(path)
    except OSError as error:
        # Flash that cannot be read is no reason to take a key for missing.
        return error.errno != ENOENT
    return True


# Until the filesystem says otherwise: whatever goes wrong before must not open the prompt.
keyed = True


def said(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except (OSError, ValueError):
        return ""  # FAT can lose it in the middle of a rename, or what was in it


def note(name):
    """Tell the next flash which folder is the one to write over."""
    try:
        if said("firmware/failed") != name:
            with open("firmware/failed", "w") as file:
                file.write(name)
    except OSError:
        pass  # it does without


def application():
    """(module app of the firmware, what is wrong with the one that should have been it)"""
    trouble = ""
    for name in ("b", "a") if said("firmware/active") == "b" else ("a", "b"):
        folder = "firmware/" + name
        # Written last and removed first: without it the folder is not whole.
        if not there(folder + "/rivulet_manifest.json"):
            continue
        sys.path.insert(0, folder)
        try:
            import app

            return app, trouble
        except Exception as error:
            sys.print_exception(error)
            trouble = "firmware %s does not import: %s" % (name, error)
            note(name)
        sys.path.pop(0)
        for module in list(sys.modules):
            if module.split(".")[0] in ("app", "board", "drivers", "rivulet"):
                del sys.modules[module]
    raise ImportError(trouble or "no firmware here: rivulet flash")


def main():
    if not keyed:
        micropython.kbd_intr(3)
    app, trouble = application()
    if app.run(keyed, trouble):
        # A soft reset: everything begins anew, this file as well.
        raise SystemExit
    print("Rivulet stopped; Ctrl-D starts it again")


try:
    keyed = there("access/key")
    main()
except SystemExit:
    raise
except BaseException as error:
    if not keyed:
        raise
    import machine

    sys.print_exception(error)
    # A crash opens the REPL, which gives everything to whoever holds the cable.
    machine.reset()

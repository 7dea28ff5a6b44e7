"""Starts one of two firmwares, each whole in its folder: the one that firmware/active names, and
where that does not even import, the one before it.

It is replaced by a rename, like the name in firmware/active, and seldom changes.
"""

import micropython

# The first thing of all: what stops a keyed board from here on is an authorised RELEASE alone.
micropython.kbd_intr(-1)

import io  # noqa: E402
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


def note(path, text):
    """Tell the next flash: in firmware/failed, which folder is the one to write over; in
    firmware/error, why no program has started."""
    try:
        if said(path) != text:
            with open(path, "w") as file:
                file.write(text)
    except OSError:
        pass  # it does without


def traced(error):
    """An exception as the interpreter tells it."""
    trace = io.StringIO()
    sys.print_exception(error, trace)
    return trace.getvalue().strip()


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
            # The innermost place, and the error.
            last = [line.strip() for line in traced(error).split("\n")[-2:]]
            trouble = "firmware %s does not import: %s" % (name, ": ".join(last))
            note("firmware/failed", name)
        sys.path.pop(0)
        for module in list(sys.modules):
            if module.split(".")[0] in ("app", "board", "drivers", "rig", "rivulet"):
                del sys.modules[module]
    raise ImportError(trouble or "no firmware here: rivulet flash")


def main():
    if not keyed:
        micropython.kbd_intr(3)
    global application
    app, trouble = application()
    # The program gets its memory.
    application = None
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
    if isinstance(error, Exception):
        note("firmware/error", traced(error))
    if not keyed:
        raise
    import machine

    sys.print_exception(error)
    # A crash opens the REPL, which gives everything to whoever holds the cable.
    machine.reset()

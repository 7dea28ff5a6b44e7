"""Tells the faults of a person's own code: which file, which line, which error."""

from io import StringIO

from rivulet.compat import const, print_exception

# A person's files on a board, beside the firmware's own.
_OWN = ("rig.py", "board.py")
_OWN_FOLDER = "drivers/"
_FIRMWARES = ("firmware/a/", "firmware/b/")
_FRAME = '  File "'
_LONGEST = const(200)
# How many kinds of faults are remembered as told; after that the oldest is told again.
_KINDS = const(8)


def place(error):
    """Return 'drivers/sonar.py, line 12', where an exception was raised; "" if it is not known.

    It is the innermost frame in a person's own file, or the innermost of all.
    """
    trace = StringIO()
    print_exception(error, trace)
    found = ""
    owned = False
    for line in trace.getvalue().split("\n"):
        if not line.startswith(_FRAME):
            continue
        path, _, rest = line[len(_FRAME) :].partition('", line ')
        for root in _FIRMWARES:
            path = path.split(root)[-1]
        own = path in _OWN or _OWN_FOLDER in path
        if own or not owned:
            found = "%s, line %s" % (path, rest.split(",")[0])
            owned = own
    return found


def told(error, where=None):
    """Return an exception as 'drivers/sonar.py, line 12: ValueError: bad echo'.

    where: what `place` has returned, if it was asked.
    """
    words = [place(error) if where is None else where, type(error).__name__, str(error)]
    return ": ".join([word for word in words if word])[:_LONGEST]


def note(faults, who, error):
    """Note an exception that the code of `who` has raised; returns it in words."""
    where = place(error)
    text = told(error, where)
    faults.count += 1
    faults.last = "%s: %s" % (who, text)
    # Not the message: it may hold a number that is another one each time.
    kind = who, where, type(error).__name__
    if kind not in faults.kinds:
        faults.kinds.append(kind)
        if len(faults.kinds) > _KINDS:
            faults.kinds.pop(0)
        faults.fresh = faults.last
        faults.say("fault: " + faults.last)
    return text

"""Tells the faults of a person's own code: which file, which line, which error."""

from io import StringIO

from rivulet.compat import const, print_exception

# A person's files on a board, beside the firmware's own.
_OWN = ("rig.py", "board.py")
_OWN_FOLDER = "drivers/"
_FIRMWARES = ("firmware/a/", "firmware/b/")
_FRAME = '  File "'
_LONGEST = const(200)
# So many kinds of faults are known to be told already; after that the oldest is told again.
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


def described(error):
    """Return an exception as 'ValueError: bad echo'."""
    kind, message = type(error).__name__, str(error)
    return ("%s: %s" % (kind, message) if message else kind)[:_LONGEST]


def told(error):
    """Return an exception as 'drivers/sonar.py, line 12: ValueError: bad echo'."""
    return _joined(place(error), error)


def _joined(where, error):
    return "%s: %s" % (where, described(error)) if where else described(error)


class Faults:
    """Counts the faults of a person's own code, and tells each kind once.

    say: function of a line of text; count: how many there were; last: the newest, in words;
    fresh: the newest of a kind that was not told before, for whoever clears it.
    """

    def __init__(self, say):
        self.count = 0
        self.last = ""
        self.fresh = ""
        self._say = say
        self._kinds = []

    def note(self, who, error):
        """Note an exception that the code of `who` has raised; returns it in words."""
        self.count += 1
        where = place(error)
        text = _joined(where, error)
        self.last = "%s: %s" % (who, text)
        # Not the message: it may hold a number that is another one each time.
        kind = who, where, type(error).__name__
        if kind not in self._kinds:
            self._kinds.append(kind)
            if len(self._kinds) > _KINDS:
                self._kinds.pop(0)
            self.fresh = self.last
            self._say("fault: " + self.last)
        return text

    def facts(self):
        """What a status document says of them."""
        return {"faults": self.count, "fault": self.last}

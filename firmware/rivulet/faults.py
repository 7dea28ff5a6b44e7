"""Faults of a person's own code: how many, the newest, and each kind told once."""

from rivulet.compat import const

# So many kinds are known to be told already; after that the oldest is told again.
_KINDS = const(8)


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
        # Imported for it: see runtime.SELDOM.
        from rivulet import blame

        self.count += 1
        where = blame.place(error)
        text = blame.told(error, where)
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

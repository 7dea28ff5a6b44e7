"""Faults of a person's own code: how many, the newest, and each kind told once."""


class Faults:
    """Counts the faults of a person's own code, and tells each kind once.

    say: function of a line of text; count: how many there were; last: the newest, in words;
    fresh: the newest of a kind that was not told before, for whoever clears it; kinds: those that
    were told.
    """

    def __init__(self, say):
        self.count = 0
        self.last = ""
        self.fresh = ""
        self.say = say
        self.kinds = []

    def note(self, who, error):
        """Note an exception that the code of `who` has raised; returns it in words."""
        # Imported for it: see runtime.SELDOM.
        from rivulet.blame import note

        return note(self, who, error)

    def facts(self):
        """What a status document says of them."""
        return {"faults": self.count, "fault": self.last}

"""Ctrl-C on the wire: from a person or mpremote, who want the REPL, or in noise.

Random bytes hold one in every 256. On a line with other noise they do not stop the program: it
stops listening for Ctrl-C until the line has been quiet.
"""

from rivulet.compat import const, kbd_intr, sleep_ms

_CTRL_C = const(3)
# Nobody presses Ctrl-C again this soon; noise that holds one holds more.
_SECOND_PRESS_MS = const(100)


class CtrlC:
    """link: the wire; allowed: False where nobody breaks in, as on a board with a key, where only
    an authorised RELEASE leads to the REPL. ignored: how many were noise; deaf: since the last."""

    def __init__(self, link, allowed):
        self._link = link
        self._character = _CTRL_C if allowed else -1
        self._allowed = allowed
        self.ignored = 0
        self.deaf = False

    def meant(self):
        """Whether the one that has just interrupted is to end the program."""
        if self._allowed and not self._is_noise():
            return True
        kbd_intr(-1)
        self.deaf = True
        self.ignored += 1
        # Each Ctrl-C makes the input before it void: the line may be noisy without a byte of it.
        self._link.expect_noise()
        return False

    def _is_noise(self):
        link = self._link
        try:
            noise = link.noisy()
            if noise:
                return True
            sleep_ms(_SECOND_PRESS_MS)
            # What follows may have been on its way still.
            return noise is None and bool(link.noisy())
        except KeyboardInterrupt:
            return True

    def facts(self):
        return {"interrupts_ignored": self.ignored}

    def listen_again(self):
        """After noise, once the line is quiet."""
        if self._link.quiet():
            self.deaf = False
            kbd_intr(self._character)

    def block(self):
        """Ignore Ctrl-C until `unblock`, while something happens that must not stop half way."""
        kbd_intr(-1)

    def unblock(self):
        if not self.deaf:
            kbd_intr(self._character)

"""Two slots for models on the board's filesystem, and which of them runs.

A new model becomes active by one record of the journal and stays on trial until it is confirmed.
The model before it stays in the other slot meanwhile: any failure of the new one leads back there.
"""

import gc
import hashlib
import os
from binascii import hexlify

from rivulet.compat import GARBAGE, collect_every, const
from rivulet.errors import ModelError, StoreError
from rivulet.store.journal import Journal

NAMES = ("a", "b")
# Why a board started, as `boot` wants to know it.
WATCHDOG = "watchdog"

_BLOCK = const(512)
# A model whose trial did not end within so many starts is left.
_STARTS = const(3)
# After so many failed starts in a row only the wire is served.
_FAILURES = const(3)
_HUNG = "the watchdog had to reset the board"
_EARLIER = "the earlier model: "


def why_not(error):
    """Why a model could not be loaded; an interpreter's own words on memory tell nobody that."""
    if isinstance(error, MemoryError):
        return "not enough memory for this model"
    if isinstance(error, (ValueError, OSError)):
        return str(error)
    return "%s: %s" % (type(error).__name__, error)


class Candidate:
    """A verified model that may take the place of the one that runs.

    activate: function that makes it the active model on flash, raises StoreError; drop: function
    that gives up what it takes up there; why: why the board goes back to it, "" if it was pushed.
    """

    def __init__(self, model, activate, drop, why=""):
        self.model = model
        self.activate = activate
        self.drop = drop
        self.why = why
        # What going back to it is called.
        self.said = "the model before is back"
        # What an error of it begins with.
        self.label = _EARLIER if why else ""


class Slots:
    """The models in `folder`; a new one is on trial for `trial_s` healthy seconds.

    A relative folder is the right one on a board: ports differ in where flash is mounted, and a
    program starts in that place. trust: which models the board takes (trust.Trust), or None
    where it takes any.
    """

    def __init__(self, folder="models", trial_s=60, trust=None):
        self.trial_s = trial_s
        self._trust = trust
        self._folder = folder
        self._paths = [folder + "/" + name + ".safetensors" for name in NAMES]
        self._journal = Journal(folder)
        # The slot of the model that runs; -1: none, or one that a push has taken the slot from.
        self.running = -1
        self._taken = False
        # Whether the active model could not be loaded, nor the one before it.
        self.broken = False
        self._settings = None  # of the model that runs
        # Why nothing but the wire is served at this start; empty: all is.
        self.safe_mode = ""
        # What the filesystem refused although the board goes on.
        self.trouble = ""
        # The Trial under way, or None.
        self.trial = None

    def boot(self, cause=""):
        """Count a start and what caused it, "" where the chip was not reset; `cause` WATCHDOG says
        that the program before it hung.

        A model on trial that hung, or has been started three times without standing, is left.
        Where there is none to blame, three failed starts in a row lead to `safe_mode`; the start
        after that one tries again.
        """
        self._make_folder()
        if not self._journal.found:
            self._take_over()
        facts = self._journal.facts
        changes = {"boots": facts["boots"] + 1}
        if cause:
            changes["resets"] = dict(facts["resets"])
            changes["resets"][cause] = facts["resets"].get(cause, 0) + 1
        failures, why = facts["failures"], facts["failure"]
        if cause == WATCHDOG and not facts["trial"]:
            failures, why = failures + 1, _HUNG
            changes.update(failures=failures, failure=why)
        if failures >= _FAILURES:
            self.safe_mode = "%d starts failed in a row, the last with: %s" % (failures, why)
            changes["failures"] = 0
        elif facts["trial"]:
            if cause == WATCHDOG:
                changes.update(self._leaving(_HUNG))
            elif facts["starts"] >= _STARTS:
                changes.update(self._leaving("%d starts without standing" % _STARTS))
            else:
                changes["starts"] = facts["starts"] + 1
        self._note(changes)

    def load_active(self):
        """Return the active model, or None if there is none.

        One that does not verify is left for the one in the other slot. Raises ModelError if there
        is none that does. In safe mode nothing is loaded.
        """
        if self.safe_mode:
            return None
        if not self._journal.found:
            self._take_over()
        while True:
            facts = self._journal.facts
            slot = facts["active"]
            if slot < 0:
                return None
            try:
                made = self._verified(slot, facts["hashes"][slot])
            except (ModelError, OSError, MemoryError) as error:
                why = why_not(error)
                if not facts["hashes"][1 - slot]:
                    self.broken = True
                    raise ModelError(why)
                self._note(self._leaving(why))
            else:
                self.running = slot
                self._settings = made.settings
                if not facts["trial"]:
                    self._confirmed()
                return made

    @property
    def on_trial(self):
        return self._journal.facts["trial"]

    @property
    def unsettled(self):
        """Whether it has to be seen that this start stands: then call `stands`."""
        return self.on_trial or self._journal.facts["failures"] > 0

    def watch(self, guard, faults, ring, link, digest):
        """Start a trial of the model that runs, or of this start, if one has to stand."""
        self.trial = None
        if self.unsettled:
            # Imported for it: a board whose model has stood keeps the memory.
            from rivulet.store.trial import Trial

            self.trial = Trial(self, guard, faults, ring, link, digest)

    def stands(self):
        """End the trial: the program has run for long enough. Raises StoreError."""
        self.trial = None
        if not self.confirm() and self._journal.facts["failures"]:
            self._record({"failures": 0})

    def confirm(self):
        """Keep the model that is on trial; False if none is. Raises StoreError."""
        if not self.on_trial:
            return False
        self._record({"trial": False, "starts": 0, "failures": 0})
        self.trial = None
        self._confirmed()
        return True

    def previous(self, why):
        """Return the model before the one that runs as a Candidate. Raises StoreError.

        why: why the board goes back to it.
        """
        gc.collect()
        slot = self._before()
        digest = self._journal.facts["hashes"][slot] if slot >= 0 else ""
        if not digest:
            raise StoreError("there is no earlier model to go back to")
        try:
            made = self._attempt(self._verified, slot, digest)
            self._check_version(made)
        except (ModelError, MemoryError) as error:
            raise StoreError(_EARLIER + why_not(error))
        return Candidate(made, lambda: self.go_back(why), nothing, why)

    def go_back(self, why):
        """Activate the model that `previous` loaded. The other one is discarded."""
        slot = self._before()
        facts = self._journal.facts
        if self._taken:
            self._record({"reverts": facts["reverts"] + 1, "reverted": ["", why]})
        else:
            self._record(self._leaving(why))
        self.running = slot
        self._taken = False

    def crashed(self, why):
        """The program ended with an error: a model on trial is left, or the failure counted."""
        if self.on_trial:
            self._note(self._leaving(why))
        else:
            self._note({"failures": self._journal.facts["failures"] + 1, "failure": why})

    def rest(self):
        """The program ends in order: this start was no failure."""
        if self.unsettled:
            self._note({"starts": 0, "failures": 0})

    def facts(self):
        facts = self._journal.facts
        said = {} if self._trust is None else self._trust.facts()
        said.update(
            {
                "slot": NAMES[self.running] if self.running >= 0 else "",
                "slot_hashes": facts["hashes"],
                "trial": facts["trial"],
                "trial_starts": facts["starts"],
                "trial_left_s": self.trial.left_s if self.trial else 0,
                "boots": facts["boots"],
                "resets": facts["resets"],
                "reverts": facts["reverts"],
                "reverted": facts["reverted"],
                "failures": facts["failures"],
                "failure": facts["failure"],
                "safe_mode": self.safe_mode,
                "store_trouble": self.trouble,
            }
        )
        return said

    def _before(self):
        active = self._journal.facts["active"]
        # A push on top of a trial made the model before it active already.
        return active if self._taken or active < 0 else 1 - active

    def _leaving(self, why):
        """The changes by which the active model is left for the other one."""
        facts = self._journal.facts
        slot = facts["active"]
        hashes = list(facts["hashes"])
        left, hashes[slot] = hashes[slot], ""
        return {
            "active": 1 - slot,
            "hashes": hashes,
            "trial": False,
            "starts": 0,
            "reverts": facts["reverts"] + 1,
            "reverted": [left, why],
        }

    def _take_over(self):
        """Make what an earlier firmware left, or what stands there without a journal, slots."""
        try:
            os.rename(self._folder + "/active.safetensors", self._paths[0])
        except OSError:
            pass  # a new board
        hashes = ["", ""]
        for slot in range(2):
            try:
                hashes[slot] = hexlify(self._digest(self._paths[slot])).decode()
            except OSError:
                pass  # none there
        if any(hashes):
            self._note({"active": 0 if hashes[0] else 1, "hashes": hashes})

    def _verified(self, slot, digest, with_learnt=True):
        """The model of a slot, once its bytes are the right ones and it computes what it should.

        with_learnt: bring it to where its labels had brought it.
        Raises ModelError, OSError, MemoryError.
        """
        path = self._paths[slot]
        if hexlify(self._digest(path)).decode() != digest:
            raise ModelError("SHA-256 of slot %s differs: push again" % NAMES[slot])
        if self._trust is not None:
            self._trust.check_file(path)
        before = collect_every(GARBAGE)
        try:
            # Imported for it: see runtime.SELDOM.
            from rivulet.model import load
            from rivulet.model.self_test import try_out

            with open(path, "rb") as file:
                made = load(file, os.stat(path)[6])
            made.probes = try_out(made)
            if made.learner is not None and with_learnt:
                self._learn_again(made, path, digest)
        except (ModelError, OSError, MemoryError):
            raise
        except Exception as error:
            # No file may end the program, whatever the code behind its checks runs into.
            raise ModelError("this firmware cannot run it: " + why_not(error))
        finally:
            collect_every(before)
        made.digest = digest
        return made

    def _learn_again(self, made, path, digest):
        if self._trust is not None and not self._trust.adapts:
            return
        from rivulet.store.learnt import load as load_learnt
        from rivulet.store.learnt import path_of

        self.trouble = load_learnt(made, path_of(path), digest) or self.trouble

    def _check_version(self, made):
        if self._trust is not None:
            self._trust.check_version(made.settings)

    def _confirmed(self):
        if self._trust is not None and self._settings is not None:
            self._trust.confirm(self._settings)

    def _digest(self, path):
        digest = hashlib.sha256()
        block = bytearray(_BLOCK)
        with open(path, "rb") as file:
            while True:
                count = file.readinto(block)
                if not count:
                    return digest.digest()
                digest.update(block if count == _BLOCK else block[:count])

    def _make_folder(self):
        try:
            os.mkdir(self._folder)
        except OSError:
            pass  # it is there already

    def _note(self, changes):
        """Record what has happened already; a filesystem that refuses must not stop the board."""
        try:
            self._journal.write(**changes)
        except OSError as error:
            self._journal.facts.update(changes)
            self.trouble = "the journal could not be written: %s" % error

    def _record(self, changes):
        self._attempt(lambda: self._journal.write(**changes))

    def _attempt(self, operation, *arguments):
        try:
            return operation(*arguments)
        except OSError as error:
            raise StoreError("the filesystem refused it: %s" % error)


def nothing():
    pass

"""Power is cut before each operation on a filesystem, and within each write: the board starts a
whole model, an old or a new one, and takes the next update.

Twice: on a filesystem that keeps a file's content only once it is flushed, as littlefs does, and
on one that loses what a file held when it is opened and keeps every byte at once, as FAT may.
"""

import power_cuts
from cut_filesystem import Cut, Filesystem


def cut_everywhere(direct):
    """(cuts, how often which model ran afterwards) over all scenarios."""
    cuts = 0
    ran = {}
    for name, prepare, act, allowed in power_cuts.SCENARIOS:
        with Filesystem(direct, {}) as whole:
            prepare("models")
        begin = whole.files
        with Filesystem(direct, begin) as uncut:
            act("models")
        for cut_at in range(1, uncut.count + 1):
            for tear in range(4):
                with Filesystem(direct, begin, cut_at, tear) as cut:
                    try:
                        act("models")
                    except Cut:
                        pass
                assert cut.dead, name
                with Filesystem(direct, cut.files):
                    model, wrong = power_cuts.check("models", allowed)
                assert not wrong, "%s, cut %d, tear %d: %s" % (name, cut_at, tear, wrong)
                cuts += 1
                which = {None: "none", power_cuts.OLD: "old"}.get(model, "new")
                ran[which] = ran.get(which, 0) + 1
                if not cut.torn:  # the other tears leave the same behind
                    break
    return cuts, ran


def test_a_filesystem_that_keeps_what_was_flushed():
    cuts, ran = cut_everywhere(False)
    print(cuts, "operations cut:", ran)
    assert cuts > 150 and ran["old"] > 100 and ran["new"] > 30


def test_a_filesystem_that_keeps_every_byte_at_once():
    cuts, ran = cut_everywhere(True)
    print(cuts, "operations cut:", ran)
    assert cuts > 300 and ran["old"] > 200 and ran["new"] > 60

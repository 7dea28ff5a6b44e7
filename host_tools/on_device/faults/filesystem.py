"""Pushes on a littlefs that is full or fails; see host_tools/faults/filesystem.py."""

import json
import os

import littlefs
import vfs
from in_process import Flash, InProcessBench, hash_of, read

BLOCKS = 32


def mounted(flash):
    """The board boots from this flash."""
    littlefs.mount(flash)
    return InProcessBench("models")


def image_of(old):
    """A flash whose board runs `old`."""
    flash = Flash(BLOCKS * Flash.BLOCK)
    vfs.VfsLfs2.mkfs(flash)
    board = mounted(flash)
    assert board.push(old) == "" and board.loop.model_hash == hash_of(old)
    return flash


class Trial:
    """One push of `new` over `old` while something is wrong, and all that has to hold then."""

    def __init__(self, old, new):
        self.old, self.new = old, new
        self.refused = self.taken = 0
        self.texts = {}
        self.broken = []

    def check(self, what, flash, board, said):
        """said: what the push ended with. The flash works again, and the board starts anew."""
        hashes = (hash_of(self.old), hash_of(self.new))
        if said:
            self.refused += 1
            self.texts[said] = self.texts.get(said, 0) + 1
            if "\n" in said or len(said) < 8:
                self.broken.append("%s: refused without a word of sense: %s" % (what, said))
        else:
            self.taken += 1
        if board.loop.model_hash != hashes[0 if said else 1]:
            self.broken.append("%s: told '%s', runs the other model" % (what, said))
        if board.lost() or board.status()["model_hash"] != board.loop.model_hash:
            self.broken.append("%s: events or the status were lost" % what)
        again = mounted(flash)
        after = again.loop.model_hash
        if after not in hashes or (not said and after != hashes[1]):
            self.broken.append("%s: boots %s, %s" % (what, after[:8], again.loop.boot_error))
        said = again.push(self.new)
        if said or again.loop.model_hash != hashes[1]:
            self.broken.append("%s: the next push is refused: %s" % (what, said))


def full(old, new, stride):
    """The filesystem has room for 0, 1, 2 ... blocks."""
    trial = Trial(old, new)
    base = image_of(old)
    count = 0
    for room in range(0, BLOCKS, stride):
        flash = Flash(base.data)
        board = mounted(flash)
        if os.statvfs("/flash")[3] < room:
            break
        count += 1
        with open("/flash/filler", "wb") as file:
            while os.statvfs("/flash")[3] > room:
                try:
                    file.write(bytes(Flash.BLOCK))
                    file.flush()
                except OSError:
                    break
        said = board.push(new)
        os.remove("/flash/filler")
        trial.check("room for %d blocks" % room, flash, board, said)
    return count, trial


def failing(old, new, for_good, stride):
    """Write 1, 2, 3 ... N of a push fails, alone or with all that follow."""
    trial = Trial(old, new)
    base = image_of(old)
    count = 0
    at = 1
    while True:
        flash = Flash(base.data)
        board = mounted(flash)
        flash.writes, flash.fail_at, flash.for_good = 0, at, for_good
        said = board.push(new)
        if flash.writes < at:
            return count, trial  # the push was over before
        count += 1
        flash.fail_at = 0
        trial.check("write %d" % at, flash, board, said)
        at += stride


def main(old, new, stride):
    old, new = read(old), read(new)
    report = {}
    for name, (count, trial) in (
        ("full", full(old, new, stride)),
        ("once", failing(old, new, False, stride)),
        ("for_good", failing(old, new, True, stride)),
    ):
        report[name] = {
            "count": count,
            "refused": trial.refused,
            "taken": trial.taken,
            "texts": trial.texts,
            "broken": trial.broken[:10],
        }
    return report


print(json.dumps(main(**GIVEN)))

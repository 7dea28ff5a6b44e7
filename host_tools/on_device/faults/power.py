"""Cuts the power at every operation under a real littlefs; see host_tools/faults/power.py.

An act runs once on a flash that notes what is programmed and erased. Every state that a power cut
can leave is then put together from the notes: the operations before the n-th, and a part of that.
"""

import json
import sys

import littlefs
import power_cuts
import vfs
from in_process import Flash as BlockDevice

BLOCKS = 24
PROGRAM = 256  # as on rp2
TEARS = ("none of it", "its first byte", "half of it", "all but its last byte", "its bits by half")


class Flash(BlockDevice):
    """NOR flash: erasing makes ones, programming makes zeros of some. `notes`: (block or -1,
    offset, bytes) of what was done."""

    def __init__(self, data):
        super().__init__(data)
        self.notes = []

    def writeblocks(self, block, buffer, offset=0):
        self.notes.append((-1, block * self.BLOCK + offset, bytes(buffer)))
        return super().writeblocks(block, buffer, offset)

    def ioctl(self, operation, argument):
        if operation == 6:
            ones = b"\xff" * self.BLOCK
            self.notes.append((argument, argument * self.BLOCK, ones))
            super().writeblocks(argument, ones)
            return 0
        return super().ioctl(operation, argument)


def torn(note, data, tear):
    """What a part of an operation leaves in `data`, where it wrote nothing yet."""
    block, at, written = note
    size = len(written)
    share = (0, 1, size // 2, size - 1, size)[tear]
    for i in range(at, at + share):
        byte = written[i - at]
        if tear == 4:
            # The weak half of the bits has not taken yet.
            byte = (byte | 0x55) & data[i] if block < 0 else data[i] | 0xAA
        data[i] = byte


def mounted(data):
    flash = Flash(data)
    littlefs.mount(flash, progsize=PROGRAM)
    return flash


def states(begin, notes):
    """(number of the operation, tear, flash) of every state that a cut leaves."""
    data = bytearray(begin)
    for number, note in enumerate(notes):
        for tear in range(len(TEARS)):
            cut = bytearray(data)
            torn(note, cut, tear)
            yield number, tear, cut
        at, written = note[1:]
        data[at : at + len(written)] = written


def sweep(name, begin, act, check, report):
    """Cut `act`, which begins on the flash `begin`, everywhere."""
    flash = mounted(begin)
    act()
    notes = flash.notes
    seen = {}
    cuts = 0
    for number, tear, data in states(begin, notes):
        mounted(data)
        which, wrong = check()
        cuts += 1
        seen[which] = seen.get(which, 0) + 1
        if wrong:
            where = "%s, operation %d of %d, %s" % (name, number + 1, len(notes), TEARS[tear])
            report["broken"].append("%s: %s" % (where, wrong))
    report["acts"][name] = {"operations": len(notes), "cuts": cuts, "ran": seen}


def models(empty, report):
    names = {None: "none", power_cuts.OLD: "old"}
    for name, prepare, act, allowed in power_cuts.SCENARIOS:
        flash = mounted(empty)
        prepare("models")

        def check(allowed=allowed):
            model, wrong = power_cuts.check("models", allowed)
            return names.get(model, "new"), wrong

        sweep(name, flash.data, lambda act=act: act("models"), check, report)


def _ours(module):
    return module.split(".")[0] in ("app", "rivulet")


class Firmware:
    """A flash of firmware as the host does it: `first` and `second` are the code that installs
    one after the other, `main` is main.py."""

    def __init__(self, agent, first, second, main):
        self._agent = agent
        self.first = first
        self.second = second
        self._main = main

    def run(self, steps, again=False):
        names = {}
        exec(self._agent, names)
        for step in steps:
            try:
                exec(step, names)
            except OSError:
                # The host would have seen that it is gone already.
                if not again or not step.startswith("os.remove"):
                    raise

    def start(self):
        """What the firmware that main.py starts says of itself."""
        path = list(sys.path)
        # The package of the same name that this program itself runs on.
        real = {name: sys.modules.pop(name) for name in list(sys.modules) if _ours(name)}
        names = {"__name__": "__main__"}
        try:
            exec(self._main, names)
            app = sys.modules["app"]
            return "/".join(app.parts)
        except Exception as error:
            return "nothing: %r" % error
        finally:
            sys.path[:] = path
            for name in list(sys.modules):
                if _ours(name):
                    del sys.modules[name]
            sys.modules.update(real)

    def check(self):
        ran = self.start()
        if ran not in ("old/old/old", "new/new/new"):
            return "none", "it starts %s" % ran
        if ran[:3] == "old":
            self.run(self.second, True)
            if self.start() != "new/new/new":
                return "old", "the next flash does not make it new"
        return ran[:3], ""


def main(agent, first, second, starter):
    flash = Flash(b"\xff" * (BLOCKS * Flash.BLOCK))
    vfs.VfsLfs2.mkfs(flash, progsize=PROGRAM)
    report = {"acts": {}, "broken": []}
    models(flash.data, report)
    firmware = Firmware(agent, first, second, starter)
    flash = mounted(flash.data)
    firmware.run(first)
    begin = flash.data
    sweep("firmware flash", begin, lambda: firmware.run(second), firmware.check, report)
    report["broken"] = report["broken"][:10]
    return report


if __name__ == "__main__":
    print(json.dumps(main(**GIVEN)))

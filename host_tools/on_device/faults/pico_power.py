"""Starts from every state that a power cut left on a Pico's flash; see host_tools/faults/_pico.py.

The littlefs is the Pico's own, the interpreter this computer's: the firmware is compared by its
bytes, models are loaded and pushed.
"""

import hashlib
import json
import os
import struct
from binascii import hexlify

import littlefs
from in_process import read
from power import TEARS, Flash, torn
from power_cuts import push, started

BEGIN = 0xA0000
PROGRAM = 256


def notes_of(path):
    """As power.Flash notes them, those of the filesystem."""
    notes = []
    with open(path, "rb") as file:
        while True:
            head = file.read(9)
            if not head:
                return notes
            kind, address, size = struct.unpack("<BII", head)
            erases = kind == ord("e")
            data = b"\xff" * size if erases else file.read(size)
            assert address >= BEGIN, "outside of the filesystem"
            notes.append((0 if erases else -1, address - BEGIN, data))


def tree(folder, prefix=""):
    """A digest of all files in a folder."""
    digest = hashlib.sha256()
    for entry in sorted(os.ilistdir(folder)):
        path = folder + "/" + entry[0]
        digest.update((prefix + entry[0]).encode())
        if entry[1] & 0x4000:
            digest.update(tree(path, prefix + entry[0] + "/"))
        else:
            with open(path, "rb") as file:
                digest.update(hashlib.sha256(file.read()).digest())
    return digest.digest()


def firmware():
    """The digest of the firmware that main.py starts; it wants a manifest, and so does this."""
    with open("firmware/active") as file:
        name = file.read().strip()
    os.stat("firmware/%s/rivulet_manifest.json" % name)
    os.stat("main.py")
    return tree("firmware/" + name)


def check(allowed, firmwares, last):
    """(which model ran, what was wrong or "")"""
    if firmware() not in firmwares:
        return "none", "neither the old nor the new firmware is whole"
    store, digest = started("models")
    if digest not in allowed:
        return "none", "it runs %s" % digest[:12]
    if store.on_trial:
        store.previous("x")
    push(store, last)
    if started("models")[1] != hexlify(hashlib.sha256(last).digest()).decode():
        return "none", "the next push does not become active"
    return ("model before", "model after")[allowed.index(digest)], ""


def main(base, notes, acts, last):
    """acts: [name, number of the first operation, of the one after the last, hashes of models
    that may run, whether the firmware may change]."""
    with open(base, "rb") as file:
        file.seek(BEGIN)
        data = bytearray(file.read())
    last = read(last)
    notes = notes_of(notes)
    report = {"acts": {}, "broken": []}
    at = 0
    for name, first, end, allowed, flashes in acts:
        while at < first:
            _, where, written = notes[at]
            data[where : where + len(written)] = written
            at += 1
        littlefs.mount(Flash(data), progsize=PROGRAM)
        firmwares = [firmware()]
        if flashes:
            whole = bytearray(data)
            for _, where, written in notes[first:end]:
                whole[where : where + len(written)] = written
            littlefs.mount(Flash(whole), progsize=PROGRAM)
            firmwares.append(firmware())
        seen = {}
        cuts = 0
        while at < end:
            # A firmware is hundreds of operations: each is torn in one of the ways.
            for tear in (at % len(TEARS),) if flashes else range(len(TEARS)):
                cut = bytearray(data)
                torn(notes[at], cut, tear)
                littlefs.mount(Flash(cut), progsize=PROGRAM)
                try:
                    which, wrong = check(allowed, firmwares, last)
                except Exception as error:
                    which, wrong = "none", repr(error)
                seen[which] = seen.get(which, 0) + 1
                cuts += 1
                if wrong:
                    where = (name, at - first + 1, end - first, TEARS[tear], wrong)
                    report["broken"].append("%s, operation %d of %d, %s: %s" % where)
            _, where, written = notes[at]
            data[where : where + len(written)] = written
            at += 1
        report["acts"][name] = {"operations": end - first, "cuts": cuts, "ran": seen}
    report["broken"] = report["broken"][:10]
    return report


print(json.dumps(main(**GIVEN)))

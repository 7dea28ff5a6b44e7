"""Makes the littlefs of a Pico, with files in it; see host_tools/simulate/emulated/flash_image.py.

Finds in GIVEN: files, the paths of what stands under the folder `source`; out: the file to write.
"""

import os

import vfs

BLOCK = 4096
BLOCKS = 352
# As on rp2: littlefs keeps it in its superblock.
PROGRAM = 256


class Memory:
    """A block device in memory."""

    def __init__(self):
        self.data = bytearray(b"\xff" * (BLOCKS * BLOCK))

    def readblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        buffer[:] = self.data[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        at = block * BLOCK + offset
        self.data[at : at + len(buffer)] = buffer

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            at = argument * BLOCK
            self.data[at : at + BLOCK] = b"\xff" * BLOCK
        return 0


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(source, files, out):
    contents = [read(source + "/" + path) for path in files]
    flash = Memory()
    vfs.VfsLfs2.mkfs(flash, progsize=PROGRAM)
    vfs.mount(vfs.VfsLfs2(flash, progsize=PROGRAM), "/flash")
    for path, data in zip(files, contents):
        made = "/flash"
        for part in path.split("/")[:-1]:
            made += "/" + part
            try:
                os.mkdir(made)
            except OSError:
                pass  # it is there already
        with open("/flash/" + path, "wb") as file:
            file.write(data)
    vfs.umount("/flash")
    with open(out, "wb") as file:
        file.write(flash.data)


main(**GIVEN)

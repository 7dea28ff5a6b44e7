"""Makes the littlefs of a Pico, with files in it; see host_tools/faults/_pico.py."""

import os

import vfs
from power import BLOCK, PROGRAM, Flash

BLOCKS = 352


def main(files, out):
    """files: what stands under `filesystem` in the working directory."""
    contents = []
    for path in files:
        with open("filesystem/" + path, "rb") as file:
            contents.append(file.read())
    flash = Flash(b"\xff" * (BLOCKS * BLOCK))
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
print("{}")

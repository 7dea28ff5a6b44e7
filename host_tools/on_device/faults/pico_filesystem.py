"""Makes the littlefs of a Pico, with files in it; see host_tools/faults/_pico.py."""

import os

import vfs
from in_process import read
from power import PROGRAM, Flash

BLOCKS = 352


def main(files, out):
    """files: what stands under `filesystem` in the working directory."""
    contents = [read("filesystem/" + path) for path in files]
    flash = Flash(b"\xff" * (BLOCKS * Flash.BLOCK))
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

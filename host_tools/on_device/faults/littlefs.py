"""A flash chip in memory as the filesystem that a board starts from."""

import gc
import os

import vfs


def mount(flash, **options):
    """The littlefs on `flash` (a block device) at /flash, where programs then are; options: those
    of VfsLfs2. What was mounted there before is gone."""
    try:
        os.chdir("/")
        vfs.umount("/flash")
    except OSError:
        pass  # the first time nothing is mounted
    gc.collect()
    vfs.mount(vfs.VfsLfs2(flash, **options), "/flash")
    os.chdir("/flash")

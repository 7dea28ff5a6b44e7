"""Pushes on a filesystem that fails: refused in one line, and the active model stays."""

import hashlib
import os

from fixtures import Scratch, model_bytes, raises, settings, tensors

from rivulet.errors import StoreError
from rivulet.store.uploads import Store

_OLD = model_bytes()
_NEW = model_bytes(settings(integrator="euler"), tensors(seed=2))


class Full:
    """A file on a filesystem that has no room left."""

    def write(self, data):
        raise OSError(28)

    def close(self):
        pass


def begun(folder, data=_NEW):
    with open(folder + "/active.safetensors", "wb") as file:
        file.write(_OLD)
    store = Store(folder)
    store.load_active()
    store.begin(len(data), hashlib.sha256(data).digest())
    return store


def fill(store, full):
    """From now on the push meets a full filesystem."""
    store._file.close()
    store._file = full


def active(folder):
    store = Store(folder)
    store.load_active()
    with open(folder + "/" + store.facts()["slot"] + ".safetensors", "rb") as file:
        return file.read()


def test_no_room_for_a_piece():
    with Scratch() as folder:
        store = begun(folder)
        store.write(0, _NEW[:100])
        fill(store, Full())
        assert "the filesystem refused it" in raises(StoreError, store.write, 100, _NEW[100:200])
        # What was not written does not count.
        assert store.received == 100
        store.abandon()
        assert "b.safetensors" not in os.listdir(folder) and active(folder) == _OLD


def test_the_journal_cannot_be_written():
    with Scratch() as folder:
        store = begun(folder)
        store.write(0, _NEW)
        store.finish()
        written = store._journal._paths
        store._journal._paths = [folder + "/missing/0", folder + "/missing/1"]
        assert "the filesystem refused it" in raises(StoreError, store.activate)
        assert active(folder) == _OLD and store.facts()["slot"] == "a"
        store._journal._paths = written
        store.activate()
        assert active(folder) == _NEW


def test_a_folder_that_cannot_be_made():
    with Scratch() as folder:
        store = Store(folder + "/missing/models")
        assert "the filesystem refused it" in raises(StoreError, store.begin, 10, bytes(32))


def test_a_file_that_cannot_be_closed():
    class Unclosable:
        def close(self):
            raise OSError(28)

    with Scratch() as folder:
        store = begun(folder)
        fill(store, Unclosable())  # the last bytes of a push that there is no room for
        store.rest()
        store.begin(len(_NEW), hashlib.sha256(_NEW).digest())
        store.write(0, _NEW)
        assert store.finish().model.digest

"""Pushes straight into a store, without a wire."""

import hashlib
from binascii import hexlify

from fixtures import model_bytes

from rivulet.store.uploads import Store

PIECE = 192
OLD = model_bytes()


def sha(data):
    return hashlib.sha256(data).digest()


def in_hex(data):
    return hexlify(sha(data)).decode()


def holding(folder, data=OLD):
    """A store whose active model is `data`, as an earlier firmware left it."""
    with open(folder + "/active.safetensors", "wb") as file:
        file.write(data)
    store = Store(folder)
    store.load_active()
    return store


def send(store, data, digest=None, upto=None):
    """Push all of it or up to a byte; where the push began."""
    begin = store.begin(len(data), digest or sha(data))
    for offset in range(begin, len(data) if upto is None else upto, PIECE):
        store.write(offset, memoryview(data)[offset : offset + PIECE])
    return begin


def push(store, data):
    send(store, data)
    store.finish()
    store.activate()

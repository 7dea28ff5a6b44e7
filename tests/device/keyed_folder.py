"""The folder in which a keyed board keeps its key and settings."""

from binascii import hexlify

from rivulet.link.access import Access
from rivulet.store.access_files import AccessFiles
from rivulet.store.trust import Trust

KEY = bytes(range(32))


def provision(folder, key=KEY, text="{}"):
    if key is not None:
        with open(folder + "/key", "wb") as file:
            file.write(hexlify(key) + b"\n")
    with open(folder + "/settings.json", "w") as file:
        file.write(text)
    return Access(AccessFiles(folder))


def trusting(folder, text):
    with open(folder + "/settings.json", "w") as file:
        file.write(text)
    return Trust(AccessFiles(folder))

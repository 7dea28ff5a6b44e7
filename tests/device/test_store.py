"""Pushes: what is whole and right becomes active, nothing else does."""

import hashlib
import os
from binascii import hexlify

from fixtures import Scratch, model_bytes, raises, settings, tensors

from rivulet.model import ModelError
from rivulet.store import Store, StoreError

_OLD = model_bytes()
_NEW = model_bytes(settings(integrator="euler"), tensors(seed=2))
_PIECE = 192


def sha(data):
    return hashlib.sha256(data).digest()


def in_hex(data):
    return hexlify(sha(data)).decode()


def active(folder):
    """The active file's bytes."""
    with open(folder + "/active.safetensors", "rb") as file:
        return file.read()


def holding(folder, data=_OLD):
    with open(folder + "/active.safetensors", "wb") as file:
        file.write(data)
    return Store(folder)


def send(store, data, digest=None, upto=None):
    store.begin(len(data), digest or sha(data))
    for offset in range(0, len(data) if upto is None else upto, _PIECE):
        store.write(offset, memoryview(data)[offset : offset + _PIECE])


def test_nothing_is_active_on_a_new_board():
    with Scratch() as folder:
        assert Store(folder).load_active() == (None, "")
        assert Store(folder + "/missing").load_active() == (None, "")


def test_a_push_is_active_after_activate_and_after_a_reboot():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW)
        made, digest = store.finish()
        assert made.settings["integrator"] == "euler"
        assert digest == in_hex(_NEW)
        # Verified and loaded, but a power cut here starts the old one.
        assert active(folder) == _OLD
        assert Store(folder).load_active()[1] == in_hex(_OLD)
        store.activate()
        assert active(folder) == _NEW
        assert os.listdir(folder) == ["active.safetensors"]
        made, digest = Store(folder).load_active()
        assert (made.settings["integrator"], digest) == ("euler", in_hex(_NEW))


def test_the_folder_is_made():
    with Scratch() as folder:
        store = Store(folder + "/models")
        send(store, _NEW)
        store.finish()
        store.activate()
        assert Store(folder + "/models").load_active()[1] == in_hex(_NEW)
        os.remove(folder + "/models/active.safetensors")
        os.rmdir(folder + "/models")


def test_a_push_interrupted_after_every_piece_leaves_the_active_model():
    for upto in range(0, len(_NEW) + _PIECE, _PIECE):
        with Scratch() as folder:
            store = holding(folder)
            send(store, _NEW, upto=upto)
            # The power goes: another Store over the same files.
            again = Store(folder)
            assert again.load_active()[1] == in_hex(_OLD)
            send(again, _NEW)
            again.finish()
            again.activate()
            assert active(folder) == _NEW


def test_an_incomplete_push_is_refused():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW, upto=_PIECE)
        message = raises(StoreError, store.finish)
        assert message == "incomplete: %d of %d bytes" % (_PIECE, len(_NEW))
        # It may still go on.
        for offset in range(_PIECE, len(_NEW), _PIECE):
            store.write(offset, _NEW[offset : offset + _PIECE])
        assert store.finish()[1] == in_hex(_NEW)


def test_a_wrong_hash_is_refused_and_forgotten():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW, digest=sha(_OLD))
        assert "SHA-256 differs" in raises(StoreError, store.finish)
        assert os.listdir(folder) == ["active.safetensors"] and active(folder) == _OLD
        assert "no push has begun" in raises(StoreError, store.finish)


def test_what_was_written_is_read_back():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW)
        store._file.flush()
        # Flash that did not keep a byte.
        with open(folder + "/incoming.safetensors", "r+b") as file:
            file.seek(len(_NEW) - 1)
            file.write(bytes([_NEW[-1] ^ 1]))
        assert "SHA-256 differs" in raises(StoreError, store.finish)
        assert active(folder) == _OLD


def test_a_bad_model_with_the_right_hash_is_refused():
    bad = tensors()
    bad["gates.weight"][1][3] = float("nan")
    for data, message in (
        (b"not a model at all, but whole", "not a model file"),
        (_NEW[:-4], "truncated"),
        (model_bytes(arrays=bad), "holds NaN"),
        (model_bytes(settings(cell="nothing")), "unknown cell"),
        (model_bytes(settings(format="rivulet-0")), "convert it again"),
    ):
        with Scratch() as folder:
            store = holding(folder)
            send(store, data)
            assert message in raises(StoreError, store.finish)
            assert os.listdir(folder) == ["active.safetensors"] and active(folder) == _OLD


def test_pieces_repeated_and_out_of_order():
    with Scratch() as folder:
        store = holding(folder)
        store.begin(len(_NEW), sha(_NEW))
        message = raises(StoreError, store.write, _PIECE, _NEW[_PIECE : 2 * _PIECE])
        assert message == "expected offset 0, got %d" % _PIECE
        for offset in range(0, len(_NEW), _PIECE):
            piece = _NEW[offset : offset + _PIECE]
            store.write(offset, piece)
            store.write(offset, piece)  # its reply was lost, the host sends it again
            assert store.received == offset + len(piece)
            # Overlapping what is there is neither a repetition nor the next one.
            if offset + len(piece) < len(_NEW):
                raises(StoreError, store.write, offset + 1, piece)
        store.write(0, _NEW[:_PIECE])
        assert store.finish()[1] == in_hex(_NEW)


def test_more_than_announced_is_refused():
    with Scratch() as folder:
        store = holding(folder)
        store.begin(100, sha(_NEW[:100]))
        message = raises(StoreError, store.write, 0, _NEW[:101])
        assert message == "more bytes than the 100 announced"
        store.write(0, _NEW[:100])
        raises(StoreError, store.write, 100, _NEW[100:101])


def test_no_room():
    with Scratch() as folder:
        store = holding(folder)
        facts = os.statvfs(folder)
        free = facts[0] * facts[3]
        message = raises(StoreError, store.begin, free + (1 << 40), sha(b""))
        assert message.startswith("no room: ")
        raises(StoreError, store.write, 0, b"x")
        assert active(folder) == _OLD


def test_pieces_without_a_push():
    with Scratch() as folder:
        store = holding(folder)
        for operation in (lambda: store.write(0, b"x"), store.finish):
            assert raises(StoreError, operation) == "no push has begun"
        store.abandon()


def test_a_new_push_replaces_the_one_before():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _OLD, upto=_PIECE)
        send(store, _NEW)
        assert store.finish()[1] == in_hex(_NEW)
        store.activate()
        send(store, _OLD)
        store.abandon()
        assert os.listdir(folder) == ["active.safetensors"] and active(folder) == _NEW


def test_an_active_model_that_went_bad_is_reported():
    for data, message in ((_OLD[:-1], "truncated"), (b"", "not a model file")):
        with Scratch() as folder:
            assert message in raises(ModelError, holding(folder, data).load_active)

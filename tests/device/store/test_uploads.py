"""Pushes: what is whole and right becomes active, nothing else does."""

import os

from fixtures import Scratch, model_bytes, raises, settings, tensors
from store_helpers import OLD, PIECE, holding, in_hex, push, send, sha

from rivulet.errors import ModelError, StoreError
from rivulet.store.uploads import FLUSH_BYTES, Store

_NEW = model_bytes(settings(integrator="euler"), tensors(seed=2))
_LARGE = model_bytes(arrays=tensors(hidden=40, seed=3))


def active(folder):
    """The bytes of the model that a start would load, and what else a start says of it."""
    store = Store(folder)
    assert store.load_active().digest
    with open(folder + "/" + store.facts()["slot"] + ".safetensors", "rb") as file:
        return file.read()


def test_nothing_is_active_on_a_new_board():
    with Scratch() as folder:
        assert Store(folder).load_active() is None
        assert Store(folder + "/missing").load_active() is None


def test_a_push_is_active_after_activate_and_after_a_reboot():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW)
        made = store.finish().model
        assert made.settings["integrator"] == "euler"
        assert made.digest == in_hex(_NEW)
        # Verified and loaded, but a power cut here starts the old one.
        assert active(folder) == OLD
        store.activate()
        assert active(folder) == _NEW
        made = Store(folder).load_active()
        assert (made.settings["integrator"], made.digest) == ("euler", in_hex(_NEW))


def test_what_an_earlier_firmware_left_becomes_slot_a():
    with Scratch() as folder:
        store = holding(folder)
        assert store.facts()["slot"] == "a" and store.facts()["slot_hashes"] == [in_hex(OLD), ""]
        assert sorted(os.listdir(folder)) == ["a.safetensors", "journal.0"]
        assert not store.on_trial
        assert active(folder) == OLD


def test_a_lost_journal_does_not_lose_the_models():
    with Scratch() as folder:
        store = holding(folder)
        push(store, _NEW)
        for name in os.listdir(folder):
            if name.startswith("journal"):
                os.remove(folder + "/" + name)
        assert active(folder) in (OLD, _NEW)
        os.remove(folder + "/a.safetensors")
        for name in os.listdir(folder):
            if name.startswith("journal"):
                os.remove(folder + "/" + name)
        assert active(folder) == _NEW


def test_the_folder_is_made():
    with Scratch() as folder:
        store = Store(folder + "/models")
        push(store, _NEW)
        assert active(folder + "/models") == _NEW
        for name in os.listdir(folder + "/models"):
            os.remove(folder + "/models/" + name)
        os.rmdir(folder + "/models")


def test_a_push_interrupted_after_every_piece_leaves_the_active_model():
    for upto in range(0, len(_NEW) + PIECE, PIECE):
        with Scratch() as folder:
            store = holding(folder)
            send(store, _NEW, upto=upto)
            # The power goes: another Store over the same files.
            again = Store(folder)
            assert again.load_active().digest == in_hex(OLD)
            push(again, _NEW)
            assert active(folder) == _NEW


def test_a_push_goes_on_where_it_was():
    with Scratch() as folder:
        store = holding(folder)
        upto = 3 * FLUSH_BYTES // PIECE * PIECE
        assert len(_LARGE) > upto
        assert send(store, _LARGE, upto=upto) == 0
        # The cable was out: every byte that was acknowledged counts.
        assert store.begin(len(_LARGE), sha(_LARGE)) == upto
        # The power was out: at most a flush's worth is sent again.
        again = Store(folder)
        again.load_active()
        here = again.begin(len(_LARGE), sha(_LARGE))
        assert upto - FLUSH_BYTES - PIECE < here <= upto
        again.rest()  # the program was stopped in order, and what came is kept
        again = Store(folder)
        again.load_active()
        assert send(again, _LARGE) == here
        assert again.finish().model.digest == in_hex(_LARGE)
        again.activate()
        assert active(folder) == _LARGE


def test_a_push_that_is_whole_needs_no_byte_again():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW)
        store.finish()
        again = Store(folder)
        again.load_active()
        assert again.begin(len(_NEW), sha(_NEW)) == len(_NEW)
        assert again.finish().model.digest == in_hex(_NEW)
        again.activate()
        # Nor does the model that was left in order.
        again.confirm()
        assert send(again, OLD) == len(OLD)
        again.finish()
        again.activate()
        assert active(folder) == OLD


def test_another_push_begins_anew():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _LARGE, upto=40 * PIECE)
        again = Store(folder)
        again.load_active()
        for data, digest in ((_NEW, None), (_LARGE, sha(OLD)), (_LARGE[:-8], None)):
            assert again.begin(len(data), digest or sha(data)) == 0


def test_what_was_kept_of_a_push_went_bad():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _LARGE, upto=40 * PIECE)
        store.rest()
        with open(folder + "/b.safetensors", "r+b") as file:
            file.write(b"\0")
        again = Store(folder)
        again.load_active()
        assert send(again, _LARGE) == 40 * PIECE
        assert "SHA-256 of slot b differs" in raises(StoreError, again.finish)
        assert send(again, _LARGE) == 0
        assert again.finish().model.digest == in_hex(_LARGE)


def test_an_incomplete_push_is_refused():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW, upto=PIECE)
        message = raises(StoreError, store.finish)
        assert message == "incomplete: %d of %d bytes" % (PIECE, len(_NEW))
        # It may still go on.
        for offset in range(PIECE, len(_NEW), PIECE):
            store.write(offset, _NEW[offset : offset + PIECE])
        assert store.finish().model.digest == in_hex(_NEW)


def test_a_wrong_hash_is_refused_and_forgotten():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW, digest=sha(OLD))
        assert "SHA-256 of slot b differs" in raises(StoreError, store.finish)
        assert "b.safetensors" not in os.listdir(folder) and active(folder) == OLD
        assert "no push has begun" in raises(StoreError, store.finish)


def test_what_was_written_is_read_back():
    with Scratch() as folder:
        store = holding(folder)
        send(store, _NEW)
        store._file.flush()
        # Flash that did not keep a byte.
        with open(folder + "/b.safetensors", "r+b") as file:
            file.seek(len(_NEW) - 1)
            file.write(bytes([_NEW[-1] ^ 1]))
        assert "differs" in raises(StoreError, store.finish)
        assert active(folder) == OLD


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
            assert "b.safetensors" not in os.listdir(folder) and active(folder) == OLD


def test_pieces_repeated_and_out_of_order():
    with Scratch() as folder:
        store = holding(folder)
        store.begin(len(_NEW), sha(_NEW))
        message = raises(StoreError, store.write, PIECE, _NEW[PIECE : 2 * PIECE])
        assert message == "expected offset 0, got %d" % PIECE
        for offset in range(0, len(_NEW), PIECE):
            piece = _NEW[offset : offset + PIECE]
            store.write(offset, piece)
            store.write(offset, piece)  # its reply was lost, the host sends it again
            assert store.received == offset + len(piece)
            # Overlapping what is there is neither a repetition nor the next one.
            if offset + len(piece) < len(_NEW):
                raises(StoreError, store.write, offset + 1, piece)
        store.write(0, _NEW[:PIECE])
        assert store.finish().model.digest == in_hex(_NEW)


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
        assert active(folder) == OLD


def test_pieces_without_a_push():
    with Scratch() as folder:
        store = holding(folder)
        for operation in (lambda: store.write(0, b"x"), store.finish):
            assert raises(StoreError, operation) == "no push has begun"
        store.abandon()


def test_a_new_push_replaces_the_one_before():
    with Scratch() as folder:
        store = holding(folder)
        send(store, OLD, upto=PIECE)
        send(store, _NEW)
        assert store.finish().model.digest == in_hex(_NEW)
        store.activate()
        store.confirm()
        send(store, _LARGE)
        store.abandon()
        assert "a.safetensors" not in os.listdir(folder) and active(folder) == _NEW


def test_an_active_model_that_went_bad_is_reported():
    for data, message in ((OLD[:-1], "truncated"), (b"", "not a model file")):
        with Scratch() as folder:
            with open(folder + "/active.safetensors", "wb") as file:
                file.write(data)
            store = Store(folder)
            assert message in raises(ModelError, store.load_active)
            # It may be the firmware that is wrong: the file stays until a push is active.
            push(store, _NEW)
            assert active(folder) == _NEW and not store.on_trial

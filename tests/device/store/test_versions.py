"""A board that keeps its version: what trial, confirming and going back mean for it."""

from fixtures import Scratch, model_bytes, raises, settings, tensors
from keyed_folder import trusting
from store_helpers import send

from rivulet.errors import StoreError
from rivulet.store.access_files import AccessFiles
from rivulet.store.trust import Trust
from rivulet.store.uploads import Store

_KEEPING = '{"keep_version": true}'


def versioned(number):
    return model_bytes(settings(version=number), tensors(seed=number + 1))


def started(folder):
    """A store after a start of the board, and the version that it runs."""
    store = Store(folder, trust=Trust(AccessFiles(folder)))
    store.boot()
    return store, store.load_active().settings["version"]


def push(store, number):
    data = versioned(number)
    send(store, data)
    store.finish()
    store.activate()


def keeping(folder):
    """A store that runs version 4, its first model."""
    store = Store(folder, trust=trusting(folder, _KEEPING))
    push(store, 4)
    return store


def refused(store, number):
    send(store, versioned(number))
    return raises(StoreError, store.finish)


def test_the_first_model_counts_at_once():
    with Scratch() as folder:
        message = "its version is 3 and this board has confirmed 4: convert with --version"
        assert refused(keeping(folder), 3) == message
        store, runs = started(folder)
        assert runs == 4 and refused(store, 3) == message
        push(store, 4)


def test_on_trial_a_version_binds_nothing_and_confirmed_it_does():
    with Scratch() as folder:
        store = keeping(folder)
        push(store, 9)
        assert store.on_trial and Trust(AccessFiles(folder)).version == 4
        # Back by hand: it is the version that was confirmed.
        candidate = store.previous("by hand")
        assert candidate.model.settings["version"] == 4
        candidate.activate()
        push(store, 5)
        assert store.confirm() and Trust(AccessFiles(folder)).version == 5
        assert "this board has confirmed 5" in raises(StoreError, store.previous, "x")
        assert "this board has confirmed 5" in refused(store, 4)


def test_a_version_confirmed_before_a_power_cut_counts_after_it():
    with Scratch() as folder:
        store = keeping(folder)
        push(store, 6)
        # The power goes between the journal's record and the note of the version.
        store._trust.confirm = lambda settings: None
        assert store.confirm() and Trust(AccessFiles(folder)).version == 4
        store, runs = started(folder)
        assert runs == 6 and refused(store, 5).startswith("its version is 5")


def test_a_trial_that_fails_goes_back_to_the_older_version():
    with Scratch() as folder:
        store = keeping(folder)
        push(store, 6)
        store.crashed("boom")
        store, runs = started(folder)
        assert runs == 4
        push(store, 4)


def test_a_confirmed_model_that_rots_leaves_the_board_running():
    with Scratch() as folder:
        store = keeping(folder)
        push(store, 6)
        assert store.confirm()
        path = store._paths[store.running]
        with open(path, "r+b") as file:
            file.seek(-1, 2)
            file.write(b"?")
        store, runs = started(folder)
        assert runs == 4 and refused(store, 5).startswith("its version is 5")

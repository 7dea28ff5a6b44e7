"""A new model is on trial: confirmed it stays, failing it gives way, whatever happens between."""

import os

from fixtures import Scratch, model_bytes, raises, settings, tensors
from store_helpers import holding, in_hex, push, send, sha

from rivulet.errors import ModelError, StoreError
from rivulet.store.slots import WATCHDOG
from rivulet.store.uploads import Store

_OLD = model_bytes()
_NEW = model_bytes(settings(integrator="euler"), tensors(seed=2))
_THIRD = model_bytes(arrays=tensors(seed=5))


def started(folder, cause=""):
    """(store, hash) after a start of the board."""
    store = Store(folder)
    store.boot(cause)
    model = store.load_active()
    return store, model.digest if model else ""


def trying(folder):
    """A store whose active model _NEW is on trial, _OLD before it."""
    store = holding(folder)
    push(store, _NEW)
    assert store.on_trial
    return store


def test_the_first_model_has_nothing_to_go_back_to():
    with Scratch() as folder:
        store = Store(folder)
        push(store, _OLD)
        assert not store.on_trial
        assert raises(StoreError, store.previous, "x") == "there is no earlier model to go back to"
        assert store.confirm() is False


def test_starts_and_their_causes_are_counted():
    with Scratch() as folder:
        for cause in ("power-on", "", WATCHDOG, "power-on", "", WATCHDOG, "power-on"):
            store, _ = started(folder, cause)
        facts = store.facts()
        assert facts["boots"] == 7
        assert facts["resets"] == {"power-on": 3, WATCHDOG: 2}


def test_a_start_takes_over_what_an_earlier_firmware_left():
    with Scratch() as folder:
        with open(folder + "/active.safetensors", "wb") as file:
            file.write(_OLD)
        for boots in (1, 2):
            store, digest = started(folder)
            assert digest == in_hex(_OLD) and store.facts()["boots"] == boots
        assert "active.safetensors" not in os.listdir(folder)


def test_confirmed_it_stays():
    with Scratch() as folder:
        store = trying(folder)
        assert store.confirm() is True and store.confirm() is False
        for cause in (WATCHDOG, "", "", "", ""):
            store, digest = started(folder, cause)
            assert digest == in_hex(_NEW) and not store.on_trial
        assert store.facts()["boots"] == 5 and store.facts()["reverts"] == 0


def test_three_starts_without_standing():
    with Scratch() as folder:
        trying(folder)
        for _ in range(2):
            store, digest = started(folder)
            assert digest == in_hex(_NEW) and store.on_trial
        store, digest = started(folder)
        assert digest == in_hex(_OLD) and not store.on_trial
        facts = store.facts()
        assert facts["reverted"] == [in_hex(_NEW), "3 starts without standing"]
        assert (facts["reverts"], facts["slot"]) == (1, "a")
        # What was left does not come back.
        assert "no earlier model" in raises(StoreError, store.previous, "x")


def test_starts_that_ended_in_order_are_no_failures():
    with Scratch() as folder:
        trying(folder).rest()
        for _ in range(5):
            store, digest = started(folder)
            assert digest == in_hex(_NEW) and store.on_trial
            store.rest()


def test_the_watchdog_ends_a_trial():
    with Scratch() as folder:
        trying(folder)
        store, digest = started(folder, WATCHDOG)
        assert digest == in_hex(_OLD)
        assert "watchdog" in store.facts()["reverted"][1]


def test_a_crash_ends_a_trial():
    with Scratch() as folder:
        store = trying(folder)
        store.crashed("ValueError: x")
        store, digest = started(folder)
        assert digest == in_hex(_OLD)
        facts = store.facts()
        assert facts["reverted"] == [in_hex(_NEW), "ValueError: x"]
        # The model was to blame, not the program.
        assert facts["failures"] == 0 and not store.unsettled


def test_three_failed_starts_in_a_row_and_one_try_after_them():
    with Scratch() as folder:
        holding(folder)
        for failures in range(3):
            store, digest = started(folder)
            assert digest == in_hex(_OLD) and store.safe_mode == ""
            assert store.facts()["failures"] == failures
            store.crashed("ValueError: %d" % failures)
        store, digest = started(folder)
        assert digest == ""
        assert store.safe_mode == "3 starts failed in a row, the last with: ValueError: 2"
        # Pushes are taken there.
        push(store, _NEW)
        store, digest = started(folder)
        assert store.safe_mode == "" and digest == in_hex(_NEW)


def test_failed_starts_that_are_not_in_a_row():
    for end in (lambda store: store.rest(), lambda store: store.stands()):
        with Scratch() as folder:
            holding(folder)
            for _ in range(6):
                store, digest = started(folder)
                assert digest == in_hex(_OLD) and store.safe_mode == ""
                store.crashed("x")
                store, _ = started(folder)
                assert store.unsettled
                end(store)
                assert not store.unsettled


def test_the_watchdog_counts_as_a_failed_start():
    with Scratch() as folder:
        holding(folder)
        for _ in range(2):
            assert started(folder, WATCHDOG)[0].safe_mode == ""
        assert "watchdog" in started(folder, WATCHDOG)[0].safe_mode
        assert started(folder)[0].safe_mode == ""


def test_going_back():
    with Scratch() as folder:
        store = trying(folder)
        store.confirm()
        candidate = store.previous("by hand")
        made = candidate.model
        assert made.digest == in_hex(_OLD) and made.settings["integrator"] == "exponential"
        # Loaded and verified; a power cut here starts the new one.
        assert started(folder)[1] == in_hex(_NEW)
        candidate.activate()
        assert store.facts()["slot"] == "a"
        assert started(folder)[1] == in_hex(_OLD)


def test_a_push_during_a_trial_never_costs_the_last_good_model():
    for upto in (0, 192, len(_THIRD)):
        with Scratch() as folder:
            store = trying(folder)
            send(store, _THIRD, upto=upto)
            facts = store.facts()
            assert (facts["slot"], facts["trial"]) == ("", False)
            assert "on flash no more" in raises(StoreError, store.confirm)
            again, digest = started(folder)
            assert digest == in_hex(_OLD)
            # And without a power cut the push ends as any other.
            send(store, _THIRD)
            store.finish()
            store.activate()
            assert store.on_trial and started(folder)[1] == in_hex(_THIRD)
            store.crashed("x")
            assert started(folder)[1] == in_hex(_OLD)


def test_going_back_while_a_push_has_taken_the_trials_slot():
    with Scratch() as folder:
        store = trying(folder)
        send(store, _THIRD, upto=192)
        candidate = store.previous("by hand")
        assert candidate.model.digest == in_hex(_OLD)
        candidate.activate()
        assert store.facts()["slot"] == "a" and store.facts()["reverts"] == 1
        # The push goes on.
        assert store.begin(len(_THIRD), sha(_THIRD)) == 192
        push(store, _THIRD)
        assert started(folder)[1] == in_hex(_THIRD)


def test_a_slot_that_went_bad_is_left_for_the_other():
    with Scratch() as folder:
        trying(folder).confirm()
        with open(folder + "/b.safetensors", "r+b") as file:
            file.seek(100)
            file.write(b"\xff\xff")
        store, digest = started(folder)
        assert digest == in_hex(_OLD)
        assert "SHA-256 of slot b differs" in store.facts()["reverted"][1]
        os.remove(folder + "/a.safetensors")
        raises(ModelError, Store(folder).load_active)


def test_an_earlier_model_that_went_bad_is_not_gone_back_to():
    with Scratch() as folder:
        store = trying(folder)
        os.remove(folder + "/a.safetensors")
        raises(StoreError, store.previous, "x")
        assert store.on_trial and store.facts()["slot"] == "b"


def test_a_filesystem_that_refuses_the_journal_does_not_stop_a_start():
    with Scratch() as folder:
        trying(folder)
        store = Store(folder)

        def refuse(**changes):
            raise OSError(28)

        store._journal.write = refuse
        store.boot()
        assert store.load_active().digest == in_hex(_NEW)
        assert "could not be written" in store.facts()["store_trouble"]
        assert "the filesystem refused it" in raises(StoreError, store.confirm)
        assert store.on_trial

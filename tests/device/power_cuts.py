"""What a board writes to its flash, as scenarios that a power cut may end at any moment.

A scenario is (name, prepare, act, allowed): `prepare(folder)` brings a filesystem to where it
begins, `act(folder)` is what gets cut, `allowed` are the models that a start may run afterwards.
`check` starts the board on what is left, and updates it.
"""

import hashlib
from binascii import hexlify

from fixtures import model_bytes, settings, tensors
from learning_models import float_bytes

from rivulet.errors import StoreError
from rivulet.store import learnt, slots
from rivulet.store.slots import WATCHDOG
from rivulet.store.snapshot import SnapshotFile
from rivulet.store.uploads import Store

OLD = model_bytes(arrays=tensors(hidden=2))
NEW = model_bytes(settings(integrator="euler"), tensors(hidden=2, seed=2))
# More than is flushed at once.
LARGE = model_bytes(arrays=tensors(hidden=24, seed=3))
# A model that learns; of what it has learnt a start may find (LEARNING, labels).
LEARNING = float_bytes()
_LAST = model_bytes(arrays=tensors(hidden=3, seed=4))
_PIECE = 512
_HALF = 4608


def sha(data):
    return hashlib.sha256(data).digest()


def in_hex(data):
    return hexlify(sha(data)).decode()


def started(folder, cause=""):
    """(store, hash of the model that runs) after a start."""
    store = Store(folder)
    store.boot(cause)
    model = store.load_active()
    return store, model.digest if model else ""


def send(store, data, upto=None):
    begin = store.begin(len(data), sha(data))
    end = len(data) if upto is None else upto
    for at in range(begin, end, _PIECE):
        store.write(at, data[at : min(at + _PIECE, end)])


def push(store, data):
    send(store, data)
    store.finish()
    store.activate()


def _nothing(folder):
    pass


def _old(folder):
    push(Store(folder), OLD)


def _of_an_earlier_firmware(folder):
    _old(folder)
    slots.os.rename(folder + "/a.safetensors", folder + "/active.safetensors")
    for number in range(2):
        slots.os.remove(folder + "/journal.%d" % number)


def _on_trial(folder):
    _old(folder)
    push(started(folder)[0], NEW)


def _interrupted(folder):
    _old(folder)
    store = started(folder)[0]
    send(store, LARGE, _HALF)
    store.rest()


def _tried_three_times(folder):
    _on_trial(folder)
    started(folder)
    started(folder)


def _failing(folder):
    _old(folder)
    for _ in range(2):
        started(folder)[0].crashed("x")


def _confirmed(folder):
    _on_trial(folder)
    started(folder)[0].confirm()


def _go_back(folder):
    store = started(folder)[0]
    store.previous("by hand").activate()


def _refused(folder):
    store = started(folder)[0]
    send(store, NEW[:-8])
    try:
        store.finish()
    except StoreError:
        pass


def _warm(folder, level=0.25):
    """A snapshot of the old model with this in every unit."""
    made = Store(folder).load_active()
    for i in range(made.hidden):
        made.cell.state_floats[i] = level
    SnapshotFile(folder, "").save(made, made.digest, 1, True)


def _old_and_warm(folder):
    _old(folder)
    _warm(folder)


def _learnt(folder, labels):
    """What the model has learnt after so many labels, kept as if it had stood."""
    store = started(folder)[0]
    made = store.load_active()
    made.learner.labels = labels
    made.learner.rows.values[0] = 0.25 * labels
    learnt.save(made, learnt.path_of(store._paths[store.running]), made.digest)


def _learning(folder):
    push(Store(folder), LEARNING)


def _learnt_once(folder):
    _learning(folder)
    _learnt(folder, 1)


def _unlearn(folder):
    store = started(folder)[0]
    store.adapted = store.load_active()
    store.previous("by hand").activate()


def _labels(folder):
    """How many labels a start finds, -1 for a readout that is neither the old nor the new one."""
    made = Store(folder).load_active()
    labels = made.learner.labels
    if labels and made.learner.rows.values[0] != 0.25 * labels:
        return -1
    return labels


SCENARIOS = (
    ("first push", _nothing, lambda folder: push(Store(folder), NEW), (None, NEW)),
    ("taken over", _of_an_earlier_firmware, started, (OLD,)),
    ("push", _old, lambda folder: push(started(folder)[0], NEW), (OLD, NEW)),
    (
        "push of several flushes",
        _old,
        lambda folder: push(started(folder)[0], LARGE),
        (OLD, LARGE),
    ),
    (
        "push that goes on",
        _interrupted,
        lambda folder: push(started(folder)[0], LARGE),
        (OLD, LARGE),
    ),
    ("push that is refused", _old, _refused, (OLD,)),
    (
        "push over a trial",
        _on_trial,
        lambda folder: push(started(folder)[0], LARGE),
        (OLD, NEW, LARGE),
    ),
    ("confirm", _on_trial, lambda folder: started(folder)[0].confirm(), (NEW,)),
    ("start on trial", _on_trial, started, (NEW,)),
    ("revert at the last start", _tried_three_times, started, (OLD, NEW)),
    ("revert after the watchdog", _on_trial, lambda folder: started(folder, WATCHDOG), (OLD, NEW)),
    (
        "revert after a crash",
        _on_trial,
        lambda folder: started(folder)[0].crashed("x"),
        (OLD, NEW),
    ),
    ("rollback", _confirmed, _go_back, (OLD, NEW)),
    ("warm state saved", _old_and_warm, lambda folder: _warm(folder, 0.5), (OLD,)),
    (
        "what was learnt is kept",
        _learning,
        lambda folder: _learnt(folder, 1),
        ((LEARNING, 0), (LEARNING, 1)),
    ),
    (
        "what was learnt is kept again",
        _learnt_once,
        lambda folder: _learnt(folder, 2),
        ((LEARNING, 1), (LEARNING, 2)),
    ),
    ("what was learnt is removed", _learnt_once, _unlearn, ((LEARNING, 0), (LEARNING, 1))),
    ("start that fails", _failing, lambda folder: started(folder)[0].crashed("x"), (OLD,)),
)


def _snapshot_is_whole(folder):
    made = Store(folder).load_active()
    snapshot = SnapshotFile(folder, "")
    if not snapshot.restore(made, made.digest):
        return "damaged" not in snapshot.started
    made = Store(folder).load_active()
    state = snapshot._read(made, made.digest)[0][0]
    return list(state) in ([0.25] * made.hidden, [0.5] * made.hidden)


def check(folder, allowed):
    """Start the board and update it; (the model it ran, what was wrong or "")."""
    store, digest = started(folder)
    if store.safe_mode:  # it runs none by design, and the start after it does
        store, digest = started(folder)
    ran = None
    for data in (OLD, NEW, LARGE):
        if digest == in_hex(data):
            ran = data
    if digest == in_hex(LEARNING):
        ran = LEARNING, _labels(folder)
    if digest and ran is None:
        return None, "it runs a model that nobody sent"
    if ran not in allowed:
        return ran, "it runs %s" % (digest[:12] or "no model")
    if ran == OLD and not _snapshot_is_whole(folder):
        return ran, "its snapshot is neither the old nor the new one"
    if store.on_trial:
        try:
            store.previous("x")
        except StoreError as error:
            return ran, "on trial without a way back: %s" % error
    push(store, _LAST)
    if started(folder)[1] != in_hex(_LAST):
        return ran, "the next push does not become active"
    return ran, ""

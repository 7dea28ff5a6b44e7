"""What a start takes, and how long turns are while a model is pushed: `rivulet bench --start`.

Comes behind bench_models.py and bench.py without its last line, in a session whose firmware was
imported by bench_imports.py. Needs `INPUTS` in its globals. Prints a JSON line a phase.
"""

import hashlib

from rivulet import protocol

_UNITS = 64
# What only write_model needs.
_DONE = (
    "TABLES _SOME_WEIGHTS integer_model input_map_of tables some_bytes softplus Integers measure "
    "in_integers in_the_loop from_flash WholeLoop kernels loading write_model integer_settings "
    "Store"
)
# The slot that the model takes.
_NAME = "a.safetensors"
_CHUNK = protocol.PUSH_CHUNK
_MOST_TURNS = 2000
_DECIDING_MS = 1000
_FIRST = 2  # where the payload of a request begins


def say(what, microseconds, **more):
    print(json.dumps(dict(more, what=what, ms=microseconds / 1000)))


def timed(owner, name, spent):
    """Let a function of an object or a module add its microseconds to spent[name]."""
    function = getattr(owner, name)

    def wrapped(*arguments):
        started = ticks_us()
        try:
            return function(*arguments)
        finally:
            spent[name] = spent.get(name, 0) + ticks_diff(ticks_us(), started)

    setattr(owner, name, wrapped)


class Pushing(Silent):
    """Hands over one request a turn; its answers go nowhere."""

    def __init__(self):
        super().__init__()
        self.kind = 0
        self.asked = b""

    def receive(self):
        if not self.kind:
            return False
        body = self.deframer.body
        body[0], body[1] = self.kind, 1
        body[_FIRST : _FIRST + len(self.asked)] = self.asked
        self.deframer.length = _FIRST + len(self.asked)
        self.kind = 0
        return True


def asked(loop, link, kind, payload=b""):
    """Microseconds of the turn that takes a request: while events come, not every turn does."""
    link.kind, link.asked = kind, payload
    while link.kind:
        taken = turn(loop)
    return taken


def turn(loop):
    """Microseconds of a turn with an event in it."""
    now = ticks_us()
    loop.ring.push(now & 0x3FFFFFFF, 0)
    loop.turn()
    return ticks_diff(ticks_us(), now)


def started(store):
    """A loop that has had its first event, and its link."""
    board = Board(INPUTS)
    link = Pushing()
    begun = ticks_us()
    loop = Loop(board, board, link, store)
    say("the loop and its parts, with the model", ticks_diff(ticks_us(), begun))
    say("the first event", turn(loop))
    return loop, link


def decisions(loop, full):
    """Return the median microseconds of decisions, taken in full or, if not so, as they come."""
    calls = []
    decide = loop._decide

    def wrapped():
        if full:
            # What the one before has left: whether anything was special about it.
            loop.control.steady[0] = 0
        begun = ticks_us()
        result = decide()
        calls.append(ticks_diff(ticks_us(), begun))
        return result

    loop._decide = wrapped
    begun = ticks_ms()
    while ticks_diff(ticks_ms(), begun) < _DECIDING_MS:
        turn(loop)
        # Those in which none was due take a tenth.
        calls = [taken for taken in calls if 2 * taken > max(calls)]
    loop._decide = decide
    return sorted(calls)[len(calls) // 2]


def pieces(path):
    """Yield the model as a push sends it: with another last byte, it is another model."""
    size = os.stat(path)[6]
    with open(path, "rb") as file:
        for at in range(0, size, _CHUNK):
            piece = file.read(_CHUNK)
            if at + len(piece) == size:
                piece = piece[:-1] + bytes((piece[-1] ^ 1,))
            yield at, piece


def push(loop, link, path):
    """The longest turns of a push, by phase."""
    usual = sorted([turn(loop) for _ in range(40)])[20]
    say("a turn without a push", usual)
    # A cadence at least, of 100 ms.
    say("the longest of 200: one with a decision", max([turn(loop) for _ in range(200)]))
    say("a decision if nothing is special about it", decisions(loop, False))
    say("one in full", decisions(loop, True))
    digest = hashlib.sha256()
    for _, piece in pieces(path):
        digest.update(piece)
    head = os.stat(path)[6].to_bytes(4, "little") + digest.digest()
    begin = asked(loop, link, protocol.PUSH_BEGIN, head)
    chunks = []
    for at, piece in pieces(path):
        taken = asked(loop, link, protocol.PUSH_DATA, at.to_bytes(4, "little") + piece)
        chunks.append(taken)
    gc.collect()
    spent = {}
    for owner, name in parts(loop):
        timed(owner, name, spent)
    ends = [asked(loop, link, protocol.PUSH_END)]
    while not loop.swaps:
        ends.append(turn(loop))
        if len(ends) > _MOST_TURNS:
            raise ValueError("the push does not end")
    say("the beginning of a push", begin)
    say("the longest of %d chunks" % len(chunks), max(chunks))
    say("their median", sorted(chunks)[len(chunks) // 2])
    say("the longest turn at its end, of %d" % len(ends), max(ends))
    say("all of the end", sum(ends))
    for _, name in parts(loop):
        say("of which " + name.strip("_").replace("_", " "), spent.get(name, 0))


def parts(loop):
    from rivulet.model import header, running, self_test

    store = loop._store
    return (
        (store, "_digest"),
        (header, "read_header"),
        (header, "check"),
        (running, "collect"),
        (running, "_load_integers"),
        (self_test, "try_out"),
        (loop, "swap"),
    )


def main():
    path = _FOLDER + "/active.safetensors"
    os.mkdir(_FOLDER)
    try:
        write_model(path, _UNITS, INPUTS)
        # A board needs their memory for two models.
        for name in _DONE.split():
            globals().pop(name)
        gc.collect()
        # What is timed is a start, not the taking over of a file without a journal.
        uploads.Store(_FOLDER).load_active()
        gc.collect()
        begun = ticks_us()
        store = uploads.Store(_FOLDER)
        store.boot("")
        say("the store and its journal", ticks_diff(ticks_us(), begun))
        loop, link = started(store)
        push(loop, link, _FOLDER + "/" + _NAME)
    finally:
        for name in os.listdir(_FOLDER):
            os.remove(_FOLDER + "/" + name)
        os.rmdir(_FOLDER)


main()

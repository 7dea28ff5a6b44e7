"""A device in the line between a host and a board that has a key, or trusts a signing key."""

import gc
import hashlib
import json
import random
import struct
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from host_tools.errors import RivuletError
from host_tools.faults import Given, Row
from host_tools.faults._in_process import Client, Command, InProcessBoard, fake
from host_tools.faults._man_in_the_middle import MOVES, ManInTheMiddle
from host_tools.link.wire import Board
from host_tools.watch.status import status_of, tau_outside
from rivulet import protocol

KEY = bytes(range(32))
_OPERATIONS = ("status", "push", "confirm", "release")
_STARTS = 3
_SESSIONS = 4  # in each start
# Longer than any wrong authorisation holds the next one off.
_PAUSE_S = 65.0
# What `rivulet status` asks for to take one record of time constants, and to end it.
_SAMPLE = struct.pack(protocol.CONFIGURE_BODY, 1, 20.0, 3000)
_STOP = struct.pack(protocol.CONFIGURE_BODY, 15, 0.0, 3000)
# Performed for everybody: the first two tell of the protocol alone, the beginning of a push binds
# its pieces.
_FREE = (protocol.HELLO, protocol.CHALLENGE, protocol.PUSH_DATA, protocol.PUSH_END)
_READING = (protocol.STATUS, protocol.DESCRIBE, protocol.CONFIGURE, protocol.COLLECT)


@dataclass(frozen=True)
class Kind:
    """A kind of board."""

    keyed: bool
    closed: bool = False
    trust: bool = False

    def __str__(self) -> str:
        words = {"keyed": self.keyed, "closed": self.closed, "--trust": self.trust}
        return ", ".join(word for word, is_so in words.items() if is_so)


KEYED = (Kind(True), Kind(True, closed=True), Kind(True, trust=True))
TRUSTING = (Kind(False, trust=True),)


@dataclass
class Seen:
    """What became of many runs.

    moves: counts what the device did; done: counts the requests that succeeded, as the host was
    told; failed: sessions that ended in one line; authorised: commands that boards performed.
    """

    moves: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    authorised: int = 0
    broken: list[str] = field(default_factory=list)


class Owner:
    """Gives commands over a line with a device in it.

    asked: the commands that follow from that, whatever the board seems to reply; sealed: counts
    those that the host authorised; models: the hashes of the pushed models.
    """

    def __init__(self, board: InProcessBoard, key: bytes | None, client: type[Client]) -> None:
        self._board = board
        self._key = key
        self._client = client
        self.asked: set[Command] = set()
        self.sealed: Counter[Command] = Counter()
        self.models: set[str] = set()

    def session(self, operations: list[str], model: bytes, keyed: bool, seen: Seen) -> bool:
        """Connect and do these in a row, up to the first that fails; True if none did."""
        self.asked.add((protocol.DESCRIBE, b""))
        name = "connect"
        try:
            with self._client(self._board, self.sealed, self._key, keyed) as client:
                for name in operations:
                    self._do(client, name, model)
                    seen.done[name] += 1
            return True
        except RivuletError as error:
            seen.failed += 1
            if not str(error).isprintable():
                seen.broken.append(f"{name}: more than a line: {error!r}")
        except Exception as error:
            seen.broken.append(f"{name}: {type(error).__name__}: {error}")
        return False

    def _do(self, client: Board, name: str, model: bytes) -> None:
        if name == "status":
            self.asked.add((protocol.STATUS, b""))
            # As `rivulet status` does, which may take a telemetry record.
            self.asked |= {(protocol.CONFIGURE, _SAMPLE), (protocol.CONFIGURE, _STOP)}
            status_of(client)
            tau_outside(client)
        elif name == "push":
            digest = hashlib.sha256(model)
            begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(model), digest.digest())
            # Status as well, where the answer to its end is lost.
            self.asked |= {(protocol.PUSH_BEGIN, begin), (protocol.STATUS, b"")}
            self.models.add(digest.hexdigest())
            client.push(model)
        elif name == "confirm":
            self.asked.add((protocol.CONFIRM, b""))
            client.confirm()
        else:
            self.asked.add((protocol.RELEASE, b""))
            client.release()


class Models:
    """Model files: `signed` or not, and `forged` ones of the device's own, which never are."""

    def __init__(self) -> None:
        fixtures = fake("fixtures")
        tau = {"tau_s": {"0.05": "1 1 1 1", "0.95": "2 2 2 2"}}
        made = [
            fixtures.model_bytes(
                fixtures.settings(version=number, provenance=tau), fixtures.tensors(seed=number)
            )
            for number in range(600)
        ]
        self.plain = made[:12]
        sign = fake("signed_files").signed
        self.signed = [sign(model) for model in self.plain]
        # A hash must end in the kind that the owner asked for: see ManInTheMiddle.
        ends = (protocol.DESCRIBE, protocol.STATUS, protocol.CONFIRM)
        self.forged = [m for m in made[12:] if hashlib.sha256(m).digest()[-1] in ends]
        self.forged += [self.signed[0][:-1] + b"x", self.signed[1] + b"x", self.plain[2]]


class Run:
    """A board, its owner and a device between them, over some starts; `seed` decides all of it."""

    def __init__(self, kind: Kind, seed: str, models: Models, client: type[Client]) -> None:
        self.kind = kind
        self._seed = seed
        self._draw = random.Random(seed)
        self._client = client
        self._models = models.signed if kind.trust else models.plain
        self._device = ManInTheMiddle(self._draw.randrange(1 << 30), models.forged)
        self._known = {hashlib.sha256(model).hexdigest() for model in self._models} | {""}

    def go(self, folder: Path, seen: Seen) -> None:
        self._provision(folder)
        board = InProcessBoard(folder, self._device, self._draw.randbytes)
        owner = Owner(board, KEY if self.kind.keyed else None, self._client)
        allowed = set(board.models)
        for start in range(_STARTS):
            if start:
                board.start()
            owner.asked.clear()
            owner.sealed.clear()
            for _ in range(_SESSIONS):
                self._device.draw_behaviour()
                self._session(owner, seen)
                board.wait(self._draw.choice((0.0, 0.0, 1.5, 11.0, _PAUSE_S)))
                if board.released:
                    break
            allowed |= owner.models
            seen.broken += [f"{self._seed}: {said}" for said in self._wrong(board, owner, allowed)]
            seen.authorised += sum(owner.sealed[command] > 0 for command in board.performed)
        self._serve(board, owner, seen)
        seen.moves += self._device.moves

    def _provision(self, folder: Path) -> None:
        if self.kind.keyed:
            (folder / "key").write_text(KEY.hex())
        settings: dict[str, object] = {"closed": self.kind.closed}
        if self.kind.trust:
            settings["modulus"] = fake("signing_keys").MODULUS_2048
        (folder / "settings.json").write_text(json.dumps(settings))
        (folder / "active.safetensors").write_bytes(self._models[0])

    def _session(self, owner: Owner, seen: Seen) -> None:
        draw = self._draw
        operations = draw.choices(_OPERATIONS, (4, 4, 3, 1), k=draw.randint(1, 4))
        keyed = self.kind.keyed and draw.random() < 0.5
        owner.session(operations, draw.choice(self._models), keyed, seen)

    def _wrong(self, board: InProcessBoard, owner: Owner, allowed: set[str]) -> Iterator[str]:
        """Yield what the board did in this start and its owner did not ask for."""
        for (kind, payload), times in board.performed.items():
            if not self.kind.keyed or kind in _FREE or (kind in _READING and not self.kind.closed):
                continue
            what = f"kind 0x{kind:02x} with {payload.hex() or 'nothing'}"
            if (kind, payload) not in owner.asked:
                yield f"performed and never asked for: {what}"
            elif times > owner.sealed[kind, payload]:
                yield f"performed {times} times, authorised less often: {what}"
        for digest in board.models - (allowed if self.kind.keyed else self._known):
            yield f"active and never pushed: {digest}"
        if self.kind.trust and board.models - self._known:
            yield "active and not signed"

    def _serve(self, board: InProcessBoard, owner: Owner, seen: Seen) -> None:
        """Check that the owner is served on a line without a device."""
        self._device.only_listen()
        board.start()
        board.wait(_PAUSE_S)
        if not owner.session(["status", "push", "confirm"], self._models[-1], False, seen):
            seen.broken.append(f"{self._seed}: afterwards the owner is not served")
        elif hashlib.sha256(self._models[-1]).hexdigest() not in board.models:
            seen.broken.append(f"{self._seed}: afterwards a push is not active")


@contextmanager
def small_heap() -> Iterator[None]:
    """Keep the host tools' own objects out of the firmware's garbage collections."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def runs(kinds: tuple[Kind, ...], seed: int, count: int, client: type[Client] = Client) -> Seen:
    """Make `count` runs with each kind of board."""
    seen = Seen()
    models = Models()
    with small_heap():
        for kind in kinds:
            for number in range(count):
                with TemporaryDirectory() as folder:
                    Run(kind, f"{seed}/{kind}/{number}", models, client).go(Path(folder), seen)
    return seen


def _row(given: Given, kinds: tuple[Kind, ...], what: str, promised: str, seen_of_it: str) -> Row:
    count = given.times(full=300, short=8)
    seen = runs(kinds, given.seed, count)
    idle = [name for name in _OPERATIONS if not seen.done[name]]
    idle += [name for name in MOVES if not seen.moves[name]]
    if kinds[0].keyed and not seen.authorised:
        idle.append("an authorised command")
    return Row(
        f"a device between the host and {what} changes, inserts, drops, holds, replays, reflects, "
        f"shortens and lengthens what goes by; {_STARTS * count * len(kinds):,} starts",
        seen.moves.total(),
        f"{promised}; the host ends in one line, and is served afterwards",
        f"{seen.done.total():,} requests done, {seen.failed:,} sessions ended in one line; "
        + seen_of_it.format(seen.authorised),
        [*seen.broken, *(f"{name}: not once, this tests nothing" for name in idle)],
    )


def run(given: Given) -> list[Row]:
    return [
        _row(
            given,
            KEYED,
            "a keyed board",
            "the board performs what the key's holder asked for, with that payload, and no more "
            "often than it was authorised",
            "{:,} authorised commands performed, none of the device's",
        ),
        _row(
            given,
            TRUSTING,
            "a board without a key, with --trust",
            "no unsigned model is active",
            "all models were signed",
        ),
    ]

"""A device in the line that owns every byte of it, and not the key.

The seeded one is host_tools/faults/keys.py; here are the attack that it began with, hosts and
boards from before it was mended, and what shows that the seeded one finds such things.
"""

import hashlib
import struct
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from fixtures import model_bytes, settings, tensors

from host_tools.deploy.keys import new_key
from host_tools.errors import NoReply, RivuletError
from host_tools.faults import keys
from host_tools.faults._in_process import Client, InProcessBoard
from host_tools.simulate.virtual import VirtualBoard
from rivulet import protocol
from tests.link.former import FormerHost, former_board

_KEY = bytes(range(32))
_NEW = model_bytes(settings(version=2), tensors(seed=2))


class Straight:
    """A wire that leaves everything as it is."""

    def to_board(self, data: bytes) -> bytes:
        return data

    def to_host(self, data: bytes) -> bytes:
        return data


class Border:
    """Puts `more` behind the first nonce, and before the command that was signed with it.

    `then`: frames that follow this command. moved: how many of the two it has done.
    """

    def __init__(self, more: bytes, then: bytes = b"") -> None:
        self.more, self.then = more, then
        self.moved = 0
        self._up, self._down = protocol.Deframer(4096), protocol.Deframer(4096)

    def to_board(self, data: bytes) -> bytes:
        out = b""
        for kind, sequence, payload in frames(self._up, data):
            if kind == protocol.AUTHORISED and self.moved == 1:
                self.moved = 2
                out += protocol.frame(kind, sequence, payload[:32] + self.more + payload[32:])
                out += self.then
            else:
                out += protocol.frame(kind, sequence, payload)
        return out

    def to_host(self, data: bytes) -> bytes:
        out = b""
        for kind, sequence, payload in frames(self._down, data):
            if kind == protocol.REPLY and payload[1] == protocol.CHALLENGE and not self.moved:
                self.moved = 1
                payload += self.more.hex().encode()
            out += protocol.frame(kind, sequence, payload)
        return out


def frames(deframer: protocol.Deframer, data: bytes) -> list[tuple[int, int, bytes]]:
    bodies = [
        bytes(deframer.body[: deframer.length])
        for byte in data
        if deframer.feed(byte) == protocol.FRAME
    ]
    return [(body[0], body[1], body[2:]) for body in bodies]


def keyed(folder: Path, wire: object, text: str = "{}") -> InProcessBoard:
    (folder / "key").write_text(_KEY.hex())
    (folder / "settings.json").write_text(text)
    (folder / "active.safetensors").write_bytes(model_bytes())
    return InProcessBoard(folder, wire)  # type: ignore[arg-type]


def status(keyed_board: InProcessBoard, host: type[Client]) -> None:
    with host(keyed_board, Counter(), _KEY) as client:
        client.status()


@pytest.mark.parametrize("board", (former_board, nullcontext))
@pytest.mark.parametrize("host", (FormerHost, Client))
def test_status_does_not_become_release(tmp_path: Path, host: type[Client], board: type) -> None:
    """A nonce with one byte more, in which the owner's harmless command follows RELEASE."""
    keyed_board = keyed(tmp_path, Border(bytes((protocol.RELEASE,))))
    with board():
        if host is FormerHost and board is former_board:
            with pytest.raises(NoReply):
                status(keyed_board, host)
            assert keyed_board.released, "this test cannot fail"
            return
        said = "not 64 hex digits: something in the line" if host is Client else "kind 0x09 has 0"
        with pytest.raises(RivuletError, match=said) as raised:
            status(keyed_board, host)
    assert "\n" not in str(raised.value)
    assert not keyed_board.released and not any(kind == 0x09 for kind, _ in keyed_board.performed)


def test_the_owner_is_told_and_the_board_runs_on(
    board: VirtualBoard, tmp_path: Path, rivulet: Callable[..., CompletedProcess[str]]
) -> None:
    (board.files / "access").mkdir()
    key = tmp_path / "board.key"
    new_key(key)
    (board.files / "access" / "key").write_bytes(key.read_bytes())
    board.wire = device = Border(bytes((protocol.RELEASE,)))
    board.power_on()
    done = rivulet("status", "--port", board.port, "--key", key)
    assert device.moved == 1 and done.returncode == 1
    assert done.stderr.count("\n") == 1 and "the board's challenge is not 64 hex" in done.stderr
    device.moved = 2  # it leaves the rest alone
    done = rivulet("status", "--port", board.port, "--key", key)
    assert done.returncode == 0, done.stderr


def test_what_a_former_host_can_still_be_made_to_do(tmp_path: Path) -> None:
    """Its signature may end PUSH_BEGIN: 35 bytes of the device's, then the kind of its command.

    Nothing in these bytes tells a board that they were not meant. Hosts have to be updated.
    """
    forged = next(
        data
        for data in (model_bytes(settings(version=number)) for number in range(5000))
        if hashlib.sha256(data).digest()[-1] == protocol.DESCRIBE
    )
    begin = struct.pack(protocol.PUSH_BEGIN_BODY, len(forged), hashlib.sha256(forged).digest())
    more = bytes((protocol.PUSH_BEGIN,)) + begin[:-1]
    pieces = b"".join(
        protocol.frame(protocol.PUSH_DATA, 1, struct.pack("<I", at) + forged[at : at + 192])
        for at in range(0, len(forged), 192)
    )
    for host, moved in ((FormerHost, True), (Client, False)):
        folder = tmp_path / host.__name__
        folder.mkdir()
        wire = Border(more, pieces + protocol.frame(protocol.PUSH_END, 1))
        keyed_board = keyed(folder, wire)
        with suppress(RivuletError):
            status(keyed_board, host)
        assert (hashlib.sha256(forged).hexdigest() in keyed_board.models) is moved


@pytest.mark.parametrize("text", ("{}", '{"closed": true}'))
@pytest.mark.parametrize(("host", "board"), [(FormerHost, nullcontext), (Client, former_board)])
def test_hosts_and_boards_of_before_still_work(
    tmp_path: Path, host: type[Client], board: type, text: str
) -> None:
    keyed_board = keyed(tmp_path, Straight(), text)
    sealed: Counter[tuple[int, bytes]] = Counter()
    with board(), host(keyed_board, sealed, _KEY) as client:
        assert client.status()["access"] == ("closed" if "closed" in text else "keyed")
        client.subscribe(10.0)
        assert client.push(_NEW).startswith("state")
        assert client.status()["model_hash"] == hashlib.sha256(_NEW).hexdigest()
        assert client.confirm() == "confirmed"
        assert client.rollback().startswith("state")
        client.reset()
        client.release()
    assert keyed_board.released
    for (kind, payload), times in sealed.items():
        assert keyed_board.performed[kind, payload] == times
        fewest, most = protocol.PAYLOAD_BYTES[kind]
        assert fewest <= len(payload) <= most


def test_the_seeded_device_finds_what_was_wrong() -> None:
    with former_board():
        seen = keys.runs(keys.KEYED[:1], 0, 6, FormerHost)
    assert seen.moves["border"] and any("never asked for" in said for said in seen.broken)
    assert any("kind 0x09" in said for said in seen.broken)


def test_the_seeded_device_finds_nothing_with_a_host_of_now_at_a_former_board() -> None:
    with former_board():
        seen = keys.runs(keys.KEYED[:2], 1, 4)
    assert not seen.broken and seen.moves["nonce"] and seen.authorised


def test_the_seeded_device_gets_no_release_from_a_former_host_at_a_board_of_now() -> None:
    seen = keys.runs(keys.KEYED[:2], 0, 6, FormerHost)
    unasked = [said for said in seen.broken if "never asked for" in said]
    kinds = {said.split("kind ")[1][:4] for said in unasked}
    assert seen.moves["border"] and kinds <= {"0x04", "0x05"}, unasked

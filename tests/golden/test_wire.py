"""PROTOCOL 4: each end of the wire against the bytes of conversations that were held before."""

import json
import struct
from typing import Any

import pytest

from host_tools.wire import Board
from rivulet import protocol
from tests.golden import wire
from tests.golden.held import HERE, hold, kept, types_of
from tests.golden.wire import BOARD, HOST, Line, Listener, Player

_FLASH = HERE / "flash"
# All bytes that are stuffed, and all others.
_NO_MODEL = bytes(range(256))


def converse(port: str) -> dict[str, Any]:
    """Every request that an open board takes; what the host makes of the answers."""
    with Board(port, timeout_scale=20) as board:
        found = {"description": types_of(board.description), "status": types_of(board.status())}
        with pytest.raises(Exception, match="model"):
            board.push(_NO_MODEL)
        found["push"] = board.push((_FLASH / "models" / "a.safetensors").read_bytes())
        found["resumed_at"] = board.resumed_at
        found["confirm"] = board.confirm()
        with pytest.raises(Exception, match="earlier model"):
            board.rollback()
        board.reset()
        board.subscribe(20.0)
        record = next(board.records(20.0))
        board.subscribe(0.0)
        found["described again"] = types_of(board.description)
        board.release()
    return found | {"record": plain(record)}


def converse_with_key(port: str, key: bytes) -> dict[str, Any]:
    """What a board with a key takes from its owner, with a model in integers and with a state."""
    with Board(port, timeout_scale=20, key=key) as board:
        found = {"description": types_of(board.description), "status": types_of(board.status())}
        record = board.sample(protocol.BLOCKS)
        board.reset()
    return found | {"record": plain(record)}


def plain(record: Any) -> dict[str, Any]:
    """A telemetry record as JSON takes it."""
    names = "t_us decision events late dropped bus_errors bad_values telemetry_dropped"
    names += " frames_corrupt event_cost_us coalesced guard_trips stale guarded"
    found = {name: getattr(record, name) for name in names.split()}
    blocks = {**record.blocks, "tau": record.tau}
    found["blocks"] = {
        name: [round(float(value), 5) for value in block] for name, block in blocks.items()
    }
    found["sensors"] = [[each.name, each.age_s, *each.troubles] for each in record.sensors]
    return found


def test_the_board_answers_as_it_always_did(board: Any) -> None:
    board.power_on()
    listener = Listener(board.port)
    with listener.port() as port:
        found = converse(port)
    before = wire.kept_or("wire_open.txt", listener.lines, _meaning)
    assert _meaning(listener.lines) == _meaning(before)
    _compare_records(found, kept("wire_open.json"))


def test_the_host_says_what_it_always_said() -> None:
    player = Player(wire.kept("wire_open.txt"))
    try:
        with player.port() as port:
            found = converse(port)
    finally:
        assert player.heard == player.expected
    hold("wire_open.json", found)


def test_the_host_authorises_as_it_always_did() -> None:
    player = Player(wire.kept("wire_keyed.txt"))
    try:
        with player.port() as port:
            found = converse_with_key(port, bytes.fromhex((_FLASH / "access/key").read_text()))
    finally:
        assert player.heard == player.expected
    hold("wire_keyed.json", found)


def _meaning(lines: list[Line]) -> tuple[list[bytes], list[Any]]:
    """Every byte from the host, and what the board's frames mean."""
    return [line.data for line in lines if line.sender == HOST], _answers(lines)


def _answers(lines: list[Line]) -> list[Any]:
    """What a board's frames mean, without what differs from one day to the next."""
    found: list[Any] = []
    document = b""
    bodies = [line.body for line in lines if line.sender == BOARD]
    for body in filter(None, bodies):
        kind, payload = body[0], body[2:]
        if kind == protocol.REPLY:
            sequence, to, status, value = struct.unpack_from("<BBBI", payload)
            # HELLO says the version, and reasons are for people.
            worded = to == protocol.HELLO or status != protocol.OK
            found.append((sequence, to, status, value, "" if worded else payload[7:]))
        elif kind == protocol.DOCUMENT:
            sequence, to, total, offset = struct.unpack_from("<BBHH", payload)
            assert offset == len(document) and len(payload) <= 6 + 192
            document += payload[6:]
            if len(document) == total:
                facts = json.loads(document)
                for sensor in facts["sensors"]:
                    sensor.pop("trouble", None)  # missing or not yet: nothing plays to it
                found.append((sequence, to, types_of(facts)))
                document = b""
        else:
            assert kind == protocol.TELEMETRY
            found.append(("telemetry", len(payload), payload[0]))
    return found


def _compare_records(found: dict[str, Any], before: dict[str, Any]) -> None:
    for name, block in before["record"].pop("blocks").items():
        assert found["record"]["blocks"][name] == pytest.approx(block, abs=2e-3), name
    for changing in ("t_us", "decision", "event_cost_us", "stale", "sensors"):
        before["record"].pop(changing)
    assert found["record"].items() >= before["record"].items()

"""What a board says of itself: the real thing is understood, anything else is refused."""

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_board import Bench
from fixtures import model_bytes
from integer_files import raw_bench
from wire_helpers import document

from host_tools.commands.status import lines as status_lines
from host_tools.errors import RivuletError
from host_tools.link import documents
from host_tools.watch.status import status_of
from rivulet import protocol

_KINDS = (protocol.DESCRIBE, protocol.STATUS)
_JUNK = (
    None,
    -1,
    2**60,
    1e301,
    0.5,
    True,
    "",
    "x",
    [],
    [[]],
    [-1],
    {},
    {"x": []},
    [1, 2, 3, 4, 5],
)


def said(bench: Bench, kind: int) -> Any:
    return document(bench, kind)[0]


@pytest.fixture(params=("float", "integers", "empty"))
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    if request.param == "integers":
        return raw_bench(str(tmp_path))
    return Bench(str(tmp_path), model_bytes() if request.param == "float" else None)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (object or list, key) in a document."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


def test_what_boards_say_is_understood(bench: Bench) -> None:
    for kind in _KINDS:
        made = said(bench, kind)
        assert documents.read(kind, json.dumps(made).encode()) == made
        made["newer"] = {"than": "this host"}
        assert documents.read(kind, json.dumps(made).encode()) == made


def test_every_name_that_is_checked_is_one_that_a_board_says(bench: Bench) -> None:
    for kind in _KINDS:
        shape = documents.Status if kind == protocol.STATUS else documents.Description
        made = said(bench, kind)
        assert set(shape.__annotations__) - set(documents._AT_WILL) <= set(made)
        for name in shape.__required_keys__:
            less = {key: value for key, value in made.items() if key != name}
            with pytest.raises(ValueError, match=f"missing required field '{name}'"):
                documents.read(kind, json.dumps(less).encode())
    assert documents.missing(made) == []


def test_older_firmware_is_understood_and_named_where_all_is_shown(bench: Bench) -> None:
    facts, description = said(bench, protocol.STATUS), said(bench, protocol.DESCRIBE)
    del facts["coalesced"]
    read = documents.read(protocol.STATUS, json.dumps(facts).encode())
    with pytest.raises(RivuletError, match="older than this host and does not report coalesced"):
        status_of(Answered(description, read))  # type: ignore[arg-type]


class Answered:
    """The part of a board's client that `status_of` uses."""

    port = "p"

    def __init__(self, description: dict[str, Any], facts: dict[str, Any]) -> None:
        self.description = description
        self._facts = facts

    def status(self) -> dict[str, Any]:
        return self._facts


def test_whatever_stands_in_a_place_it_is_refused_or_can_be_shown(bench: Bench) -> None:
    draw = random.Random(1)
    good = {kind: said(bench, kind) for kind in _KINDS}
    refused = shown = 0
    for _ in range(3000):
        made = copy.deepcopy(good)
        kind = draw.choice(_KINDS)
        at, key = draw.choice(list(places(made[kind])))
        at[key] = draw.choice(_JUNK)
        try:
            read = {kind: documents.read(kind, json.dumps(made[kind]).encode()) for kind in _KINDS}
        except ValueError as error:
            assert str(error).isprintable()
            refused += 1
            continue
        board = Answered(read[protocol.DESCRIBE], read[protocol.STATUS])
        facts = status_of(board) | {"tau_outside": None}  # type: ignore[arg-type]
        assert all(f"{name} {value}".isprintable() for name, value in status_lines(facts))
        shown += 1
    assert refused > 1000 and shown > 100


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"null", b"7", b'"x"', b"[]", b"\xff\xfe", b"{}x", b"[" * 100_000),
        *(b'{"a":' * 100_000, b"1" * 5000, b'{"hidden": NaN}', b'{"hidden": Infinity}'),
    ],
)
def test_what_is_no_document(text: bytes) -> None:
    for kind in _KINDS:
        with pytest.raises(ValueError):
            documents.read(kind, text)


def test_what_would_move_the_cursor_is_replaced(bench: Bench) -> None:
    made = said(bench, protocol.STATUS) | {"boot_error": "a\x1b[2J\nb\x9b\u202ec é"}
    read = documents.read(protocol.STATUS, json.dumps(made).encode())
    assert read["boot_error"] == r"a\x1b[2J\nb\x9b\u202ec é"


def test_numbers_that_would_be_counted_to_or_overflow(bench: Bench) -> None:
    for name, wrong in (
        ("event_cost_us", [[160, 1]]),
        ("event_cost_us", [[-1, 1]]),
        ("events", 2**70),
        ("late", -1),
        ("swaps", True),
        ("slot_hashes", ["", "", ""]),
        ("uptime_ticks", 10.0),
        ("access", "ajar"),
    ):
        made = said(bench, protocol.STATUS) | {name: wrong}
        with pytest.raises(ValueError, match=name):
            documents.read(protocol.STATUS, json.dumps(made).encode())


def test_scales_that_do_not_fit_the_channels(tmp_path: Path) -> None:
    made = said(raw_bench(str(tmp_path)), protocol.DESCRIBE)
    made["model"]["normalisation"]["scale"].append(1.0)
    with pytest.raises(ValueError, match="an entry a channel"):
        documents.read(protocol.DESCRIBE, json.dumps(made).encode())
    del made["model"]["normalisation"]
    with pytest.raises(ValueError, match="an entry a channel"):
        documents.read(protocol.DESCRIBE, json.dumps(made).encode())

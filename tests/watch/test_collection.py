"""A collection: its counts, its rows, its labels and its picture, without a board."""

import io
import signal
import struct
from pathlib import Path
from typing import Any

import pytest

from host_tools.errors import RivuletError
from host_tools.link.event_batches import EventBatch, SensorEvent, decode_events
from host_tools.link.wire import Board
from host_tools.printing import console
from host_tools.watch import collect
from host_tools.watch.collection import Collection, Restarted, cells
from host_tools.watch.event_view import EventView, sparkline
from host_tools.watch.labels import Labels, parse_keys
from rivulet import protocol
from tests.link.scripted import DESCRIPTION, Script, document, reply

_SENSORS = [
    {"name": "imu", "channels": ["a", "b"], "units": ["m/s^2", "rad/s"], "scales": [0.5, 0.25]},
    {"name": "shaft", "channels": ["speed"], "units": ["rpm"], "scales": None},
]
_DESCRIPTION: Any = DESCRIPTION | {"sensors": _SENSORS}


def batch(
    first: int, *times: int, unsent: int = 0, passed: int = 0, failed: int = 0
) -> EventBatch:
    events = [SensorEvent(t_us, 0, (1.0, 2.0)) for t_us in times]
    return EventBatch(first, unsent, passed, failed, events)


def counted(*batches: EventBatch) -> Collection:
    collection = Collection(_DESCRIPTION)
    for each in batches:
        collection.add(each)
        for event in each.events:
            collection.take(event, "")
    return collection


def body(events: list[tuple[int, int, tuple[float, ...]]], head: tuple[int, ...]) -> bytes:
    """events: (time, sensor and flag, values)."""
    content = bytes((protocol.EVENTS, 0)) + struct.pack(protocol.EVENTS_HEAD, len(events), *head)
    for t_us, source, values in events:
        content += struct.pack(protocol.EVENT_HEAD, t_us & 0x3FFFFFFF, t_us >> 30 << 8 | source)
        form = "i" if source & protocol.INTEGERS else "f"
        content += struct.pack(f"<{len(values)}{form}", *values)
    return content


def test_events_are_decoded_in_the_units_of_the_description() -> None:
    late = (5 << 30) + 7
    content = body([(9, 1, (60.5,)), (late, 0x80, (3, -8))], (4, 1, 2, 3))
    found = decode_events(content, _DESCRIPTION)
    assert found == EventBatch(
        4, 1, 2, 3, [SensorEvent(9, 1, (60.5,)), SensorEvent(late, 0, (1.5, -2.0))]
    )


@pytest.mark.parametrize(
    "content",
    [
        *(body([(9, 1, (60.5,))], (0, 0, 0, 0))[:-n] for n in (1, 4, 12, 20)),
        body([(9, 1, (60.5,))], (0, 0, 0, 0)) + b"more",
        body([(9, 2, (60.5,))], (0, 0, 0, 0)),
        body([(9, 0x81, (60,))], (0, 0, 0, 0)),  # counts of a sensor without scales
    ],
)
def test_what_does_not_have_the_described_shape_is_no_batch(content: bytes) -> None:
    assert decode_events(content, _DESCRIPTION) is None


def test_what_is_missing_is_told_apart() -> None:
    assert counted(batch(0, 1, 2), batch(2, 3)).lost() == []
    collection = counted(
        batch(0, 1, 2, passed=7, failed=1), batch(10, 3, unsent=5, passed=9, failed=2)
    )
    assert (collection.events, collection.unsent, collection.damaged) == (3, 5, 3)
    assert (collection.passed_over, collection.failed) == (2, 1)
    assert len(collection.lost()) == 4
    collection.conclude(13)
    assert collection.damaged == 5


def test_numbers_wrap() -> None:
    collection = counted(batch((1 << 30) - 2, 1, 2), batch(0, 3))
    assert collection.damaged == (1 << 30) - 2, "those before the first batch"
    assert collection.is_complete(1) and not collection.is_complete(2)


def test_a_board_that_starts_again_is_told_from_a_lease_that_ended() -> None:
    assert counted(batch(100, 5000, 6000), batch(0, 9000)).interruptions == 1
    with pytest.raises(Restarted):
        counted(batch(100, 5000, 6000), batch(0, 10))


def test_rates() -> None:
    steady = counted(batch(0, *range(0, 3_000_000, 10_000)))
    assert steady.rate_hz == pytest.approx(100.0) and steady.fastest == 100
    assert steady.span_us == 2_990_000
    assert counted().rate_hz == counted(batch(0, 5)).rate_hz == 0.0


def test_cells_are_blank_where_nothing_was_measured() -> None:
    collection = Collection(_DESCRIPTION)
    imu, shaft = collection.channels
    assert cells(SensorEvent(0, 0, (0.1, -2.0)), imu, 3, ["x"]) == ["0.1", "-2", "", "x"]
    assert cells(SensorEvent(0, 1, (1e-7,)), shaft, 3, []) == ["", "", "1e-07"]
    assert cells(SensorEvent(0, 0, (float("nan"), float("-inf"))), imu, 3, []) == ["", "", ""]


@pytest.mark.parametrize("name", ["label", "y0", "speed"])
def test_names_that_a_recording_cannot_have(name: str) -> None:
    sensors = [_SENSORS[0] | {"channels": ["a", name]}, _SENSORS[1]]
    with pytest.raises(RivuletError, match=f"the name '{name}' is .* rename the channel"):
        Collection(DESCRIPTION | {"sensors": sensors})  # type: ignore[arg-type]


def test_keys() -> None:
    labels = Labels(parse_keys("1=normal, 2 = worn out"))
    assert labels.are_kept and labels.legend() == "1 = normal  2 = worn out  space = none"


def _text(view: EventView, height: int = 40) -> str:
    screen = console(file=io.StringIO(), width=100, soft_wrap=False, record=True)
    screen.print(view.render(100, height))
    return screen.export_text()


def test_the_picture() -> None:
    labels = Labels(parse_keys("1=normal,2=worn"))
    collection = counted(batch(0, 0, 500_000), batch(5, 1_000_000, unsent=3))
    view = EventView(collection, labels, "[bold]somewhere")
    labels.press("2")
    labels.press("9")
    text = _text(view)
    for part in (
        *("3 events", "1.0 s", "2 events/s", "a  ", "1  m/s^2", "speed", "-  rpm", "label worn"),
        *(
            "1 = normal",
            "'9': ignored",
            "lost: 3 that the wire could not carry",
            "[bold]somewhere",
        ),
    ):
        assert part in text, part
    line = view.line()
    assert "label worn" in line and "lost: 3 that the wire" in line
    view.silent_s = 5.0
    assert "no event for 5 s" in _text(view) and "no event for 5 s" in view.line()
    assert "and 1 more" in _text(view, 11)


def test_sparklines() -> None:
    assert sparkline([0.0, 0.5, 1.0]) == "▁▄█" or sparkline([0.0, 0.5, 1.0]) == "▁▅█"
    assert sparkline([3.0, float("nan"), 3.0]) == "▁ ▁"
    assert sparkline([]) == ""


def test_a_sensor_that_starts_meanwhile_is_described_again() -> None:
    """Its counts mean nothing without its scales."""
    sensors = [[_SENSORS[0] | {"scales": None}], [_SENSORS[0]]]

    def describe(asked: tuple[int, int]) -> bytes:
        known = sensors.pop(0) if len(sensors) > 1 else sensors[0]
        return document(asked, DESCRIPTION | {"sensors": known})

    def collect(asked: tuple[int, int]) -> bytes:
        events = body([(9, 0x80, (3, -8))], (0, 0, 0, 0))
        return reply(asked) + bytes(protocol.frame(protocol.EVENTS, 1, events[2:]))

    with Board(Script(DESCRIBE=describe, COLLECT=collect)) as board:
        board.collect()
        found = [event for each in board.batches(2.5) for event in each.events]
    assert found and {event.values for event in found} == {(1.5, -2.0)}


def test_ctrl_c_comes_between_two_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An event that was counted is in the file, and so is what came with it."""
    path, collection = tmp_path / "day.csv", Collection(_DESCRIPTION)
    take = collection.take

    def interrupted(event: SensorEvent, label: str) -> int:
        taken = take(event, label)
        signal.raise_signal(signal.SIGINT)
        return taken

    monkeypatch.setattr(collection, "take", interrupted)
    with (
        Board(Script(DESCRIBE=lambda asked: document(asked, _DESCRIPTION))) as board,
        pytest.raises(KeyboardInterrupt),
        collect._Recording(board, path, collection, Labels()) as recording,
    ):
        recording.add(batch(0, 10, 20, 30))
    assert collection.events == 3
    assert [line.split(",")[0] for line in path.read_text().splitlines()] == [
        *("t_us", "0", "10", "20")
    ]


def test_the_lease_is_renewed_and_given_back() -> None:
    script = Script()
    with Board(script) as board:
        board.collect()
        assert not list(board.batches(10.0))
        board.end_collection()
        assert not list(board.batches(10.0))
    leases = [
        struct.unpack(protocol.COLLECT_BODY, payload)[0]
        for kind, payload in script.asked
        if kind == protocol.COLLECT
    ]
    assert leases[-1] == 0 and len(leases) >= 10 and set(leases[:-1]) == {3000}

"""Sources other than one text file: folders, archives, Edge Impulse, Parquet, flight logs."""

import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from host_tools.choices import TimeUnit
from host_tools.data.importing.options import read_channels, read_pattern
from host_tools.data.recording import read_recording
from host_tools.errors import RivuletError
from tests.data.importing.files import Imports

_ACCEL = "time,seconds_elapsed,z,x\n1700000000000000000,0.0,1,2\n1700000000020000000,0.02,3,4\n"
_GYRO = "time,seconds_elapsed,x\n1700000000010000000,0.01,5\n"


def _zip(imports: Imports, name: str, members: dict[str, str | bytes]) -> Path:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return imports.file(name, content.getvalue())


def test_a_phones_zip_is_one_recording_of_all_sensors(imports: Imports) -> None:
    path = _zip(
        imports,
        "walk.zip",
        {
            "Accelerometer.csv": _ACCEL,
            "Gyroscope.csv": _GYRO,
            "Metadata.csv": "version,device name\n3,phone\n",
        },
    )
    (recording,) = imports(path)
    assert (imports.out / "walk.csv").exists()
    assert recording.channels == ["accelerometer_z", "accelerometer_x", "gyroscope_x"]
    assert recording.t_us.tolist() == [0, 10_000, 20_000]
    nan = np.nan
    np.testing.assert_equal(recording.values, [[1, 2, nan], [nan, nan, 5], [3, 4, nan]])
    assert recording.description.time_zero_utc == "2023-11-14T22:13:20Z"
    assert "sensors of one recording, by their names" in imports.report
    assert "Metadata.csv: left out" in imports.report
    assert len(imports(path, merge=False)) == 2


def test_another_phones_zip_without_absolute_times(imports: Imports) -> None:
    path = _zip(
        imports,
        "swing 2.zip",
        {
            "Accelerometer.csv": '"Time (s)","X (m/s^2)"\n1.0E-2,1\n2.0E-2,2\n',
            "Gyroscope.csv": '"Time (s)","X (rad/s)"\n1.5E-2,3\n',
            "meta/time.csv": '"event","experiment time"\n"START",0\n',
        },
    )
    (recording,) = imports(path)
    assert recording.t_us.tolist() == [0, 5000, 10_000]
    units = {"accelerometer_X": "m/s^2", "gyroscope_X": "rad/s"}
    assert recording.description.units == units


def test_sensors_in_rows_of_their_own_keep_their_blanks(imports: Imports) -> None:
    recording = imports.text("time_us,ax,gx\n0,1,\n5,,2\n5,3,\n")
    np.testing.assert_equal(recording.values, [[1, np.nan], [np.nan, 2], [3, np.nan]])
    assert recording.t_us.tolist() == [0, 5, 5]


def test_a_folder_holds_a_recording_a_file(imports: Imports) -> None:
    for place in ("a/run1", "a/run2.csv", "b/run1"):
        imports.file(f"logs/{place}", "time_s,x\n0,1\n")
    imports.file("logs/README.md", "# Title, with commas\n")
    imports.file("logs/notes", "some words\n")
    imports.file("logs/.hidden.csv", "time_s,other\n0,1\n")
    found = imports(
        imports.folder / "logs", label_from_name=read_pattern("", r"^(\w)/"), group_from_name=None
    )
    assert sorted(path.name for path in imports.out.glob("*.csv")) == [
        "a-run1.csv",
        "b-run1.csv",
        "run2.csv",
    ]
    assert [recording.labels for recording in found] == [["a"], ["b"], ["a"]]
    assert "README.md: left out by its name" in imports.report


def test_files_of_different_columns_are_asked_for(imports: Imports) -> None:
    imports.file("logs/one.csv", "time_s,x\n0,1\n1,2\n")
    imports.file("logs/two.csv", "time_s,z\n0.5,3\n")
    with pytest.raises(RivuletError, match="say --merge if .* --no-merge"):
        imports(imports.folder / "logs")
    assert len(imports(imports.folder / "logs", merge=False)) == 2
    (recording,) = imports(imports.folder / "logs", merge=True)
    assert recording.t_us.tolist() == [0, 500_000, 1_000_000]
    assert recording.channels == ["x", "z"]


def test_sensors_of_different_clocks_are_not_merged(imports: Imports) -> None:
    imports.file("logs/acc.csv", "time_s,x\n0,1\n")
    imports.file("logs/gyr.csv", "when,y\n2026-03-01T00:00:00Z,1\n")
    with pytest.raises(RivuletError, match="one counts its times from 1970, another from its own"):
        imports(imports.folder / "logs")


def test_a_tar_is_read_as_a_folder(imports: Imports) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:xz") as archive:
        for name in ("raw/p1F", "raw/p2M"):
            data = b"0,1,3\n0.25,2,4\n"
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    found = imports(
        imports.file("raw.tar.xz", content.getvalue()),
        columns=("time [s]", "front [g]", "activity"),
        label="activity",
        classes={"3": "lying", "4": "walking"},
        group_from_name=read_pattern("", "[FM]$"),
    )
    assert [recording.groups for recording in found] == [["F", "F"], ["M", "M"]]
    assert [recording.labels for recording in found] == [["lying", "walking"]] * 2
    assert "classes: lying 2 (50 %), walking 2 (50 %)" in imports.report
    assert "groups, with their recordings: F (1), M (1)" in imports.report


@pytest.mark.parametrize("name", ["broken.zip", "broken.tar.xz"])
def test_a_damaged_archive_is_one_line(imports: Imports, name: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "time_s,a\n" + "".join(f"{n},{n}\n" for n in range(999)))
    data = content.getvalue()
    for damaged in (data[: len(data) // 2], data[:60] + b"\xff" * 60 + data[120:]):
        with pytest.raises(RivuletError):
            imports(imports.file(name, damaged))


def test_an_office_document_is_told(imports: Imports) -> None:
    path = _zip(imports, "log.xlsx", {"[Content_Types].xml": "<x/>"})
    with pytest.raises(RivuletError, match="an office document: save the sheet as CSV"):
        imports(path)


def _edge_impulse(**changes: object) -> str:
    payload = {
        "device_type": "BOARD",
        "interval_ms": 16.5,
        "sensors": [{"name": "accX", "units": "m/s2"}, {"name": "accY", "units": "N/A"}],
        "values": [[1.5, -2], [3, None]],
    }
    return json.dumps({"protected": {"ver": "v1"}, "signature": "", "payload": payload | changes})


def test_edge_impulse_json(imports: Imports) -> None:
    (recording,) = imports(imports.file("idle.17.json", _edge_impulse()))
    assert recording.t_us.tolist() == [0, 16_500]
    np.testing.assert_equal(recording.values, [[1.5, -2], [3, np.nan]])
    assert recording.description.units == {"accX": "m/s2", "accY": ""}
    assert recording.labels == ["idle", "idle"]
    assert "label from the file's name, as Edge Impulse does" in imports.report


def test_an_edge_impulse_export_names_labels_and_milliseconds(imports: Imports) -> None:
    files = [
        {"path": "training/a.1.csv", "label": {"type": "label", "label": "wave"}},
        {"path": "testing/b.json", "label": {"type": "unlabeled"}},
    ]
    imports.file("export/info.labels", json.dumps({"version": 1, "files": files}))
    imports.file("export/training/a.1.csv", "timestamp,accX,accY\n0,1,2\n10,3,4\n")
    imports.file("export/testing/b.json", _edge_impulse(interval_ms=10))
    first, second = imports(imports.folder / "export")
    assert first.t_us.tolist() == second.t_us.tolist() == [0, 10_000]
    assert (first.labels, second.labels) == (["wave", "wave"], None)


def test_an_edge_impulse_csv_as_the_page_says(imports: Imports) -> None:
    for name in ("idle.1", "wave.2"):
        imports.file(f"train/{name}.csv", "timestamp,accX\n0,1\n16,2\n")
    pattern = read_pattern("", r"([^/.]+)[^/]*$")
    found = imports(imports.folder / "train", unit=TimeUnit.ms, label_from_name=pattern)
    assert [recording.labels for recording in found] == [["idle"] * 2, ["wave"] * 2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "no JSON"),
        ("{}", "'payload' is missing"),
        (_edge_impulse(interval_ms=0), "'interval_ms' is no interval"),
        (_edge_impulse(interval_ms="x"), "'interval_ms' is no interval"),
        (_edge_impulse(sensors=[1]), "'sensors' must hold objects"),
        (_edge_impulse(values=[[1]]), "row 1 of 'values' has 1 values for 2 sensors"),
        (_edge_impulse(values=3), "'values' is no list"),
        (_edge_impulse(values=[]), "holds no values"),
        (_edge_impulse(values=[["x", "y"]]), "no column is a channel"),
    ],
)
def test_other_json_is_one_line(imports: Imports, content: str, said: str) -> None:
    with pytest.raises(RivuletError, match=said):
        imports(imports.file("a.json", content))


def test_parquet_in_and_out(imports: Imports) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table(
        {
            "when": arrow.array([1_700_000_000_000_000_500, None], arrow.timestamp("ns", "UTC")),
            "a": arrow.array([0.1, None], arrow.float32()),
            "b": arrow.array([1, 2], arrow.int16()),
            "state": arrow.array(["run", "idle"]).dictionary_encode(),
        }
    )
    path = imports.folder / "log.parquet"
    parquet.write_table(table, path)
    (recording,) = imports(path, label="state", suffix=".parquet")
    assert (imports.out / "log.parquet").exists()
    assert recording.values.tolist() == [[0.1, 1]]
    assert recording.labels == ["run"]
    assert recording.description.time_zero_utc == "2023-11-14T22:13:20.000001Z"
    assert "line 3: it has no time" in imports.report
    # And back to CSV, with what stands in its description.
    again = Imports(imports.folder / "again")
    (second,) = again(imports.out / "log.parquet")
    assert second.description.time_zero_utc == recording.description.time_zero_utc
    assert (again.out / "log.csv").read_text() == "t_us,a,b,label\n0,0.1,1,run\n"


@pytest.mark.parametrize("content", [b"PAR1", b"PAR1" + b"\xff" * 50 + b"PAR1"])
def test_a_damaged_parquet_file_is_one_line(imports: Imports, content: bytes) -> None:
    pytest.importorskip("pyarrow")
    path = imports.file("log.parquet", content)
    with pytest.raises(RivuletError, match="no Parquet file that can be read"):
        imports(path)
    with pytest.raises(RivuletError, match="no Parquet file that can be read"):
        read_recording(path)


def _ulog(*topics: tuple[str, str, list[tuple[float, ...]]]) -> bytes:
    """A log of topics (name, fields as struct has them, rows with the timestamp first)."""

    def message(kind: bytes, body: bytes) -> bytes:
        return struct.pack("<Hc", len(body), kind) + body

    names = {"f": "float", "h": "int16_t", "Q": "uint64_t"}
    data = b"ULog\x01\x12\x35\x01" + struct.pack("<Q", 0) + message(b"B", bytes(40))
    for name, fields, _ in topics:
        listed = "".join(f"{names[kind]} f{at};" for at, kind in enumerate(fields))
        data += message(b"F", f"{name}:uint64_t timestamp;{listed}".encode())
    for number, (name, fields, rows) in enumerate(topics):
        data += message(b"A", struct.pack("<BH", 0, number) + name.encode())
        for row in rows:
            data += message(b"D", struct.pack(f"<HQ{fields}", number, *row))
    return data


def test_a_flight_log_is_one_recording_of_its_topics(imports: Imports) -> None:
    pytest.importorskip("pyulog")
    data = _ulog(("gyro", "f", [(100, 0.1), (300, 0.2)]), ("baro", "h", [(200, 7)]))
    (recording,) = imports(imports.file("flight.ulg", data))
    assert recording.channels == ["baro.f0", "gyro.f0"]
    assert recording.t_us.tolist() == [0, 100, 200]
    nan = np.nan
    np.testing.assert_equal(recording.values, [[nan, 0.1], [7, nan], [nan, 0.2]])
    channels = read_channels(["gyro.f0 [rad/s]=gyro_x"])
    (recording,) = imports(imports.file("flight.ulg", data), channels=channels)
    assert recording.channels == ["gyro_x"]
    assert recording.description.units == {"gyro_x": "rad/s"}
    with pytest.raises(RivuletError, match=r"no field is called 'x.y': .* baro \(1\), gyro \(1\)"):
        imports(imports.file("flight.ulg", data), channels=read_channels(["x.y=z"]))


def test_a_flight_log_of_many_channels_is_asked_for(imports: Imports) -> None:
    pytest.importorskip("pyulog")
    data = _ulog(("big", "h" * 70, [(100, *range(70))]))
    with pytest.raises(RivuletError, match=r"choose the channels: say --channel .* big \(70\)"):
        imports(imports.file("flight.ulg", data))


def test_a_damaged_flight_log_is_one_line(imports: Imports) -> None:
    pytest.importorskip("pyulog")
    data = _ulog(("gyro", "f", [(100, 0.1), (300, 0.2)]))
    for end in range(8, len(data), 7):
        try:
            imports(imports.file("flight.ulg", data[:end]))
        except RivuletError as error:
            assert "\n" not in str(error)

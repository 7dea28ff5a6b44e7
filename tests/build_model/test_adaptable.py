"""Models that learn on the board: what convert writes, and what the board's code makes of it.

The reference is ridge regression by numpy over all labels at once.
"""

import hashlib
import io

import numpy as np
import pytest

from host_tools.build_model.adaptable import make_adaptable, normalised
from host_tools.build_model.learnt import merge
from host_tools.choices import Late
from host_tools.convert import ModelFile, convert
from host_tools.errors import RivuletError
from host_tools.integers.quantise import quantise
from rivulet import model as device_model
from rivulet.store import learnt

UNITS, CHANNELS, CLASSES = 12, 3, ("still", "walking", "running")


def weights(seed: int = 1, outputs: int = len(CLASSES)) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    gates = {}
    for gate in ("alpha", "drive"):
        gates[f"{gate}.recurrent"] = random.normal(0, 0.3, (UNITS, UNITS))
        gates[f"{gate}.input"] = random.normal(0, 1.0, (UNITS, CHANNELS))
        gates[f"{gate}.bias"] = random.normal(0, 0.5, UNITS)
    return gates | {
        "readout.weight": random.normal(0, 1.0, (outputs, UNITS)),
        "readout.bias": np.zeros(outputs),
    }


def metadata(**changes: object) -> dict[str, object]:
    return {
        "channels": ["a", "b", "c"],
        "readout": "mean",
        "readout_tau_s": 1.0,
        "output": "class",
        "classes": list(CLASSES),
    } | changes


def rows_of(label: str, count: int, seed: int) -> list[list[float]]:
    """Events around the class's own place."""
    random = np.random.default_rng(seed)
    place = {
        "still": (0.0, 0.0, 0.0),
        "walking": (1.0, 0.0, -1.0),
        "running": (-1.0, 1.0, 0.0),
        "jumping": (0.0, -1.0, 1.0),
    }[label]
    return (np.array(place) + 0.4 * random.normal(size=(count, CHANNELS))).tolist()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory):
    path = tmp_path_factory.mktemp("recording") / "labelled.csv"
    lines, t_us = ["t_us,a,b,c,label"], 0
    for turn in range(2):
        for number, label in enumerate(CLASSES):
            for values in rows_of(label, 60, 10 * turn + number):
                t_us += 100_000
                lines.append(",".join([str(t_us), *(f"{v:.5f}" for v in values), label]))
    path.write_text("\n".join(lines) + "\n")
    return path


def adaptable(recording, spare: int = 2, **changes: object) -> ModelFile:
    model = convert(weights(), metadata(**changes))
    make_adaptable(model, recording, Late.refuse, spare)
    return model


def loaded(model: ModelFile):
    data = model.to_bytes()
    return device_model.load(io.BytesIO(data), len(data))


def learn(run, wanted) -> None:
    run.learner.take(wanted)
    turns = 0
    while not run.learner.turn():
        turns += 1
    assert turns <= 2 * run.learner.width + run.output_count + 2
    run.learner.rows.commit()


def taught(run, label: str, seed: int, labels: int):
    """Teach a class by `labels` labels; return the features at each."""
    number = run.settings["classes"].index(label)
    wanted = [1.0 if i == number else -1.0 for i in range(run.output_count)]
    features = []
    for turn in range(labels):
        for values in rows_of("jumping", 25, seed + turn):
            run.event(100_000, (0, 1, 2), values)
        z = np.zeros(run.learner.width)
        run.learner.rows.features(z)
        features.append(z[:-1])
        learn(run, wanted)
    return np.array(features), np.array(wanted)


def ridge(model: ModelFile, before: np.ndarray, features, wanted, weight: float) -> np.ndarray:
    """Rows that fit all labels at once and the prior, as rows over [z, 1]."""
    prior, centre, scale = (
        model.tensors[name].astype(np.float64) for name in device_model.ADAPTING
    )
    width = len(centre) + 1
    inverse = np.zeros((width, width))
    inverse[np.tril_indices(width)] = prior
    inverse = inverse + inverse.T - np.diag(np.diag(inverse))
    matrix = np.linalg.inv(inverse)
    phi = normalised(features, centre, scale)
    # In features, so that rows stay comparable: z = T phi.
    turn = np.eye(width)
    turn[:-1, :-1] = np.diag(1 / scale)
    turn[:-1, -1] = centre
    rows = before @ turn
    target = np.tile(wanted, (len(phi), 1))
    right = rows @ matrix + weight * target.T @ phi
    return np.linalg.solve(matrix + weight * phi.T @ phi, right.T).T @ np.linalg.inv(turn)


@pytest.mark.parametrize("labels", [1, 5, 12])
def test_labels_one_by_one_give_what_all_at_once_give(recording, labels: int):
    model = adaptable(recording)
    run = loaded(model)
    before = np.array(run.learner.rows.values).reshape(run.output_count, -1)
    features, wanted = taught(run, "spare 1", 100, labels)
    found = np.array(run.learner.rows.values).reshape(run.output_count, -1)
    weight = model.settings["adaptation"]["weight"]
    assert np.allclose(found, ridge(model, before, features, wanted, weight), atol=1e-4)
    assert not np.allclose(found, before, atol=1e-2)
    assert run.learner.labels == labels


@pytest.mark.parametrize("integers", [False, True])
def test_five_labels_teach_a_new_class_and_leave_the_others(recording, integers: bool):
    model = adaptable(recording)
    run = loaded(quantise(model) if integers else model)
    taught(run, "spare 1", 100, 5)
    for label, name in (*((c, c) for c in CLASSES), ("jumping", "spare 1")):
        right = 0
        for trial in range(10):
            run.reset()
            for values in rows_of(label, 40, 1000 + trial):
                run.event(100_000, (0, 1, 2), values)
            right += run.settings["classes"][int(np.argmax(list(run.outputs())))] == name
        assert right >= 9, label


def test_integer_rows_follow_the_float_rows(recording):
    run = loaded(quantise(adaptable(recording)))
    taught(run, "spare 2", 7, 3)
    rows = np.array(run.learner.rows.values).reshape(run.output_count, -1)
    z = np.zeros(run.learner.width)
    run.learner.rows.features(z)
    z[-1] = 1.0
    outputs = np.array(run.outputs()) * 0.5 ** run.fraction_bits[2]
    assert np.allclose(outputs, rows @ z, atol=0.03)


def test_a_model_of_values_learns_a_true_value(recording):
    model = convert(weights(outputs=1), metadata(output="value", classes=[]))
    make_adaptable(model, recording, Late.refuse, 0)
    run = loaded(model)
    for values in rows_of("walking", 30, 5):
        run.event(100_000, (0, 1, 2), values)
    before = run.outputs()[0]
    learn(run, [before + 1.0])
    assert before + 0.3 < run.outputs()[0] < before + 1.0


def test_forgetting_never_lets_the_trace_grow(recording):
    model = adaptable(recording)
    model.settings["adaptation"]["forgetting"] = 0.7
    run = loaded(model)
    cap = run.learner._trace()
    taught(run, "spare 1", 50, 12)
    assert 0.0 < run.learner._trace() <= cap * 1.0001


@pytest.mark.parametrize(
    ("spare", "changes", "said"),
    [
        (2, {"classes": [*CLASSES[:2], "swimming"]}, "none of swimming"),
        (3, {"output": "value", "classes": []}, "has none"),
    ],
)
def test_what_cannot_be_adapted_is_refused(recording, spare: int, changes, said: str):
    with pytest.raises(RivuletError, match=said):
        adaptable(recording, spare, **changes)


def test_older_firmware_refuses_the_file(recording):
    assert adaptable(recording).settings["format"] == "rivulet-2"
    assert convert(weights(), metadata()).settings["format"] == "rivulet-1"


@pytest.mark.parametrize("integers", [False, True])
def test_what_was_learnt_is_merged_into_the_file(recording, tmp_path, integers: bool):
    model = adaptable(recording)
    path, home = tmp_path / "model.safetensors", tmp_path / "home.safetensors"
    (quantise(model) if integers else model).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    run = device_model.load(io.BytesIO(path.read_bytes()), path.stat().st_size)
    taught(run, "spare 1", 100, 5)
    run.settings["classes"][3] = "jumping"
    run.learner.free = 1
    image = bytes(learnt.pack(run, digest))
    merge(path, image).save(home)
    merged = device_model.load(io.BytesIO(home.read_bytes()), home.stat().st_size)
    assert merged.settings["classes"] == [*CLASSES, "jumping", "spare 2"]
    assert merged.learner.free == 1 and merged.learner.labels == 0
    run.reset()
    for each in (run, merged):
        for values in rows_of("jumping", 40, 5):
            each.event(100_000, (0, 1, 2), values)
    if integers:
        assert list(run.outputs()) == list(merged.outputs())
    assert np.allclose(run.outputs(), merged.outputs(), atol=1e-4)
    # It goes on learning from where the board was.
    taught(run, "spare 2", 300, 2)
    taught(merged, "spare 2", 300, 2)
    assert np.allclose(run.physical(2), merged.physical(2), atol=0.1 if integers else 1e-3)
    with pytest.raises(RivuletError, match="give the file that was pushed"):
        merge(home, image)
    with pytest.raises(RivuletError, match="damaged"):
        merge(path, image[:-1])

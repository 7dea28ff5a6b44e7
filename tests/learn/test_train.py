"""`rivulet train` in a project: what it learns, what it leaves, and that its figures are true."""

import csv
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'rivulet[train]'")

from host_tools import tau  # noqa: E402
from host_tools.errors import RivuletError  # noqa: E402
from host_tools.learn import cells, judge, said  # noqa: E402
from host_tools.learn.baselines.gru import GruBaseline  # noqa: E402
from host_tools.learn.baselines.judging import score  # noqa: E402
from host_tools.learn.dataset import load  # noqa: E402
from host_tools.learn.said import result_lines  # noqa: E402
from host_tools.learn.train import Options, train_project  # noqa: E402
from host_tools.model_header import read_settings  # noqa: E402
from host_tools.simulate.replay import replay  # noqa: E402
from tests.learn import made  # noqa: E402

_VALUE = '[train]\ntask = "value"\ntarget = ["speed"]\n'
_FORECAST = '[train]\ntask = "forecast"\ntarget = ["speed"]\nhorizon_s = 0.2\n'
_SMALL = "[model]\nunits = 8\n"


def _train(folder, toml="", iterations=40, **options):
    project = made.project(folder, _SMALL + toml)
    given = Options(project.build, iterations=iterations, **options)
    return train_project(project, load(project), given)


def _replayed(folder, data):
    """The outputs of `rivulet replay` at the events of the test recordings."""
    found = []
    for piece in data.test:
        out = folder / "out.csv"
        events = folder / "events.csv"
        with (folder / f"{piece.name}.csv").open() as file:
            rows = list(csv.reader(file))
        # replay takes the model's channels only.
        kept = [i for i, name in enumerate(rows[0]) if name not in data.targets or data.horizon_s]
        events.write_text("".join(",".join(row[i] for i in kept) + "\n" for row in rows))
        replay(folder / "build/model.safetensors", events, out, "numpy")
        with out.open() as file:
            table = list(csv.DictReader(file))
        columns = [name for name in table[0] if name.startswith("y")]
        found.append(np.array([[float(row[name]) for name in columns] for row in table]))
    return found


def _two_sensors(folder, count=12):
    """Three classes 1:5:25 apart, two sensors with rows of their own, some events unlabelled."""
    random = np.random.default_rng(5)
    for number in range(count):
        events = 62
        name = ("rare", "some", *["usual"] * 10)[number % 12] if count > 12 else None
        labels = ["usual"] * 50 + ["some"] * 10 + ["rare"] * 2
        labels = labels if name is None else [name] * events
        level = np.array([{"usual": 0.0, "some": 1.0, "rare": 3.0}[label] for label in labels])
        first = random.random(events) < 0.5
        a = np.where(first, level + 0.2 * random.normal(size=events), made.NAN)
        b = np.where(first, made.NAN, 5 - level + 0.2 * random.normal(size=events))
        labels[3] = labels[40] = ""
        made.record(folder, f"t{number}", made.irregular(random, events), {"a": a, "b": b}, labels)


def test_few_labels_are_told(tmp_path) -> None:
    _two_sensors(tmp_path)
    project = made.project(tmp_path)
    assert said.data_lines(project, load(project))[2].endswith("; 720 events have a label")


def test_two_classes_that_only_their_timing_tells_apart(tmp_path) -> None:
    made.tempo(tmp_path)
    trained = _train(tmp_path, iterations=200)
    metrics = json.loads((tmp_path / "build/metrics.json").read_text())
    assert metrics == json.loads(json.dumps(trained.metrics))
    assert metrics["task"] == "class" and metrics["classes"] == ["fast", "slow"]
    assert metrics["accuracy"] > 0.9 and metrics["macro_f1"] > 0.9
    assert metrics["int8"]["accuracy"] == pytest.approx(metrics["accuracy"], abs=0.05)
    assert list(metrics["losses"]) == ["0", "0.3", "0.5", "0.7", "0.9"]
    assert metrics["losses"]["0"]["accuracy"] == metrics["accuracy"]
    right = np.trace(metrics["confusion"]) / np.sum(metrics["confusion"])
    assert metrics["accuracy"] == pytest.approx(right, abs=1e-5)
    assert metrics["sizes"]["parameters"] == trained.metrics["sizes"]["parameters"] > 100
    assert metrics["seconds"] > 0 and metrics["baselines"] == {}
    assert set(metrics["validation"]) == {"accuracy", "macro_f1"}
    assert metrics["validation"]["accuracy"] > 0.9
    assert "validation, to compare settings by: accuracy " in "\n".join(
        result_lines(trained.data, metrics, trained.paths)
    )


@pytest.mark.parametrize("task", ["tempo", "two sensors", "value", "apart", "forecast"])
def test_its_figures_are_those_of_replay(task, tmp_path) -> None:
    if task in ("tempo", "two sensors"):
        (made.tempo if task == "tempo" else _two_sensors)(tmp_path)
        toml = ""
    else:
        made.lagging(tmp_path, apart=task == "apart")
        toml = _FORECAST if task == "forecast" else _VALUE
    trained = _train(tmp_path, toml, iterations=20)
    data, outputs = trained.data, _replayed(tmp_path, trained.data)
    if data.classes:
        pairs = [
            (label, row.argmax())
            for piece, rows in zip(data.test, outputs, strict=True)
            for label, row in zip(piece.labels, rows, strict=True)
            if label >= 0
        ]
        right = np.mean([label == said for label, said in pairs])
        assert trained.metrics["accuracy"] == pytest.approx(right, abs=1e-6)
        assert len(pairs) == trained.metrics["split"]["test"]["answered"]
    else:
        error = np.concatenate(
            [rows - piece.targets for piece, rows in zip(data.test, outputs, strict=True)]
        )
        rms = np.sqrt(np.nanmean(error**2))
        assert trained.metrics["rmse"] == pytest.approx(rms, rel=1e-5)


@pytest.mark.parametrize("cell", cells.names())
def test_the_file_computes_what_was_trained(cell, tmp_path) -> None:
    """The best validation, from the outputs that the device's code gives."""
    _two_sensors(tmp_path, 6)
    toml = f'cell = "{cell}"\n[train]\nint8 = false\n'
    trained = _train(tmp_path, toml, iterations=20)
    data = trained.data
    each = judge.outputs_of(trained.models.float32, data.validation)
    macro_f1 = judge.macro_f1(judge.confusion(data, data.validation, each))
    outputs = np.concatenate(each)
    labels = np.concatenate([piece.labels for piece in data.validation])
    outputs, labels = outputs[labels >= 0], labels[labels >= 0]
    scores = outputs - outputs.max(1, keepdims=True)
    entropy = np.log(np.exp(scores).sum(1)) - scores[np.arange(len(labels)), labels]
    share = data.class_counts("train") / data.class_counts("train").sum()
    weight = (share**-0.5)[labels]
    best = min(min(losses) for _, losses, _ in trained.history.validations)
    loss = (entropy * weight).sum() / weight.sum()
    assert 1 - macro_f1 + 0.01 * loss == pytest.approx(best, abs=1e-5)
    assert not (tmp_path / "build/model-int8.safetensors").exists()


def test_a_value_is_given_in_its_unit(tmp_path) -> None:
    made.lagging(tmp_path)
    trained = _train(tmp_path, _VALUE, iterations=80)
    still = np.concatenate([piece.targets for piece in trained.data.test]).std()
    assert trained.metrics["rmse"] < 0.3 * still
    assert trained.metrics["int8"]["rmse"] < 0.4 * still
    assert trained.metrics["units"] == {"speed": "m/s"}
    provenance = read_settings(trained.paths[0])[0]["provenance"]
    assert provenance["targets"] == ["speed"] and provenance["target_units"] == ["m/s"]


def test_rare_classes_are_learnt(tmp_path) -> None:
    _two_sensors(tmp_path)
    trained = _train(tmp_path, iterations=120)
    assert trained.metrics["f1"]["some"] > 0.6 and trained.metrics["macro_f1"] > 0.6


def test_both_files_say_what_a_board_and_a_person_need(tmp_path) -> None:
    made.tempo(tmp_path)
    trained = _train(tmp_path, iterations=20)
    for path in trained.paths[:2]:
        settings, _ = read_settings(path)
        assert settings["channels"] == ["level"] and settings["units"] == ["V"]
        assert settings["classes"] == ["fast", "slow"] and settings["convention"] == "current"
        assert len(settings["warm_start"]["prior"]) == 8 and settings["probes"]["events"]
        assert tau.from_provenance(settings["provenance"], 8)
        assert settings["training_dt_us"] == settings["policy"]["cadence_us"] > 20_000
    assert [path.name for path in trained.paths] == [
        "model.safetensors",
        "model-int8.safetensors",
        "metrics.json",
    ]
    assert settings["arithmetic"] == "int8"


def test_a_single_recording_is_enough(tmp_path) -> None:
    random = np.random.default_rng(6)
    labels = np.repeat(["a", "b"] * 6, 40)
    values = (labels == "a") + 0.3 * random.normal(size=480)
    made.record(tmp_path, "only", made.irregular(random, 480), {"v": values}, labels.tolist())
    trained = _train(tmp_path, iterations=40)
    assert trained.metrics["accuracy"] > 0.8
    assert trained.metrics["split"]["by"] == "blocks"


def test_recordings_shorter_than_a_window_are_enough(tmp_path) -> None:
    random = np.random.default_rng(7)
    for number in range(60):
        values = number % 2 + 0.3 * random.normal(size=3)
        labels = ["ab"[number % 2]] * 3
        made.record(tmp_path, f"r{number}", made.irregular(random, 3), {"v": values}, labels)
    assert _train(tmp_path, iterations=60).metrics["accuracy"] > 0.6


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path, monkeypatch) -> None:
    made.tempo(tmp_path)
    whole = _train(tmp_path, iterations=30, seeds=2)
    expected = whole.paths[0].read_bytes()
    from host_tools.learn import train

    real, calls = train.fit, []

    def interrupted(*arguments, **more):
        calls.append(arguments)
        return real(*arguments, **more, stop_at=17)

    monkeypatch.setattr(train, "fit", interrupted)
    _train(tmp_path, iterations=30, seeds=2)
    assert whole.paths[0].read_bytes() != expected and calls
    monkeypatch.setattr(train, "fit", real)
    again = _train(tmp_path, iterations=30, seeds=2, resume=True)
    assert again.paths[0].read_bytes() == expected
    # Other recordings are another run.
    (tmp_path / "recordings/r0.csv").unlink()
    with pytest.raises(RivuletError, match="delete it to start anew"):
        _train(tmp_path, iterations=30, seeds=2, resume=True)


def test_trained_for_integers(tmp_path) -> None:
    made.tempo(tmp_path)
    trained = _train(tmp_path, "[train]\nint8 = false\n", iterations=20, int8=True)
    assert trained.models.int8 is not None and "int8" in trained.metrics


@pytest.mark.parametrize(
    ("toml", "layers", "rates"),
    [
        ('units = [5, 4]\nrates = "v"\n', [5, 4], "v"),
        ("units = 7\n", [4, 3], "u"),
    ],
)
def test_a_cascade_has_the_projects_layers_and_rates(toml, layers, rates, tmp_path) -> None:
    made.tempo(tmp_path)
    project = made.project(tmp_path, '[model]\ncell = "cascade"\n' + toml)
    trained = train_project(project, load(project), Options(project.build, iterations=20))
    assert trained.models.int8 is not None
    for model in (trained.models.float32, trained.models.int8):
        assert model.hidden == sum(layers)
        assert (model.settings["layers"], model.settings["rates"]) == (layers, rates)
        assert model.settings["readout_inputs"] and model.settings["convention"] == "current"


def test_layers_of_a_cell_without_layers_are_refused(tmp_path) -> None:
    made.tempo(tmp_path)
    project = made.project(tmp_path, "[model]\nunits = [5, 4]\n")
    with pytest.raises(RivuletError, match="the cell 'decay' has no layers: give one number"):
        train_project(project, load(project), Options(project.build, iterations=20))


def test_what_integers_do_not_run_is_told_before_training(tmp_path) -> None:
    made.tempo(tmp_path)
    with pytest.raises(RivuletError, match=r"train.int8: .*'ctrnn'.*int8 = false"):
        _train(tmp_path, 'cell = "ctrnn"\n', iterations=10**6)
    assert not (tmp_path / "build").exists()


def test_names_that_no_model_takes_are_told_before_training(tmp_path) -> None:
    for number in range(6):
        labels = ["a" * 80 if number % 2 else "b"] * 9
        made.record(tmp_path, f"r{number}", 0.1 * np.arange(9), {"v": np.arange(9.0)}, labels)
    with pytest.raises(RivuletError, match="classes"):
        _train(tmp_path, iterations=10**6)


def test_two_recordings_and_two_targets(tmp_path) -> None:
    """Nothing to validate on: training runs to its end, and the loss chooses between seeds."""
    random = np.random.default_rng(8)
    for number in range(2):
        drive = random.normal(size=80).repeat(3)
        times = made.irregular(random, 240)
        channels = {"drive": drive, "p": 100 + drive, "q": -3 * drive}
        made.record(tmp_path, f"r{number}", times, channels, units={"p": "hPa"})
    toml = '[train]\ntask = "value"\ntarget = ["p", "q"]\nunits = { p = "Pa" }\n'
    trained = _train(tmp_path, toml, iterations=60, seeds=2)
    assert trained.history.validations == [] and len(trained.history.losses) == 60
    errors = trained.metrics["rmse_by_target"]
    assert trained.metrics["units"] == {"p": "Pa", "q": ""}
    assert errors["p"] < 100 and errors["q"] < 3
    both = np.sqrt((errors["p"] ** 2 + errors["q"] ** 2) / 2)
    assert trained.metrics["rmse"] == pytest.approx(both, rel=1e-4)


def test_the_best_of_several_starts_is_kept(tmp_path) -> None:
    made.tempo(tmp_path)
    history = _train(tmp_path, iterations=20, seeds=4).history
    assert len(set(history.losses[0])) == 4
    [(_, losses, _)] = history.validations
    assert losses[history.best()] == min(losses)


def test_the_best_start_of_a_network_compared_with_answers(tmp_path) -> None:
    made.tempo(tmp_path)
    data = load(made.project(tmp_path))
    model = GruBaseline(data, 0.5, 300, timed=True, seeds=3, iterations=40)
    model.fit()
    trained = model._trained
    best, figures = trained._best, []
    for trained._best in range(3):
        answers = model.predict(data.validation)
        figures.append(score(data, data.validation, answers).figures["macro_f1"])
    assert figures[best] == max(figures) > min(figures)

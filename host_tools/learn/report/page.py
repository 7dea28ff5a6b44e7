"""The report as one self-contained HTML page."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.convert import ModelFile
from host_tools.learn import judge
from host_tools.learn.dataset import Dataset
from host_tools.learn.report import accuracy, dynamics
from host_tools.learn.report.parts import page, sentence, table

REPORT = "report.html"
_NEXT = (
    ("rivulet virtual", "the project on a board made of software"),
    ("rivulet push", "the model onto a board, on trial"),
    ("rivulet monitor", "what it sees and answers, live"),
)


@dataclass(frozen=True)
class Shown:
    """What a report shows beside metrics.json."""

    # The project's name.
    name: str
    data: Dataset
    model: ModelFile
    # The model's file, then that of the int8 one if there is one.
    paths: list[Path]


def write_report(path: Path, metrics: dict[str, Any], shown: Shown) -> None:
    """Write the report of a trained project. metrics: as in metrics.json. Raises RivuletError."""
    data = shown.data
    title = f"{shown.name}: {_task(data)}"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="headline">{escape(sentence(accuracy.headline(metrics, data)))}</p>',
        *_trained(shown, metrics),
        *(
            accuracy.confused(metrics)
            if data.classes
            else accuracy.errors(data, judge.outputs_of(shown.model, data.test))
        ),
        *accuracy.against_losses(data, metrics),
        *dynamics.time_constants(data, shown.paths[0]),
        *dynamics.stability(shown.paths[0]),
        *dynamics.cost(shown.paths),
        *_files(path, shown),
    ]
    files.write_text(path, page(title, body))


def _task(data: Dataset) -> str:
    if data.task == "class":
        return f"{len(data.classes)} classes"
    named = ", ".join(data.targets)
    return f"{named}, {data.horizon_s:g} s ahead" if data.task == "forecast" else named


def _trained(shown: Shown, metrics: dict[str, Any]) -> list[str]:
    data = shown.data
    rows = []
    for part, pieces in data.split.items():
        row = [part, str(len(pieces)), f"{sum(map(len, pieces)):,}"]
        row.append(f"{sum(int(piece.answered.sum()) for piece in pieces):,}")
        if data.classes:
            row += [f"{count:,}" for count in data.class_counts(part)]
        rows.append(row)
    what = "blocks" if data.split_by == "blocks" else "recordings"
    head = ["part", what, "events", "with an answer", *data.classes]
    how = {
        "blocks": "A single recording was cut into consecutive blocks.",
        "recording": "Whole recordings were split.",
        "group": "Recordings of one group are in one part.",
    }[data.split_by]
    learnt = (
        f"{metrics['sizes']['parameters']:,} parameters, trained in {metrics['seconds']:.0f} s"
    )
    notes = "".join(f"<li>{escape(note)}</li>" for note in data.notes)
    return [
        "<h2>What was trained</h2>",
        f"<p>{escape(how)} The best iteration was chosen by the validation part. "
        f"Inputs: {escape(', '.join(data.channels))}. {escape(learnt)}.</p>",
        table(head, rows),
        f"<ul>{notes}</ul>" if notes else "",
    ]


def _files(path: Path, shown: Shown) -> list[str]:
    folder = path.parent.name
    kept = [*(model.name for model in shown.paths), "metrics.json", path.name]
    listed = "".join(f"<li>{escape(f'{folder}/{name}')}</li>" for name in kept)
    commands = "\n".join(f"{command:18} # {what}" for command, what in _NEXT)
    return [
        f"<h2>Files and next commands</h2><ul>{listed}</ul>",
        f"<pre>{escape(commands)}</pre>",
    ]

"""The sections on a model's dynamics and its cost."""

from html import escape
from pathlib import Path

from host_tools import tau
from host_tools.analyze import analyze
from host_tools.analyze.verdict import CONTRACTION, PATH, REST
from host_tools.cost import estimates
from host_tools.cost.lines import HEAD, basis_lines, estimate_rows
from host_tools.errors import RivuletError
from host_tools.learn.dataset import Dataset
from host_tools.learn.fitness.scales import scales_of
from host_tools.learn.fitness.timing import seconds_text
from host_tools.learn.report import charts
from host_tools.learn.report.parts import figure, table
from host_tools.model_header import read_settings

# What tells whether the model settles; the rest is in `rivulet analyze`.
_SECTIONS = (REST, PATH, CONTRACTION)


def time_constants(data: Dataset, model: Path) -> list[str]:
    """Return the section on tau beside the data's time scales."""
    settings, tensors = read_settings(model)
    units = _units(settings, tensors)
    seen = tau.from_provenance(settings["provenance"], units)
    if not seen:
        return []
    scales, gap_s = scales_of(data), data.median_gap_s()
    named = [(each.name, each.time_s) for each in scales]
    said = "; ".join(f"{each.name}: {each.text}" for each in scales[:12])
    caption = (
        "Bars: 5 to 95 % of each unit's time constant over the training part, with its median. "
        f"Orange: the time scales of the channels ({said}). Dashed: the median time between "
        f"events, {seconds_text(gap_s)}. A unit forgets what is older than a few time constants."
    )
    return [
        "<h2>Time constants and the data's time scales</h2>",
        figure(charts.time_constants(seen, named, gap_s), caption),
    ]


def stability(model: Path) -> list[str]:
    """Return the section on stability, in words."""
    parts = ["<h2>Stability</h2>"]
    try:
        found = analyze(model)
    except RivuletError as error:
        return [*parts, f'<p class="about">Not analysed: {escape(str(error))}</p>']
    chosen = [each for each in found.verdicts if each.section in _SECTIONS]
    items = "".join(f'<li class="{each.level}">{escape(each.text)}</li>' for each in chosen)
    return [
        *parts,
        f'<ul class="verdicts">{items}</ul>',
        f'<p class="about">More: rivulet analyze {escape(model.name)} --report</p>',
    ]


def cost(models: list[Path]) -> list[str]:
    """Return the section on what each model costs on each known board."""
    parts = ["<h2>Cost on a board</h2>"]
    for model in models:
        found = estimates(model)
        parts.append(f"<p>{escape(model.name)}, {model.stat().st_size:,} bytes:</p>")
        parts.append(table(HEAD, estimate_rows(found)))
        parts += [f'<p class="about">{escape(line)}</p>' for line in basis_lines(found)]
    parts.append(
        '<p class="about">~ marks an estimate. An event: from its inputs to the outputs. Events a '
        "second: of the whole loop, without what reading the sensor takes.</p>"
    )
    return parts


def _units(
    settings: dict[str, object], tensors: dict[str, tuple[tuple[int, ...], int, int]]
) -> int:
    width = tensors["readout.weight"][0][1]
    # The last column of a float readout is its bias.
    return width if settings.get("arithmetic") == "int8" else width - 1

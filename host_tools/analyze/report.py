"""The analysis as one self-contained HTML page, without scripts or network access."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from host_tools import files
from host_tools.analyze import charts
from host_tools.analyze.analysis import Analysis
from host_tools.analyze.verdict import (
    CHANNELS,
    CONTRACTION,
    PATH,
    REST,
    SECTIONS,
    STEPS,
    TAU,
    seconds,
)

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#1b1f23;background:#fff}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p.about,.legend,figcaption{color:#57606a;font-size:.9rem}
ul{list-style:none;padding:0}li{margin:.35rem 0;padding:.1rem 0 .1rem .7rem;border-left:4px solid}
.good{border-color:#009e73}.note{border-color:#8c959f}.warning{border-color:#d55e00}
li b{font-weight:600}figure{margin:.8rem 0}.wide{overflow-x:auto}
svg{width:100%;min-width:34rem;height:auto}
svg text{font:11px system-ui,sans-serif;fill:#57606a}
.grid{stroke:#e4e7ea;fill:none}.limit{stroke:#d55e00;stroke-dasharray:5 4;fill:none}
polyline{fill:none;stroke-width:1.6}.series0{stroke:#0072b2}.series1{stroke:#e69f00}
.series2{stroke:#009e73}.series3{stroke:#cc79a7}.series4{stroke:#56b4e9}
.along{stroke:#0072b2;stroke-opacity:.4}.rest{stroke:#1b1f23}.bar{fill:#9ecae8}
.legend span{margin-right:1rem;white-space:nowrap}
.legend i{display:inline-block;width:1.1rem;height:.25rem;
margin-right:.3rem;vertical-align:middle}.key0{background:#0072b2}.key1{background:#e69f00}
.key2{background:#009e73}.key3{background:#cc79a7}.key4{background:#56b4e9}
table{border-collapse:collapse;font-size:.88rem}th,td{padding:.15rem .7rem .15rem 0;
white-space:nowrap;text-align:right;border-bottom:1px solid #e4e7ea}
th:first-child,td:first-child{text-align:left}
"""
_NAMES = {"good": "holds", "note": "note", "warning": "look"}


def write(analysis: Analysis, path: Path) -> None:
    """Write the page. Raises RivuletError."""
    files.write_text(path, page(analysis))


def page(analysis: Analysis) -> str:
    found = analysis.findings
    dynamics = found.dynamics
    settings = dynamics.settings
    title = f"{analysis.model.name}: stability and use"
    about = (
        f"{settings['cell']}, {dynamics.hidden} units, {len(dynamics.channels)} channels, "
        f"{len(found.outputs)} outputs. Looked at: {found.samples}."
    )
    body = [f"<h1>{escape(title)}</h1>", f'<p class="about">{escape(about)}</p>']
    pictures = _pictures(analysis)
    for section in SECTIONS:
        mine = [verdict for verdict in analysis.verdicts if verdict.section == section]
        if not mine:
            continue
        body.append(f"<h2>{escape(section)}</h2><ul>")
        body += [
            f'<li class="{one.level}"><b>{_NAMES[one.level]}:</b> {escape(one.text)}</li>'
            for one in mine
        ]
        body.append(f"</ul>{pictures.get(section, '')}")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>"
    )


def _pictures(analysis: Analysis) -> dict[str, str]:
    found = analysis.findings
    made = {
        REST: _figure(
            charts.poles(found),
            "Poles at rest (dark) and along the way (blue), in decades on both sides of zero.",
        ),
        PATH: _figure(charts.abscissa(found), "Above the dashed line nearby states part."),
        CONTRACTION: _contraction_notes(),
        TAU: _figure(
            charts.time_constants(found),
            "5 to 95 % of each neuron's time constant, the median as a dot, by median.",
        ),
        CHANNELS: _channel_table(analysis),
    }
    if found.limits:
        made[STEPS] = _figure(
            charts.steps(found) + charts.legend([limit.integrator for limit in found.limits]),
            "What one undivided step leaves of a disturbance at rest; above the dashed line it "
            "grows.",
        ) + _step_table(analysis)
    return made


def _figure(chart: str, caption: str) -> str:
    return (
        f'<figure><div class="wide">{chart}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _contraction_notes() -> str:
    text = (
        "Contraction: where the logarithmic norm of df/dx is at most -c for all states and all "
        "inputs, any two runs under the same inputs approach each other as exp(-c t) (Lohmiller "
        "and Slotine, Automatica 1998). The bound for every input follows from the limits of "
        "alpha and the sizes of the weights alone, in the norm max |x_i|/d_i; sampled values hold "
        "at the points looked at and prove nothing between them."
    )
    return f'<p class="about">{escape(text)}</p>'


def _step_table(analysis: Analysis) -> str:
    rows = [
        [
            limit.integrator,
            seconds(limit.limit_s),
            "; ".join(
                f"{seconds(trial.seconds)}: {trial.predicted:.4f} / {trial.measured:.4f}"
                for trial in limit.trials
            ),
        ]
        for limit in analysis.findings.limits
    ]
    return _table(["integrator", "largest stable step", "|mu| predicted / simulated"], rows)


def _channel_table(analysis: Analysis) -> str:
    found = analysis.findings
    head = ["channel", "unit", "lowest", "highest", "influence"]
    gains = found.gain
    if gains is not None:
        head += [output.name for output in found.outputs]
    rows = []
    for number, channel in enumerate(found.channels):
        row = [channel.name, channel.unit, f"{channel.low:.4g}", f"{channel.high:.4g}"]
        row.append(f"{channel.influence:.3g}")
        if gains is not None:
            row += [f"{gain:+.2f}" for gain in gains[:, number]]
        rows.append(row)
    note = (
        "Influence: the most that one normalised unit of the channel adds to a neuron's dx/dt at "
        "rest, 1/s; the columns of outputs: by how much it moves them if held (static gain)."
    )
    return _table(head, rows) + f'<p class="about">{escape(note)}</p>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{"".join(lines)}</table></div>'

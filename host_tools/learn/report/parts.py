"""Pieces of HTML."""

from collections.abc import Sequence
from html import escape

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;
color:#1b1f23;background:#fff}
h1{font-size:1.5rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p.about,.legend,figcaption{color:#57606a;font-size:.9rem}p.headline{font-size:1.1rem}
ul.verdicts{list-style:none;padding:0}
.verdicts li{margin:.35rem 0;padding:.1rem 0 .1rem .7rem;border-left:4px solid}
.verdicts .good{border-color:#009e73}.verdicts .note{border-color:#8c959f}
.verdicts .warning{border-color:#d55e00}
figure{margin:.8rem 0}.wide{overflow-x:auto}pre{background:#f6f8fa;padding:.6rem;overflow-x:auto}
svg{width:100%;min-width:34rem;height:auto}
svg text{font:11px system-ui,sans-serif;fill:#57606a}
.grid{stroke:#e4e7ea;fill:none}.limit{stroke:#1b1f23;stroke-dasharray:5 4;fill:none}
polyline{fill:none;stroke-width:1.8}.series0{stroke:#0072b2}.series1{stroke:#e69f00}
.series2{stroke:#009e73}.series3{stroke:#cc79a7}.series4{stroke:#56b4e9}.series5{stroke:#d55e00}
.series6{stroke:#8c959f}.series7{stroke:#6a3d9a}polyline.series0{stroke-width:3}
.along{stroke:#0072b2;stroke-opacity:.4}.rest{stroke:#1b1f23}.bar{fill:#9ecae8}
.legend span{margin-right:1rem;white-space:nowrap}
.legend i{display:inline-block;width:1.1rem;height:.25rem;margin-right:.3rem;
vertical-align:middle}.key0{background:#0072b2}.key1{background:#e69f00}.key2{background:#009e73}
.key3{background:#cc79a7}.key4{background:#56b4e9}.key5{background:#d55e00}
.key6{background:#8c959f}.key7{background:#6a3d9a}
table{border-collapse:collapse;font-size:.88rem;margin:.6rem 0}
th,td{padding:.15rem .7rem .15rem 0;white-space:nowrap;text-align:right;
border-bottom:1px solid #e4e7ea}th:first-child,td:first-child{text-align:left}
"""


def figure(chart: str, caption: str) -> str:
    """Return a picture with its caption."""
    return (
        f'<figure><div class="wide">{chart}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = (
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="wide"><table><tr>{top}</tr>{"".join(lines)}</table></div>'


def sentence(text: str) -> str:
    """Return text with a capital first letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def words(*parts: str) -> str:
    """Join the parts that are not empty."""
    return " ".join(part for part in parts if part)


def page(title: str, body: Sequence[str]) -> str:
    """Return a whole page, self-contained."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><body>{''.join(body)}</body></html>"
    )

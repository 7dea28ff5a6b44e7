"""What `rivulet bench --peers` found, as tables in Markdown."""

from pathlib import Path
from typing import Any

from host_tools import files
from host_tools.bench.bare import HZ

_MHZ = HZ // 1_000_000
_KINDS = "regular", "irregular"
_CELLS = {"decay": "decay cell", "cfc": "CfC", "ltc": "LTC"}
_FORM = """\
## Measuring again

    rivulet bench --peers FOLDER --uf2 IMAGE.uf2 --write docs/bench/peers

Nothing of the peers is kept here: the sources above say where they are. FOLDER holds what you
compiled of them, or a cell of your own, four files each:

- `NAME.elf`, linked for a Cortex-M0+ to addresses from 0x20000000 on, code and data. It has a
  function `peer_step` without arguments, and arrays `peer_input` and `peer_state`. If it has a
  float `peer_interval`, the seconds since the last event are written there.
- `NAME.toml` with `name`, `source`, `commit`, `licence`, `flags`, `note`, `units`, `inputs`, and
  the tables `input` and `state`: `type` (int8, int16, int32 or float32), `scale` and `zero`.
- `NAME.npz`, optional: what the float network answers, in arrays `regular.inputs`,
  `regular.seconds`, `regular.states`, and the same for `irregular`.
- `NAME.safetensors`, optional: a float model of ours, of the same cell and size. With NAME.npz it
  is the same network: our integers are compared with the same answers.
"""


def lines(report: dict[str, Any]) -> list[str]:
    """Return the tables of the report, for a terminal and for the page."""
    made = [
        f"| cell | cycles | µs at {_MHZ} MHz | flash | RAM | stack | error, regular | irregular |",
        "| --- |" + " ---: |" * 7,
    ]
    for row in sorted(report["rows"], key=lambda row: row["cycles"]):
        figures = (row["cycles"], f"{row['cycles'] / _MHZ:.1f}", *map(row.get, _BYTES))
        made.append(_table_row(row["name"], *figures, *_errors(row)))
    if "board" in report:
        made += ["", *_board_lines(report)]
    made += ["", *_growth_lines(report)]
    return made


_BYTES = "flash", "ram", "stack"


def page(report: dict[str, Any]) -> str:
    """Return the page's text."""
    tables = "\n".join(lines(report)).split("\n\n")
    parts = [
        "# A step beside other projects' cells",
        f"Written by `rivulet bench --peers`: {report['units']} units, {report['inputs']} inputs. "
        f"Every step ran in one run on the core of the emulated RP2040, at {_MHZ} MHz, with code "
        "and data in RAM: no flash cache misses, no interrupts, no interpreter. Nothing here was "
        "measured on a board. The emulator gives a push of lr and a pop of pc a cycle less than "
        "Arm's table: code with many calls gains a little by that.",
        tables[0],
        "Bytes. Flash is code, constants and the weights; RAM is what the step keeps between "
        "calls; stack is what one call takes besides. Ours has its model file in flash, and "
        "weights and tables in RAM as well, where a board loads them. Our step includes four "
        "outputs from a running mean. The error is the root mean square of the state's difference "
        "from the same network in floats, in percent of the state's, over "
        "the events that a peer was given. Regular intervals are 1 s, irregular ones 0.1 to 4 s. "
        "Only the CfC, the LTC and the decay cell take the interval into account.",
    ]
    parts += [*_same(report), *_board(report, tables)]
    parts += ["## Growth of the decay cell", tables[-1], "## Sources", *_sources(report)]
    return "\n\n".join(parts) + "\n\n" + _FORM


def write(report: dict[str, Any], path: Path) -> Path:
    """Write PATH.md; returns its path."""
    made = path.with_suffix(".md")
    files.make_folder(made.parent)
    files.write_text(made, page(report))
    return made


def _board_lines(report: dict[str, Any]) -> list[str]:
    made = [
        "| our model | µs in MicroPython | file | buffers | heap with code |",
        "| --- |" + " ---: |" * 4,
    ]
    keys = "median_us", "file_bytes", "buffers", "model_heap"
    for row in report["board"]["rows"]:
        made.append(_table_row(_cell(row["cell"]), *(row[key] for key in keys)))
    return made


def _growth_lines(report: dict[str, Any]) -> list[str]:
    made = ["| units | cycles | µs | bytes of buffers |", "| ---: |" + " ---: |" * 3]
    for units, cycles, size in report["growth"]:
        made.append(_table_row(units, cycles, f"{cycles / _MHZ:.1f}", size))
    return made


def _same(report: dict[str, Any]) -> list[str]:
    made = []
    for row in report["same"]:
        if row["errors"]:
            peer = next(each for each in report["rows"] if each["name"] == row["of"])
            made.append(
                f"With the same weights as {row['of']}, our int8 {_cell(row['name'])} is off the "
                f"float network by {' and '.join(_errors(row))} % at regular and irregular "
                f"intervals; the peer by {' and '.join(_errors(peer))} %."
            )
    return made


def _board(report: dict[str, Any], tables: list[str]) -> list[str]:
    if "board" not in report:
        return []
    board = report["board"]
    return [
        "## Ours in MicroPython",
        f"In the same run on the whole emulated Pico with {board['image']}. A kernel that returns "
        f"at once takes {board['call_us']} µs: that much of each time is MicroPython's own, the "
        "method around the kernel, the call and the clock. An event through the loop costs more: "
        "[emulated_pico.md](emulated_pico.md).",
        tables[1],
        "Bytes. The heap holds buffers, the kernels' code and what loads the model. The CfC has a "
        "backbone of 64 units, the LTC a synapse from each unit to each and 6 unfolds.",
    ]


def _sources(report: dict[str, Any]) -> list[str]:
    texts = []
    for row in report["rows"]:
        compiler = row["compiler"].removeprefix("GCC: ").rsplit(" ", 1)[0]
        if row.get("source"):
            note = f" {row['note'][:1].upper()}{row['note'][1:]}." if row["note"] else ""
            texts.append(
                f"- {row['name']}: {row['source']} at `{row['commit'][:12]}`, {row['licence']}; "
                f"GCC {compiler}, `{row['flags']}`.{note}"
            )
        elif row["compiler"]:
            texts.append(
                f"- {row['name']}: `host_tools/bench/gru.c`; GCC {compiler}, `{row['flags']}`. "
                "Tables with interpolation for the sigmoid and tanh."
            )
    return ["\n".join(texts)]


def _errors(row: dict[str, Any]) -> list[str]:
    errors = row["errors"]
    return [f"{100 * errors[kind]:.2g}" if kind in errors else "" for kind in _KINDS]


def _cell(name: str) -> str:
    return _CELLS.get(name, name)


def _table_row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"

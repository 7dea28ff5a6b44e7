"""Presents the evidence of the controllers: on the terminal, as a page, and as JSON."""

import json
import platform
import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from host_tools import files
from host_tools.controllers.score import LOSSES, loss_name
from host_tools.plants.cartpole import PERIOD_S, STEP_LIMIT
from host_tools.printing import console

Found = dict[str, dict[str, Any]]  # task -> controller -> result

_TOGETHER = [loss_name(loss) for loss in LOSSES]
_ALONE = ["nothing", "jitter", "outages", "delay"]
# The goal: share of the clean return that is kept at these losses, within a number of parameters.
_GOALS = ((0.5, 0.98), (0.7, 0.90))
_GOAL_TASK = "cartpole"
# What a task is judged by.
_MEASURES = {"cartpole": "returns", "altitude": "errors"}
# A horizon that changes a mean by less than this share hardly matters: seeds differ by more.
_WORTH = 0.05

_PAGE = """\
# Evidence: controllers under bad timing

Written by `make control-evidence`, which trains everything anew on one thread of {machine}.
[`evidence/control.json`](evidence/control.json) holds the figures of every seed.

A controller is asked every {period_ms:.0f} ms, whether an observation came or not. The plant does
not wait. Networks that see their held observation and their own last action at every tick stand
losses that a controller without a prediction does not. Which cell they have matters less, and so
does whether they are told the age of the observation: compare "GRU" and "GRU fed dt".

- **Controllers.** The networks see, at every tick, the observation that came last, their own last
  action, its age and whether it came since the last tick: the channels that the firmware feeds
  (`action.`, `age.`, `fresh.`). "GRU" is without age and flag, "GRU fed dt" has both. Every
  network is as large as {most} parameters allow, its readout of the estimated observation
  included, which a board does not get. "int8" is the same network quantised after training, run
  by the integer reference that every kernel matches bit for bit. "ahead" is the same network in
  floats, not trained anew, with its outputs peeked that far ahead at every tick (`horizon_ms` of
  [the policy](control.md#the-policy)).
- **Training.** Alike for all: imitation of an LQR that knows the true state, by DAgger. Losses are
  drawn up to 85 %, each episode has its own delay up to 60 ms and jitter up to a period, and three
  of four have outages. The loss is the squared error of the action and {truth} times that of an
  estimate of the true observation.
- **Episodes.** {seeds} seeds of {episodes} episodes each, the same for every controller. A
  network's seeds are also those of its training. Tables show the mean, ± the standard deviation
  over seeds.
- **Faults.** *lost*: the chance that an observation is lost; with it always come a delay of 0 to
  60 ms, fixed in an episode, and jitter up to half a period, and from 30 % on outages of 0.1 to
  0.3 s, about one in two seconds. The other columns have one fault alone: jitter up to a period,
  those outages, that delay. (`rivulet hil --delay` is another one: that of the actions.)
- **Classical controllers** know the plant's equations exactly. Those that predict also get each
  observation's timestamp, which no network gets: it sees only when an observation arrived.
"""
_CARTPOLE = """
## CartPole

The plant is Gymnasium's: pushes of 10 N to either side. Forces between are turned into pushes by
sigma-delta modulation in the plant (`host_tools/plants/cartpole.py`). The sensors have noise of
5 mm, 0.02 m/s, 3 mrad and 0.02 rad/s.
{trained} Steps of {steps} before the pole falls:
"""
_ALTITUDE = """
## Altitude

A quadrotor of 30 g holds its height by a barometer with 0.11 m of noise and an accelerometer, in
gusts of 1 m/s (`host_tools/plants/altitude.py` has the numbers and their sources). The return is
1 a step less the distance from the height in m; an episode begins up to 1 m off it.
{trained} Return of {steps}:
"""
_ERRORS = """
Root mean square of the height's error from the third second on, in cm:
"""


def show(found: Found) -> None:
    """Print the tables."""
    screen = console(width=160, soft_wrap=False)
    for task, results in found.items():
        screen.print(f"{task}: return, mean ± sd over seeds")
        for row in _rows(results, "returns", 1.0, 0):
            screen.print("  ".join(f"{cell:>16}" for cell in row))
        if task == "altitude":
            screen.print("error, cm")
            for row in _rows(results, "errors", 100.0, 1):
                screen.print("  ".join(f"{cell:>16}" for cell in row))


def write(docs: Path, found: Found, setup: dict[str, Any], most: int) -> None:
    """Write docs/evidence-control.md and docs/evidence/control.json. Raises RivuletError."""
    one = setup[_GOAL_TASK]
    recipe = one["recipe"]
    page = _PAGE.format(
        machine=platform.machine(),
        period_ms=1000 * PERIOD_S,
        most=f"{most:,}",
        seeds=one["seeds"],
        episodes=one["episodes"],
        truth=recipe["truth_weight"],
    )
    page += _CARTPOLE.format(steps=STEP_LIMIT, trained=_trained(one)) + "\n"
    page += _markdown(found["cartpole"], "returns", 1.0, 0)
    page += "\n" + _goals(found[_GOAL_TASK])
    page += _ALTITUDE.format(steps=STEP_LIMIT, trained=_trained(setup["altitude"])) + "\n"
    page += _markdown(found["altitude"], "returns", 1.0, 0)
    page += _ERRORS + "\n" + _markdown(found["altitude"], "errors", 100.0, 1)
    page += "\n" + _horizons(found) + "\n" + _verdict(found)
    files.write_text(docs / "evidence-control.md", page)
    content = {"setup": setup, "results": found}
    files.write_text(docs / "evidence" / "control.json", json.dumps(content, indent=1) + "\n")


def _rows(results: dict[str, Any], name: str, unit: float, digits: int) -> list[list[str]]:
    rows = [["controller", "parameters", *_TOGETHER, *_ALONE]]
    for kind, result in results.items():
        cells = [
            f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"
            for values in (
                unit * np.array(result[name][condition]) for condition in _TOGETHER + _ALONE
            )
        ]
        size = result.get("parameters")
        rows.append([kind, f"{size:,}" if size else "-", *cells])
    return rows


def _markdown(results: dict[str, Any], name: str, unit: float, digits: int) -> str:
    head, *rest = _rows(results, name, unit, digits)
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rest]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _trained(setup: dict[str, Any]) -> str:
    recipe = setup["recipe"]
    return (
        f"Training has {len(recipe['shares'])} rounds, {sum(recipe['iterations']):,} iterations "
        f"of {recipe['batch']} windows of {recipe['window']} ticks."
    )


def _goals(results: dict[str, Any]) -> str:
    """Return the goal beside what was reached, for the liquid networks."""
    clean = _TOGETHER[0]
    lines = [
        "The goal is at least 98 % of the return with nothing lost at 50 % losses, and 90 % at "
        "70 %.\n"
    ]
    for kind, result in results.items():
        if not kind.startswith(("decay", "cascade")):
            continue
        shares = []
        for loss, goal in _GOALS:
            kept = np.mean(result["returns"][loss_name(loss)]) / np.mean(result["returns"][clean])
            met = "met" if kept >= goal else "missed"
            shares.append(f"{100 * kept:.1f} % at {100 * loss:.0f} % ({met})")
        lines.append(f"- {kind}: {', '.join(shares)}")
    return "\n".join(lines) + "\n"


def _horizons(found: Found) -> str:
    """Return whether peeking ahead helps, by the means beside those of the network without it."""
    ends = {}
    for task, name in _MEASURES.items():
        changes = []
        for kind, result in found[task].items():
            if "horizon_ms" not in result:
                continue
            without = found[task][kind.split(",")[0]]
            for condition in _TOGETHER + _ALONE:
                share = np.mean(result[name][condition]) / np.mean(without[name][condition])
                changes.append((share - 1, f"{kind}, {condition}"))
        ends[task] = min(changes), max(changes)
    (worst, best), (lowest, highest) = ends["cartpole"], ends["altitude"]
    helps = "helps" if max(best[0], -lowest[0]) >= _WORTH else "hardly helps"
    harms = " and can harm" if min(worst[0], -highest[0]) <= -_WORTH else ""
    cartpole, altitude = (
        " to ".join(f"{100 * change:+.1f} % ({where})" for change, where in each)
        for each in ends.values()
    )
    said = (
        f"Peeking ahead {helps}{harms}: beside the same network without it, CartPole's steps "
        f"change by {cartpole}, the altitude's error by {altitude}."
    )
    text = textwrap.fill(said, 99, break_on_hyphens=False)
    return f"## Whether a horizon helps\n\n{text}\n"


def _verdict(found: Found) -> str:
    """Return who is best in each column, by the mean."""
    lines = ["## Who is best where\n"]
    for task, name in _MEASURES.items():
        results, best = found[task], max if name == "returns" else min
        for condition in _TOGETHER + _ALONE:
            means = {kind: float(np.mean(r[name][condition])) for kind, r in results.items()}
            top = best(means.values())
            first = [kind for kind, value in means.items() if value == top]
            lines.append(f"- {task}, {condition}: {'; '.join(first)}")
    return "\n".join(lines) + "\n"

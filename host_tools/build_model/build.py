"""Builds a model file for `rivulet convert`: prune, fine-tune, convert, quantise."""

import json
from dataclasses import dataclass
from pathlib import Path

from host_tools import files, tau
from host_tools.build_model.adaptable import make_adaptable
from host_tools.build_model.live import LiveNetwork, fidelity
from host_tools.build_model.prune import (
    connections,
    fine_tune,
    prune_connections,
    prune_units,
    units,
)
from host_tools.build_model.time_constants import time_constants
from host_tools.build_model.usual_state import usual_state
from host_tools.choices import Dtype, Late
from host_tools.convert import Arrays, ModelFile, Settings, convert
from host_tools.data.calibration import ChannelRange, ranges, seen
from host_tools.data.event_table import EventTable
from host_tools.errors import RivuletError
from host_tools.integers.compare import compare, outputs_after
from host_tools.integers.quantise import quantise
from host_tools.simulate.tick_table import read_table_for


@dataclass(frozen=True)
class Options:
    """Options of `rivulet convert`."""

    dtype: Dtype = Dtype.float32
    calibrate: Path | None = None
    late: Late = Late.refuse  # events of `calibrate` whose time goes back
    prune: float | None = None  # share of the connections
    prune_units: float | None = None  # share of the units
    fine_tune: bool = False
    version: int | None = None  # for boards that refuse older models than theirs
    spare: int | None = None  # classes to learn on the board; None: the model learns nothing


def read_metadata(path: Path) -> Settings:
    """Read the metadata that `--metadata` names. Raises RivuletError."""
    files.check_input(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise RivuletError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise RivuletError(f"{path}: must hold a JSON object")
    return content


def build(
    weights: Arrays, settings: Settings, options: Options, live: LiveNetwork | None = None
) -> tuple[ModelFile, list[str]]:
    """Return the model file and the lines of a report on how it was made. Raises RivuletError.

    live: the network that the weights are of, with which a calibration compares the model.
    """
    pruning = options.prune is not None or options.prune_units is not None
    if options.fine_tune and not pruning:
        raise RivuletError("--fine-tune goes with --prune or --prune-units")
    # Converting first checks names, shapes and channels before they are pruned.
    whole = convert(weights, settings)
    events = None
    if options.calibrate is not None:
        events = read_table_for(options.calibrate, whole.settings, options.late)
    report: list[str] = []
    if pruning:
        weights = _pruned(weights, settings, options, events, report)
    model = convert(weights, settings)
    if pruning and events is None and not options.fine_tune:
        model.warnings.append(
            "pruned without --calibrate EVENTS.csv: the remaining weights were not refitted, "
            "which costs accuracy"
        )
    return _finished(model, options, events, report, live)


def build_from_model(model: ModelFile, options: Options) -> tuple[ModelFile, list[str]]:
    """Return the int8 model of a float model file, as `from_ncps` makes it, and a report.

    Raises RivuletError.
    """
    if options.dtype is not Dtype.int8 or options.prune or options.prune_units:
        raise RivuletError("pruning needs the weights that the model file was made from")
    events = None
    if options.calibrate is not None:
        events = read_table_for(options.calibrate, model.settings, options.late)
    return _finished(model, options, events, [])


def _finished(
    model: ModelFile,
    options: Options,
    events: EventTable | None,
    report: list[str],
    live: LiveNetwork | None = None,
) -> tuple[ModelFile, list[str]]:
    """Add what the options ask for, and quantise if they do."""
    _note(model, options)
    if options.spare is not None:
        if options.calibrate is None:
            raise RivuletError(
                "--spare-classes needs --calibrate EVENTS.csv: labelled events of the training "
                "data, which the board is not to forget"
            )
        report.append(make_adaptable(model, options.calibrate, options.late, options.spare))
    if options.version is not None:
        model.settings["version"] = options.version
    if events is None:
        return (model if options.dtype is Dtype.float32 else quantise(model)), report
    warm = dict(model.settings.get("warm_start", {}))
    if events.dropped:
        model.warnings.append(events.dropped)
    model.settings["warm_start"] = {"prior": usual_state(model, events)} | warm
    made = model if options.dtype is Dtype.float32 else quantise(model, events)
    faithful = []
    moved = events.gaps_us > 0
    if live is not None and model.settings["readout"] == "state" and moved.any():
        outputs = outputs_after(model, events)[moved]
        said = fidelity(model, outputs, live.outputs(model, events))
        faithful.append(f"float32 against ncps {said}")
    if made is model:
        report += map(str, seen(model.settings, events))
    else:
        report += [_range_text(channel) for channel in ranges(model.settings, events)]
        faithful.append(f"int8 against float {compare(model, made, events)}")
    report += faithful
    _keep_calibration(made, model.hidden, options, events, faithful)
    return made, report


def _range_text(channel: ChannelRange) -> str:
    seen_text = f"{channel.seen[0]:g} to {channel.seen[1]:g}" if channel.seen else "nothing"
    return (
        f"{channel.channel}: {channel.lowest:g} to {channel.highest:g} {channel.unit}, "
        f"seen {seen_text}, {channel.clipped:.2%} clipped"
    )


def _keep_calibration(
    model: ModelFile, hidden: int, options: Options, events: EventTable, faithful: list[str]
) -> None:
    """Record in the provenance what a calibration found, as text: a board holds it in memory."""
    assert options.calibrate is not None
    provenance = _provenance(model)
    # What training saw itself says more than one recording does.
    if not tau.from_provenance(provenance, hidden):
        found = time_constants(model, events)
        if found:
            provenance["tau_s"] = found
    provenance["calibration"] = {
        "recording": options.calibrate.name,
        "events": len(events.t_us),
        "ranges": ", ".join(each.within() for each in seen(model.settings, events)),
    }
    if faithful:
        provenance["calibration"]["fidelity"] = "; ".join(faithful)
    model.settings["provenance"] = provenance


def _pruned(
    weights: Arrays,
    settings: Settings,
    options: Options,
    events: EventTable | None,
    report: list[str],
) -> Arrays:
    if options.prune_units is not None:
        fewer = prune_units(weights, settings, options.prune_units, events)
        report.append(f"{units(fewer)} of {units(weights)} units kept")
        weights = fewer
    if options.prune is not None:
        fewer = prune_connections(weights, settings, options.prune, events)
        report.append(f"{connections(fewer)} of {connections(weights)} connections kept")
        weights = fewer
    if options.fine_tune:
        weights = fine_tune(weights, settings)
        report.append("fine-tuned")
    return weights


def _note(model: ModelFile, options: Options) -> None:
    """Record in the provenance how the file was made; drop the accuracy if it was pruned."""
    notes = []
    if options.prune_units is not None:
        notes.append(f"{options.prune_units:.0%} of the units pruned")
    if options.prune is not None:
        notes.append(f"{options.prune:.0%} of the connections pruned")
    provenance = _provenance(model)
    if notes:
        provenance.pop("test_accuracy", None)
        notes += ["fitted anew"] if options.calibrate is not None else []
        notes += ["fine-tuned"] if options.fine_tune else []
    if options.dtype is Dtype.int8:
        notes.append("quantised to int8")
    if notes:
        model.settings["provenance"] = provenance | {"converted": ", ".join(notes)}


def _provenance(model: ModelFile) -> Settings:
    """Return a copy of the provenance, which may be a text of the trainer's."""
    said = model.settings["provenance"]
    return dict(said) if isinstance(said, dict) else {"trainer": said}

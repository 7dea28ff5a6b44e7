"""`rivulet status`."""

from typing import Any

from host_tools.commands._connection import connect
from host_tools.commands._options import JsonOption, KeyOption, PortOption
from host_tools.link.records import SensorState
from host_tools.printing import say, say_json
from host_tools.tau import in_words
from host_tools.watch import actuators


def status(port: PortOption = None, as_json: JsonOption = False, key: KeyOption = None) -> None:
    """Show what a board runs, its counters, and what is wrong with it."""
    from host_tools.watch.status import status_of, tau_outside

    with connect(port, key) as board:
        facts = status_of(board) | {"tau_outside": tau_outside(board)}
    if as_json:
        say_json(facts)
        return
    for name, value in lines(facts):
        say(f"{name:18} {value}")


def lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the (name, value) of each line."""
    lines = [
        ("board", f"{facts['board']} at {facts['port']} ({facts['machine']})"),
        ("runtime", f"MicroPython {facts['micropython']}, {facts['backend']} for float models"),
        ("firmware", facts["firmware"]),
        *([("SAFE MODE", facts["safe_mode"])] if facts["safe_mode"] else []),
        *([("firmware problem", facts["firmware_trouble"])] if facts["firmware_trouble"] else []),
        ("uptime", f"{facts['uptime_s']:.1f} s"),
    ]
    if facts["model_hash"]:
        lines += [
            ("model", facts["model_hash"]),
            (
                "cell",
                f"{facts['cell']}: {facts['hidden']} units, {facts['channels']} inputs, "
                f"{facts['outputs']} outputs",
            ),
            ("kernel", facts["kernel"]),
            ("slot", _slot(facts)),
            ("trial", _trial(facts)),
            ("dry run", _dry_run(facts["probes"])),
            *_learnt_lines(facts),
        ]
        if facts["tau_outside"] is not None:
            lines.append(("time constants", in_words(facts["tau_outside"], facts["hidden"])))
    else:
        lines.append(("model", "none: rivulet push MODEL.safetensors"))
    if facts["incoming"]:
        size, digest = facts["incoming"]
        lines.append(("push in progress", f"{digest[:12]}, {facts['received']} of {size} bytes"))
    if facts["reverts"]:
        left, why = facts["reverted"]
        lines.append(("last reverted", f"{left[:12]} {why}".strip()))
    if facts["failures"]:
        lines.append(("failed starts", f"{facts['failures']}; the last: {facts['failure']}"))
    if facts["store_trouble"]:
        lines.append(("storage problem", facts["store_trouble"]))
    lines += _access_lines(facts)
    if facts["boot_error"]:
        lines.append(("boot problem", facts["boot_error"]))
    lines += [
        ("events", f"{facts['events']} received, {facts['late']} late"),
        ("coalesced", _by_source(facts["coalesced"])),
        ("dropped", _by_source(facts["dropped"])),
        ("bus errors", _by_source(facts["bus_errors"])),
        ("bad values", _by_source(facts["bad_values"])),
        ("actuator errors", str(facts["actuator_errors"])),
        ("state resets", str(facts["state_resets"])),
        ("sensors", _sensors(facts)),
        *_rig_lines(facts),
        ("guard", _guard(facts)),
        ("models swapped", f"{facts['swaps']} since start, {facts['reverts']} reverts in total"),
        ("boots", _boots(facts)),
        ("model started", facts["started"]),
        ("snapshots", facts["snapshot_trouble"] or f"{facts['snapshots']} since start"),
        (
            "event cost",
            f"p50 {facts['event_cost_p50_us']:.0f} µs, p99 {facts['event_cost_p99_us']:.0f} µs, "
            f"worst {facts['event_cost_worst_us']} µs",
        ),
        *_late_lines(facts),
        ("longest collection", f"{facts['gc_worst_us']} µs"),
        (
            "telemetry",
            f"{facts['telemetry_sent']} sent, {facts['telemetry_dropped']} dropped",
        ),
        (
            "frames from host",
            f"{facts['frames_corrupt']} corrupt, {facts['frames_oversized']} oversized",
        ),
        (
            "heap",
            f"{facts['heap_free']} bytes free, at least {facts['heap_low']} after each collection",
        ),
    ]
    return lines


def _late_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    if "decision_late_p50_us" not in facts:
        return []
    return [
        (
            "decisions late by",
            f"p50 {facts['decision_late_p50_us']:.0f} µs, p99 "
            f"{facts['decision_late_p99_us']:.0f} µs, worst {facts['decision_late_worst_us']} µs",
        )
    ]


def _rig_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with sensors, and the actuators, as far as the board tells of them."""
    lines = [
        (f"sensor {sensor['name']}", sensor["error"])
        for sensor in facts["sensors"]
        if sensor.get("error")
    ]
    if facts["unfed"]:
        lines.append(("unfed channels", f"{', '.join(facts['unfed'])}: no sensor feeds them"))
    lines += [("units", difference) for difference in facts["unit_differences"]]
    if "actuators" in facts:
        lines.append(("actuators", actuators.in_words(facts) or "none"))
    if facts.get("faults"):
        lines.append(("faults in code", f"{facts['faults']}; the last: {facts.get('fault', '')}"))
    return lines


def _access_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    means = {
        "open": "open: any host at the port can command the board",
        "keyed": "keyed: commands need the key, reading does not",
        "closed": "closed: commands and reading need the key",
    }
    lines = [("access", means[facts["access"]])]
    if facts["access"] != "open":
        lines.append(
            (
                "refused",
                f"{facts.get('access_unauthorised', 0)} without the key, "
                f"{facts.get('access_forged', 0)} forged or repeated, "
                f"{facts.get('access_delayed', 0)} in the delay after one of these",
            )
        )
    if facts.get("signed_by"):
        lines.append(("trusted models", f"only those signed by {facts['signed_by']}"))
    if facts.get("version_at_least"):
        lines.append(("model versions", f"{facts['version_at_least']} or higher"))
    if facts.get("access_error"):
        lines.append(("access problem", facts["access_error"]))
    return lines


def _sensors(facts: dict[str, Any]) -> str:
    if not facts["sensors"]:
        return "none"
    states = (
        SensorState(sensor["name"], sensor["age_ms"] / 1000, tuple(sensor["trouble"]))
        for sensor in facts["sensors"]
    )
    text = ", ".join(map(str, states))
    return f"{text}; outputs are stale" if facts["outputs_stale"] else text


def _guard(facts: dict[str, Any]) -> str:
    trips = f"tripped {facts['guard_trips']} times"
    return f"{trips}; acts now: {facts['guard']}" if facts["guard"] else trips


def _slot(facts: dict[str, Any]) -> str:
    if not facts["slot"]:
        return "none: a push has overwritten it; the model runs from memory"
    names = zip("ab", facts["slot_hashes"], strict=True)
    other = next(digest for name, digest in names if name != facts["slot"])
    return f"{facts['slot']}; in the other: {other[:12] or 'no model to roll back to'}"


def _trial(facts: dict[str, Any]) -> str:
    if not facts["trial"]:
        return "none, the model is confirmed" if facts["slot"] else "none"
    return (
        f"start {facts['trial_starts']}, {facts['trial_left_s']} s left: 'rivulet confirm' keeps "
        "the model, 'rivulet rollback' discards it"
    )


def _learnt_lines(facts: dict[str, Any]) -> list[tuple[str, str]]:
    if "labels" not in facts:
        return []
    count = f"{facts['labels']} labels"
    if not facts["labels_on_trial"]:
        return [("learnt", f"{count}, kept" if facts["labels"] else "nothing yet: rivulet adapt")]
    left = f"on trial, {facts['trial_left_s']} s left"
    return [
        (
            "learnt",
            f"{count}, {left}: 'rivulet confirm' keeps them, 'rivulet rollback' removes them",
        )
    ]


def _dry_run(probes: int) -> str:
    return f"{probes} events agree" if probes else "none: convert the model again to add probes"


def _boots(facts: dict[str, Any]) -> str:
    """Return the number of starts, and how many each cause of reset accounts for."""
    resets = ", ".join(f"{cause} {count}" for cause, count in facts["resets"].items())
    return f"{facts['boots']} ({resets})" if resets else str(facts["boots"])


def _by_source(counts: list[int]) -> str:
    if len(counts) < 2:
        return str(sum(counts))
    return f"{sum(counts)} (by sensor: {', '.join(map(str, counts))})"

"""Interrupts come faster than the loop: the ring of events is fuller than it can be."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    bursts = given.times(full=2_000, short=100)
    report = given.on_device("ring", bursts=bursts, seed=given.seed)
    broken = list(report["broken"])
    for what in ("taken", "coalesced", "dropped"):
        if not report[what]:
            broken.append(f"no event was {what}: this tests nothing")
    return [
        Row(
            "bursts of 1 to 300 events from 8 sources into a ring of 63 places",
            report["pushed"],
            "the ring returns the same events as a reference queue; all others are counted by "
            "source; nothing is allocated",
            f"{report['taken']:,} taken, {report['coalesced']:,} coalesced and "
            f"{report['dropped']:,} dropped, all counted; {report['heap']} bytes of heap",
            broken,
        )
    ]

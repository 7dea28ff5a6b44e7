"""Interrupts come faster than the loop: the ring of events is fuller than it can be."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    bursts = given.times(full=2_000, short=100)
    report = given.on_device("ring", bursts=bursts, seed=given.seed)
    return [
        Row(
            "bursts of 1 to 300 events from 8 sources at a ring for 63",
            report["pushed"],
            "the newest that fit come out whole and in order, the oldest are counted by source, "
            "nothing is allocated",
            f"{report['taken']:,} taken, {report['dropped']:,} dropped and counted, "
            f"{report['heap']} bytes of heap",
            report["broken"],
        )
    ]

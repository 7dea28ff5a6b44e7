"""Numbers that are none, sensors that fail, more events than can be taken."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    report = given.on_device("guards", times=given.times(full=2_000, short=60), seed=given.seed)
    numbers, sensors, overload = report["numbers"], report["sensors"], report["overload"]
    return [
        Row(
            "NaN, infinity and 1e30 in readings, states and outputs, with each guard action",
            numbers["injected"],
            "each value for an actuator is a number within the model's bounds",
            f"{numbers['actuated']:,} decisions, all within bounds",
            numbers["broken"],
        ),
        Row(
            "a sensor falls silent, repeats one reading, leaves its range or does not answer",
            sensors["injected"],
            "reported within 300 ms (its limit) and five checks; the report ends with the fault",
            f"reported after {sensors['longest_ms']} ms at most",
            sensors["broken"],
        ),
        Row(
            "bursts from three sensors, up to a hundred times what a turn takes",
            overload["injected"],
            "few events wait after a turn; each event skipped or dropped is counted",
            f"{overload['deepest']} waited at most; of {overload['pushed']:,} events "
            f"{overload['taken']:,} were taken, {overload['coalesced']:,} coalesced, "
            f"{overload['dropped']:,} dropped",
            overload["broken"],
        ),
    ]

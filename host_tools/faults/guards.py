"""Numbers that are none, sensors that fail, more events than can be taken."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    report = given.on_device("guards", times=given.times(full=2_000, short=60), seed=given.seed)
    numbers, sensors, overload = report["numbers"], report["sensors"], report["overload"]
    return [
        Row(
            "NaN, infinity and 1e30 in readings, states and outputs, under each action",
            numbers["injected"],
            "what is actuated is a number within the model's bounds",
            f"{numbers['actuated']:,} decisions, all within",
            numbers["broken"],
        ),
        Row(
            "a sensor falls silent, repeats itself, leaves its range, does not answer",
            sensors["injected"],
            "it is said within its limit of 300 ms and five looks, and is over with the fault",
            f"said after {sensors['longest_ms']} ms at most",
            sensors["broken"],
        ),
        Row(
            "bursts from three sensors of up to a hundred times what a turn takes",
            overload["injected"],
            "few wait after a turn; what is passed over or dropped is counted",
            f"{overload['deepest']} waited at most; of {overload['pushed']:,} events "
            f"{overload['taken']:,} were taken, {overload['coalesced']:,} coalesced, "
            f"{overload['dropped']:,} dropped",
            overload["broken"],
        ),
    ]

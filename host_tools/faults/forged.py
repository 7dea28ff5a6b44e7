"""Commands to a keyed board that its owner did not give: heard and sent again, changed, held."""

from host_tools.faults import Given, Row


def run(given: Given) -> list[Row]:
    lives, sends = given.times(full=50, short=4), given.times(full=400, short=50)
    seen = given.on_device("forged", lives=lives, sends=sends, seed=given.seed)
    broken = []
    if seen["wrongly"]:
        broken.append(f"{seen['wrongly']} commands admitted that were not the owner's")
    if seen["owner_refused"]:
        broken.append(f"{seen['owner_refused']} commands of the owner refused")
    return [
        Row(
            f"forged commands to a keyed board, {lives} starts",
            seen["again"] + seen["changed"] + seen["late"],
            "no forged command is accepted; every command of the owner is",
            f"{seen['again']} replayed, {seen['changed']} altered, {seen['late']} delayed: "
            f"{seen['wrongly']} accepted; of the owner's {seen['owner']}, "
            f"{seen['owner'] - seen['owner_refused']} accepted",
            broken,
        )
    ]

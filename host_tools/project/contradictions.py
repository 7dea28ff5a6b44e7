"""What the parts of a project do to each other: pins, buses, names."""

from host_tools.boards import BoardDefinition, Pin
from host_tools.project.parts import Bus, Project, RigActuator, RigSensor
from host_tools.project.problems import Problems

_ADDRESS = "address"  # the setting that holds a chip's address on I2C
# The wires of a bus, and the uses of a pin, that the chip drives.
_DRIVEN = ("sda", "scl", "sck", "mosi", "tx", "out", "pwm")


def find(project: Project, problems: Problems, warnings: list[str]) -> None:
    """Add every contradiction between the parts, and between them and the board.

    `warnings` gets the lesser things.
    """
    _names(project, problems)
    _pins(project, problems, warnings)
    _buses(project, problems)


def _names(project: Project, problems: Problems) -> None:
    for name in project.actuators:
        if name in project.sensors:
            problems.add(f"actuators.{name}", "a sensor has this name too: rename one of them")
    owners: dict[str, str] = {}
    for sensor in project.sensors.values():
        for channel in sensor.channels:
            where = f"sensors.{sensor.name}.channels"
            if channel.name in owners:
                problems.add(
                    where,
                    f"'{channel.name}' is a channel of {owners[channel.name]} already: rename it "
                    f'here, channels = {{ {channel.name} = "NAME" }}',
                )
            owners.setdefault(channel.name, sensor.name)


def _pins(project: Project, problems: Problems, warnings: list[str]) -> None:
    board = project.board
    owners: dict[Pin, str] = {}

    def take(where: str, pin: Pin, use: str) -> None:
        if pin in owners:
            problems.add(where, f"GPIO {pin} is taken by {owners[pin]} already")
        elif pin not in board.gpio:
            problems.add(
                where, f"{board.name} has no pin {_quoted(pin)}; it has {_ranges(board.gpio)}"
            )
        elif pin in board.input_only and use in _DRIVEN:
            problems.add(
                where,
                f"pin {_quoted(pin)} of {board.name} is an input only; so are "
                f"{_ranges(board.input_only)}",
            )
        elif pin in board.strapping:
            warnings.append(
                f"{where}: the level of pin {_quoted(pin)} decides how {board.name} starts: "
                "nothing may pull it while the chip is reset"
            )
        owners.setdefault(pin, where)

    seen: set[tuple[str, int]] = set()
    for part in project.parts:
        where = _where(part)
        if part.bus is not None and (part.bus.kind, part.bus.number) not in seen:
            seen.add((part.bus.kind, part.bus.number))
            for name, pin in part.bus.pins.items():
                take(f"{where}.bus.{name}", pin, name)
            _check_wires(f"{where}.bus", part.bus, board, problems)
        for name, pin in part.pins.items():
            use = part.driver.pins[name].use
            take(f"{where}.pins.{name}", pin, use)
            if use == "adc" and pin not in board.adc:
                problems.add(
                    f"{where}.pins.{name}",
                    f"pin {_quoted(pin)} of {board.name} measures no voltage; "
                    f"{_ranges(board.adc)} do",
                )


def _check_wires(where: str, bus: Bus, board: BoardDefinition, problems: Problems) -> None:
    """Check that the chip connects the bus to these pins."""
    kinds = board.buses.get(bus.kind)
    if kinds is None:
        return
    if str(bus.number) not in kinds:
        known = ", ".join(kinds) or "none"
        problems.add(
            f"{where}.{bus.kind}", f"{board.name} has no {bus.kind} {bus.number}; it has {known}"
        )
        return
    for name, pin in bus.pins.items():
        allowed = kinds[str(bus.number)].get(name, [pin])
        if pin in board.gpio and pin not in allowed:
            problems.add(
                f"{where}.{name}",
                f"{bus.kind} {bus.number} of {board.name} has no {name} at {_quoted(pin)}; "
                f"allowed is {', '.join(map(str, allowed))}",
            )


def _buses(project: Project, problems: Problems) -> None:
    first: dict[tuple[str, int], tuple[str, Bus]] = {}
    addresses: dict[tuple[str, int, object], str] = {}
    for part in project.parts:
        bus, where = part.bus, _where(part)
        if bus is None:
            continue
        key = (bus.kind, bus.number)
        owner, other = first.setdefault(key, (where, bus))
        if other != bus:
            problems.add(
                f"{where}.bus",
                f"{bus.kind} {bus.number} has other pins or another rate than in {owner}.bus: "
                "one bus has one wiring",
            )
        if bus.kind == "uart" and owner != where:
            problems.add(f"{where}.bus", f"uart {bus.number} is taken by {owner} already")
        if bus.kind == "i2c" and _ADDRESS in part.settings:
            address = part.settings[_ADDRESS]
            taken = addresses.setdefault((*key, address), where)
            if taken != where:
                problems.add(
                    f"{where}.{_ADDRESS}", f"{address} on i2c {bus.number} is taken by {taken}"
                )


def _where(part: RigSensor | RigActuator) -> str:
    return f"{'sensors' if isinstance(part, RigSensor) else 'actuators'}.{part.name}"


def _quoted(pin: Pin) -> str:
    return f'"{pin}"' if isinstance(pin, str) else str(pin)


def _ranges(pins: tuple[Pin, ...]) -> str:
    """Return pins in words, runs of numbers as "0 to 22"."""
    words: list[str] = []
    run: list[int] = []
    for pin in [*pins, None]:
        if isinstance(pin, int) and (not run or pin == run[-1] + 1):
            run.append(pin)
            continue
        if run:
            words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(each) for each in run]
        run = [pin] if isinstance(pin, int) else []
        if isinstance(pin, str):
            words.append(f'"{pin}"')
    return ", ".join(words) or "none"

"""Checks a driver file against the contract of drivers, without running it."""

import ast
from pathlib import Path

from host_tools.errors import RivuletError
from host_tools.project.driver_facts import DriverFacts
from host_tools.project.drivers import examine, literals

# Methods and their arguments after self.
_METHODS: dict[str, dict[str, tuple[str, ...]]] = {
    "sensor": {"start": ("handler",), "read": ("out",), "stop": ()},
    "actuator": {"start": (), "write": ("value",)},
}
_OPTIONAL: dict[str, dict[str, tuple[str, ...]]] = {
    "sensor": {"read_raw": ("out",)},
    "actuator": {"stop": ()},
}
# Modules of the chip: to use one while the file is imported would touch hardware.
_HARDWARE = ("machine", "rp2", "esp32", "pyb", "network", "bluetooth")


def check_driver(path: Path) -> tuple[DriverFacts | None, list[str]]:
    """Return what the file says of itself, and everything that breaks the contract."""
    facts, problems = examine(path)
    if facts is None:
        return None, problems
    try:
        _, _, tree = literals(path)
    except RivuletError as error:
        return None, [str(error)]
    problems += [f"{path}: {text}" for text in _at_import(tree)]
    driver = next(
        (each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == "Driver"),
        None,
    )
    if driver is None:
        return facts, [
            *problems,
            f"{path}: Driver: is missing; the file needs a class of this name",
        ]
    problems += [f"{path}: {text}" for text in _class(driver, facts)]
    return facts, problems


def _class(driver: ast.ClassDef, facts: DriverFacts) -> list[str]:
    methods = {each.name: each for each in driver.body if isinstance(each, ast.FunctionDef)}
    # What a class inherits stands in another file.
    inherits = any(not isinstance(base, ast.Name) or base.id != "object" for base in driver.bases)
    found = []
    if "__init__" in methods:
        found += _constructor(methods["__init__"], facts)
    elif not inherits:
        found.append(
            "Driver.__init__: is missing; needed is __init__(self, bus, pins, **settings)"
        )
    for name, arguments in _METHODS[facts.kind].items():
        needed = f"{name}({', '.join(('self', *arguments))})"
        if name in methods:
            found += _arguments(methods[name], name, len(arguments), needed)
        elif not inherits:
            found.append(f"Driver.{name}: is missing; needed is {needed}")
    for name, arguments in _OPTIONAL[facts.kind].items():
        if name in methods:
            needed = f"{name}({', '.join(('self', *arguments))})"
            found += _arguments(methods[name], name, len(arguments), needed)
    return found


def _constructor(function: ast.FunctionDef, facts: DriverFacts) -> list[str]:
    """Return what is wrong with __init__: it gets bus, pins, and every setting by its name."""
    found = []
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    at = f"line {function.lineno}: Driver.__init__"
    if len(names) < 3:
        return [f"{at}: needed is __init__(self, bus, pins, **settings)"]
    taken = {*names[3:], *(each.arg for each in arguments.kwonlyargs)}
    if arguments.kwarg is None:
        for name in facts.settings:
            if name not in taken:
                found.append(f"{at}: takes no '{name}', which SETTINGS names")
    needed = set(names[3 : len(names) - len(arguments.defaults)])
    needed |= {
        each.arg
        for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    }
    for name in sorted(needed - set(facts.settings)):
        found.append(f"{at}: needs '{name}', which SETTINGS does not name")
    return found


def _arguments(function: ast.FunctionDef, name: str, count: int, needed: str) -> list[str]:
    """Return what is wrong with a method that is called with `count` arguments after self."""
    arguments = function.args
    names = [*arguments.posonlyargs, *arguments.args]
    least = len(names) - len(arguments.defaults)
    most = len(names) if arguments.vararg is None else count + 1
    needs_more = any(default is None for default in arguments.kw_defaults)
    if least <= count + 1 <= most and not needs_more:
        return []
    return [f"line {function.lineno}: Driver.{name}: needed is {needed}"]


def _at_import(tree: ast.Module) -> list[str]:
    """Return which statements would touch hardware when the file is imported."""
    hardware = set(_HARDWARE)
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module in _HARDWARE:
            hardware |= {each.asname or each.name for each in statement.names}
        elif isinstance(statement, ast.Import):
            hardware |= {
                each.asname for each in statement.names if each.name in _HARDWARE and each.asname
            }
    found = []
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and _root(node.func) in hardware:
                found.append(
                    f"line {node.lineno}: {ast.unparse(node.func)} is called at import; move it "
                    "into start"
                )
    return found


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""

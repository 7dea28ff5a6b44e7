"""What stays importable: every name in held/names.json, with its value or how it is called.

A name to be held from now on is a new line there; UPDATE_GOLDEN fills in the rest.
"""

import inspect
from pkgutil import resolve_name

from tests.golden.held import hold, kept


def test_names_that_stay() -> None:
    hold("names.json", {name: _held_of(resolve_name(name)) for name in kept("names.json")})


def _held_of(thing: object) -> object:
    if isinstance(thing, bytes):
        return thing.decode()
    if not callable(thing):
        return "an attribute" if isinstance(thing, property) else thing
    if isinstance(thing, type) and issubclass(thing, Exception):
        # Only what Python brings along: a root of our own may come between.
        builtin = [kind.__name__ for kind in thing.__mro__ if kind.__module__ == "builtins"]
        return f"raised; is a {', '.join(builtin[:-2])}"
    return _parameters(thing)


def _parameters(thing: object) -> str:
    """Names, kinds and defaults of parameters; types are not held."""
    signature = inspect.signature(thing)
    nothing = inspect.Parameter.empty
    bare = []
    for each in signature.parameters.values():
        default = each.default
        if callable(default) and default is not nothing:
            default = Ellipsis  # else an address would be held
        bare.append(each.replace(annotation=nothing, default=default))
    return str(signature.replace(parameters=bare, return_annotation=nothing))

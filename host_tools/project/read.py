"""Reads rivulet.toml into the typed tables."""

import tomllib
import types
from pathlib import Path
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from host_tools.errors import RivuletError
from host_tools.project.driver_facts import is_plain, written
from host_tools.project.problems import Problems, nearest
from host_tools.project.tables import ProjectFile

# A field of this name takes the keys that the table does not have.
_REST = "settings"
_MAX_BYTES = 1 << 20
_Table = TypeVar("_Table", bound=msgspec.Struct)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file. Raises RivuletError."""
    try:
        data = path.read_bytes()
        if len(data) > _MAX_BYTES:
            raise RivuletError(f"{path}: {len(data)} bytes are no project: at most {_MAX_BYTES}")
        return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise RivuletError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise RivuletError(f"{path}: byte {error.start} is not UTF-8, which TOML needs") from None
    except RecursionError:
        raise RivuletError(f"{path}: nested too deeply") from None
    except ValueError as error:
        # TOMLDecodeError, and the limit of Python's integers.
        raise RivuletError(f"{path}: {' '.join(str(error).split())}") from None


def read_tables(content: dict[str, Any], problems: Problems) -> ProjectFile | None:
    """Return the tables of a file's content. What is wrong goes to `problems`, the rest is kept.

    None if a table that is needed is missing or wrong.
    """
    return _struct(content, ProjectFile, "", problems)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of rivulet.toml, for editors."""
    schema = msgspec.json.schema(ProjectFile)
    for name in ("SensorTable", "ActuatorTable"):
        table = schema["$defs"][name]
        # Settings of the driver stand beside the other keys.
        del table["properties"][_REST]
        table["additionalProperties"] = True
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _struct(value: Any, kind: type[_Table], where: str, problems: Problems) -> _Table | None:
    if not isinstance(value, dict):
        problems.add(where, f"is {written(value)}; allowed is a table")
        return None
    fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
    rest = fields.pop(_REST, None)
    made: dict[str, Any] = {}
    whole = True
    for key, each in value.items():
        at = f"{where}.{_key(key)}" if where else _key(key)
        if key in fields:
            typed = _field(each, fields[key].type, at, problems)
            if typed is not None:
                made[fields[key].name] = typed
            else:
                whole = whole and not fields[key].required
        elif rest is not None:
            made.setdefault(_REST, {})[key] = each
        else:
            problems.add(at, f"is no key of this table: {nearest(key, fields)}")
    for key, each in fields.items():
        if each.required and key not in value:
            at = f"{where}.{key}" if where else key
            near = _misspelt(key, made.get(_REST, {}))
            problems.add(at, f"is missing; needed is {_allowed(each.type)}{near}")
            whole = False
    return kind(**made) if whole else None


def _misspelt(key: str, rest: dict[str, Any]) -> str:
    text = nearest(key, rest)
    return f" ({text.replace('did you mean', 'is it')})" if text.startswith("did") else ""


def _field(value: Any, kind: Any, at: str, problems: Problems) -> Any:
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    if get_origin(bare) in (Union, types.UnionType):
        # TOML has no null: of "this or None" it holds this.
        bare = get_args(bare)[0] if len(get_args(bare)) == 2 else bare
        bare = get_args(bare)[0] if get_origin(bare) is Annotated else bare
    if _is_struct(bare):
        return _struct(value, bare, at, problems)
    if get_origin(bare) is dict and isinstance(value, dict):
        made = {
            key: _field(each, get_args(bare)[1], f"{at}.{_key(key)}", problems)
            for key, each in value.items()
        }
        return {key: each for key, each in made.items() if each is not None}
    if get_origin(bare) is list and _is_struct(get_args(bare)[0]) and isinstance(value, list):
        rows = [
            _struct(each, get_args(bare)[0], f"{at}[{number}]", problems)
            for number, each in enumerate(value)
        ]
        return [each for each in rows if each is not None]
    if not is_plain(value):
        problems.add(at, "holds NaN, infinity, a date, or a number that is too large")
        return None
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, OverflowError):
        problems.add(at, f"is {written(value)}; allowed is {_allowed(kind)}")
        return None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _allowed(kind: Any) -> str:
    """Return in words what a field may hold."""
    for each in get_args(kind)[1:]:
        if isinstance(each, msgspec.Meta) and each.description:
            return each.description
    return {float: "a number", str: "text in quotes"}.get(kind, "another kind of value")


def _key(key: str) -> str:
    """Return a key as TOML writes it: quoted if it is no bare key."""
    bare = bool(key) and all(each.isascii() and (each.isalnum() or each in "_-") for each in key)
    return key if bare else f'"{key}"'

"""Generates the module of one recipe."""

import re
from collections.abc import Iterable

from host_tools.errors import RivuletError
from host_tools.thumb.instructions import can_be_named, micropython
from host_tools.thumb.source import Macro
from host_tools.thumb.words import Offset, constant

_INDENT = "    "
_MODULE = '''\
{origin}
"""{doc}
"""

import micropython
{constants}

@micropython.asm_thumb
def {name}({registers}):
{lines}
'''
# A name. Names that begin with an underscore are constants, which are replaced already.
_WORD = re.compile(r"(?<!\w)[A-Za-z]\w*")
_OPERAND = re.compile(r"\[[^]]*\]|\{[^}]*\}|<[^>]*>|[^,\s][^,]*")


def module(name: str, origin: str, doc: str, recipe: Macro, macros: dict[str, Macro]) -> str:
    """Return the module with the recipe's function. Raises RivuletError.

    name: the recipe's; origin: the file's first line; doc: its docstring.
    """
    function = _Function(name, macros)
    registers = [f"r{number}" for number in range(len(recipe.parameters))]
    function.comment(f"# {', '.join(recipe.parameters)}")
    function.unfold(recipe, registers)
    return _MODULE.format(
        origin=origin,
        doc=doc,
        constants=_constants(function.offsets),
        name=recipe.name,
        registers=", ".join(registers),
        lines="\n".join(function.lines),
    )


def _constants(offsets: Iterable[Offset]) -> str:
    """Return the import of const and the constants, or nothing without any."""
    text, within = "", ""
    for offset in sorted(offsets, key=lambda each: (each.within, each.value, each.name)):
        if offset.within != within:
            within = offset.within
            text += f"# Byte offsets in {within}.\n"
        text += f"_{offset.name} = const({offset.value})\n"
    return text and f"from micropython import const\n\n{text}"


class _Function:
    """The lines of one function, and the offsets that they use."""

    def __init__(self, name: str, macros: dict[str, Macro]) -> None:
        self._name = name
        self.lines: list[str] = []
        self.offsets: set[Offset] = set()
        self._macros = macros
        self._labels: set[str] = set()

    def unfold(self, macro: Macro, arguments: list[str]) -> None:
        """Append a macro's lines. Names inside it are local."""
        if len(arguments) != len(macro.parameters):
            raise ValueError(f"{macro.name} takes {', '.join(macro.parameters) or 'nothing'}")
        names = dict(zip(macro.parameters, arguments, strict=True))
        names |= {label: self._fresh(label) for label in macro.labels()}
        gap = False
        for line in macro.lines:
            if gap and line.text.startswith("#"):
                self.lines.append("")
            gap = not line.text
            try:
                self._line(line.text, names)
            except ValueError as error:
                raise RivuletError(f"{line.where}: {error}") from None
            except RivuletError as error:
                raise RivuletError(f"{line.where}, {error}") from None

    def comment(self, text: str) -> None:
        self.lines.append(_INDENT + text)

    def _line(self, text: str, names: dict[str, str]) -> None:
        directive, _, rest = text.partition(" ")
        if text.startswith("#"):
            self.comment(text)
        elif directive in (".reg", ".tmp"):
            comment = re.sub(r"(\w+)=(\w+)", lambda match: _define(match, names), rest)
            if directive == ".reg":
                self.comment(f"# {comment}")
        elif directive == ".stack":
            for word, name in enumerate(re.findall(r"(?:^|, )(\w+)", rest)):
                if name in names:
                    raise ValueError(f"{name} is a label or another word")
                names[name] = str(4 * word)
            self.comment(f"# [sp]: {rest}")
        elif text.endswith(":"):
            self.lines.append(f"{_INDENT}label({names[text[:-1]]})")
        else:
            for statement in filter(None, map(str.strip, text.split(";"))):
                self._statement(statement, names)

    def _statement(self, text: str, names: dict[str, str]) -> None:
        numbers = [
            word for word in _WORD.findall(text) if isinstance(constant(word, self._name), int)
        ]
        text = _WORD.sub(lambda match: self._value(match[0], names), text)
        text = re.sub(r"(\d+) \+ (\d+)", lambda match: str(int(match[1]) + int(match[2])), text)
        name, _, rest = text.partition(" ")
        operands = [operand.strip("<>") for operand in _OPERAND.findall(rest)]
        if name in self._macros:
            self.unfold(self._macros[name], operands)
        else:
            remark = f"  # {', '.join(numbers)}" if numbers else ""
            self.lines.append(_INDENT + micropython(name, operands) + remark)

    def _value(self, word: str, names: dict[str, str]) -> str:
        found = constant(word, self._name) if word not in names else None
        if isinstance(found, Offset):
            self.offsets.add(found)
            return f"_{found.name}"
        return names.get(word, word) if found is None else str(found)

    def _fresh(self, label: str) -> str:
        """Return the label, with a number if it is already used."""
        taken, number = label, 1
        while taken in self._labels:
            number += 1
            taken = f"{label}_{number}"
        self._labels.add(taken)
        return taken


def _define(match: re.Match[str], names: dict[str, str]) -> str:
    name, register = match[1], names.get(match[2], match[2])
    if not can_be_named(register):
        raise ValueError(f"{name}={register}: {register} is not a register")
    names[name] = register
    return f"{name}={register}"

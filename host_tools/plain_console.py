"""A rich console that shows every text as it is, apart from `printing` so that few load rich."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from host_tools.text import visible


class PlainConsole(Console):
    """A console whose texts cannot command the terminal, whatever renders them."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **settings)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text.isprintable() or text == "\n":
                yield segment
            else:
                shown = "\n".join(map(visible, text.split("\n")))
                yield Segment(shown, segment.style)

"""Text whose lines are broken between words, but not everywhere: ``Jin. [2]`` and ``9 November 2023`` stay together."""

from typing import TYPE_CHECKING

from rich.measure import Measurement
from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

# Stands for a blank where no line may end. rich breaks lines at every blank that Unicode knows, U+00A0 too; this one is
# for private use, and as wide as a blank.
GLUE = "\ue000"


class Unbroken:
    """A text with `GLUE` in it, shown with blanks instead."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        for line in self._text.wrap(console, options.max_width):
            line.plain = line.plain.replace(GLUE, " ")
            yield line

    def __rich_measure__(self, console: "Console", options: "ConsoleOptions") -> Measurement:
        return Measurement.get(console, options, self._text)


def glued(text: str) -> str:
    """A text none of whose blanks ends a line."""
    return text.replace(" ", GLUE)

"""A command line, read once."""

from dataclasses import dataclass, field
from functools import cached_property

from prp_mcp.commands import calls
from prp_mcp.commands.lexer import MAX_LINE, lex
from prp_mcp.commands.parts import Part


@dataclass(frozen=True)
class CommandLine:
    """A command line; its text decides everything else, so that it is read again only where the text changes.

    `every_part` are its simple commands, empty ones too; `literal` is where (start, end) a shell replaces nothing.
    """

    text: str
    every_part: tuple[Part, ...] = field(compare=False, repr=False)
    literal: tuple[tuple[int, int], ...] = field(compare=False, repr=False)

    @property
    def is_too_long(self) -> bool:
        """Return whether it is longer than what is cut into words."""
        return len(self.text) > MAX_LINE

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return the simple commands that are there."""
        # An `&` at the end is kept although nothing follows: it tells what becomes of the command before it.
        return tuple(part for part in self.every_part if part.text or part.sign == "&")

    @cached_property
    def calls(self) -> tuple[calls.Call, ...] | None:
        """Return what is called one after the other, or None when some of it is not understood."""
        return calls.called_by(self.parts) if len(self.text) <= calls.MAX_COMMAND else None


def read_line(text: str) -> CommandLine:
    """Read the text of a command line, which may have several lines; nothing is expanded or run."""
    lexed = lex(text.rstrip(" \t"))
    return CommandLine(text, lexed.parts, lexed.literal)

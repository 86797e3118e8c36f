"""What stands in shell blocks and is no command: directory trees, slash commands, calls of an agent's tools."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.commands.programs import is_command
from prp_mcp.plan.scripts import Piece

TREE = "a directory tree"

_DRAWN = re.compile(r"\s*(?:[|\u2502\u2503]\s{1,40}){0,20}(?:[\u2500-\u257f]|[|+`]-{1,3}\s)")
_FILE = r"[\w.*-]+\.(?:py|sql|ya?ml|json|jsonl|csv|md|toml|ipynb|txt|sh|cfg|ini|parquet)"
_PATH = re.compile(rf"(?:[\w.-]+/)+|(?:[\w-][\w.-]*/){{0,20}}{_FILE}")
_KINDS = (
    (re.compile(r"/[a-z][\w:-]*(?!\S)"), "a slash command of a coding agent"),
    (re.compile(r"(?:\w{1,40}\s*=\s*)?(?:await\s+)?mcp__\w"), "a call of an agent's MCP tool"),
    (re.compile(r"@\w"), "a mention for a coding agent"),
)


@dataclass(frozen=True)
class NoCommand:
    """A line of a shell block that is no command, and what it was taken for."""

    line: int
    text: str
    what: str


def without_trees(text: str) -> tuple[str, int | None]:
    """Return `text` with the lines of drawings blanked out, and the index of the first of them."""
    lines = text.split("\n")
    drawn = [index for index, line in enumerate(lines) if _DRAWN.match(line)]
    for index in drawn:
        lines[index] = ""
    return "\n".join(lines), drawn[0] if drawn else None


def told_apart(pieces: Sequence[Piece], tree: int | None) -> tuple[list[Piece], list[NoCommand]]:
    """Return the pieces that are commands or comments, and what the others are; a tree is told of once.

    `tree` is the line on which a drawn tree begins: beside one only known programs are commands.
    """
    kept: list[Piece] = []
    others: list[NoCommand] = []
    first_of_tree = tree
    for piece in pieces:
        what = None if piece.is_comment else _taken_for(piece.text, beside_tree=tree is not None)
        if what is None:
            kept.append(piece)
        elif what == TREE:
            first_of_tree = piece.line if first_of_tree is None else min(first_of_tree, piece.line)
        else:
            others.append(NoCommand(piece.line, piece.text, what))
    if first_of_tree is not None:
        others.append(NoCommand(first_of_tree, "", TREE))
    return kept, sorted(others, key=lambda other: other.line)


def _taken_for(text: str, *, beside_tree: bool) -> str | None:
    for pattern, what in _KINDS:
        if pattern.match(text):
            return what
    first = text.partition("\n")[0]
    if (_PATH.fullmatch(first.strip()) and not first.startswith("./")) or (beside_tree and not is_command(first)):
        return TREE
    return None

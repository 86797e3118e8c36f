"""Tasks before their order is known: what stands under a label, and the files it names."""

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from prp_mcp.plan.document import Block, Text, plain_text
from prp_mcp.plan.model import Task
from prp_mcp.plan.ordering import Draft

DETAILS = 4_000
"""Characters of a task's details that are kept."""

_TITLE = 200
_WORD = re.compile(r"[\w.*@{}$/-]+")
_NAMED = re.compile(r"[\w-]+\.(?:py|sql|ya?ml|json|toml|md|ipynb|sh|csv|txt)")
_ADDRESS = re.compile(r"\w{1,20}://\S+")
_UNKNOWN = re.compile(r"<[^<>\s]{0,100}>")
_FILE_LINE = re.compile(
    r"^[\s\-*+>]*\**`?(?:CREATE|MODIFY|UPDATE|EDIT|ADD|WRITE|DELETE|REMOVE|IMPLEMENT|EXTEND|Create|Modify|Update|Edit)\b"
    r"|^[\s\-*+>]*\**(?:[Ff]iles?(?: to (?:create|modify|change|edit|update))?|[Pp]ath)\**\s*:",
)
_FILE_LIST = re.compile(
    r"^[\s\-*+>]*\**files?(?: to (?:create|modify|change|edit|update)(?:(?:/|, | or | and )\w+)?)?\**\s*:\**\s*$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,3}[.)])\s")


def files_in(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the paths on the lines that say which file to create or change, in order, each once."""
    found: dict[str, None] = {}
    is_list = False
    for line in lines:
        # "Files to create:" may be followed by a list of them.
        is_list = bool(_FILE_LIST.match(line[:1000])) or (is_list and bool(_ITEM.match(line)))
        if is_list or _FILE_LINE.search(line[:1000]):
            for path in _paths(line[:1000]):
                found.setdefault(path, None)
    return tuple(found)[:50]


def draft(number: str, kind: str, title: str, line: int, body: Sequence[str], form: str) -> Draft:
    """Return a task with the id `T` and its number, its title (or the first words below it), details and files."""
    details = "\n".join(part.rstrip() for part in body).strip("\n")[:DETAILS]
    first = next((line for line in details.split("\n") if line.strip()), "")
    shown = plain_text(title).strip(" :*") or plain_text(first.strip(" -*:")) or f"{kind.capitalize()} {number}"
    name = number if number.startswith("T") else f"T{number}"
    return Draft(Task(name, shown[:_TITLE], details, line, (), files_in([title, *details.split("\n")])), kind, form)


def until(blocks: Sequence[Block], start: int, ends: Callable[[Block], bool]) -> list[str]:
    """Return the texts of the blocks from `start` to the one that ends them, as many as details hold."""
    texts: list[str] = []
    size = 0
    for block in islice(blocks, start, None):
        if ends(block) or size > DETAILS:
            break
        texts.append(("- " if isinstance(block, Text) and block.kind == "item" else "") + block.text)
        size += len(block.text)
    return texts


def _paths(line: str) -> list[str]:
    # Cut at "<": a path that holds a binding or a placeholder names no file yet.
    words = re.split(r"[\s`'\"(),;:=]+", _UNKNOWN.sub("<", _ADDRESS.sub(" ", line)))
    return [word.rstrip(".") for word in words if _is_path(word.rstrip("."))]


def _is_path(word: str) -> bool:
    if not _WORD.fullmatch(word):
        return False
    folder, slash, name = word.rpartition("/")
    return bool(slash and folder and name) or bool(_NAMED.fullmatch(word))

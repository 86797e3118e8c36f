"""Which programs a command line calls, when nothing unknown stands around them."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from prp_mcp.commands.parts import Part
from prp_mcp.commands.programs import RUNNERS
from prp_mcp.commands.word import Word

MAX_COMMAND = 20_000
"""Characters of a command line that is understood."""

HARMLESS = frozenset({"CI", "COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "NO_COLOR", "PYTHONUNBUFFERED", "TERM"})
"""Variables that change nothing but how output looks."""

_ACTIVATES = re.compile(r"(?:\./)?\.?venv/bin/activate")
_SAYS = frozenset({"echo", "printf", "true", ":", "set"})


@dataclass(frozen=True)
class Call:
    """A program with its words, the program's name without its folder first; `folder` is where it is called."""

    words: tuple[Word, ...]
    folder: str = "."

    @property
    def program(self) -> str:
        """Return the name of the program."""
        return self.words[0].text


def called(part: Part, folder: str = ".") -> Call | None:
    """Return what a simple command calls, or None when anything around it could change what it does.

    Known runners (`uv run`), harmless assignments, and redirections that drop output are looked through.
    """
    rest = part.understood
    while rest and (count := _around(rest)):
        rest = rest[count:]
    if not rest or any(word.is_sign for word in rest) or not rest[0].is_sure:
        return None
    return Call((replace(rest[0], text=posixpath.basename(rest[0].text)), *rest[1:]), folder)


def called_by(parts: Sequence[Part]) -> tuple[Call, ...] | None:
    """Return what simple commands call one after the other, or None when some of them are not understood.

    What only says something, changes to a folder below or enters a virtual environment is left out.
    """
    found: list[Call] = []
    folder = "."
    for part in parts:
        moved = _moved(part)
        if moved and part.sign != "||":
            folder = posixpath.normpath(posixpath.join(folder, moved))
        elif not _is_harmless(part):
            call = called(part, folder)
            if call is None or part.sign == "||":
                return None
            found.append(call)
        if part.sign in ("|", "&"):
            return None
    return tuple(found)


def _around(words: tuple[Word, ...]) -> int:
    """Return how many words at the beginning stand around a program and change nothing for it."""
    first = words[0]
    if first.assigned:
        return 1 if first.assigned[0] in HARMLESS else 0
    if first.text in RUNNERS:
        return 2 if len(words) > 2 and words[1].text == "run" else 0
    return 1 if first.text in ("time", "env") and len(words) > 1 else 0


def _moved(part: Part) -> str:
    words = part.words if part.is_clear else ()
    is_move = len(words) == 2 and words[0].text == "cd" and words[1].is_sure and not words[1].is_pattern
    return words[1].text if is_move and not words[1].text.startswith("-") else ""


def _is_harmless(part: Part) -> bool:
    words = part.understood
    if not words or any(word.is_sign for word in words) or "`" in part.text or "$(" in part.text:
        return False
    texts = [word.text for word in words]
    if texts[0] in ("source", "."):
        return len(texts) == 2 and bool(_ACTIVATES.fullmatch(texts[1]))
    if texts[0] == "export" or words[0].assigned:
        return all(word.assigned and word.assigned[0] in HARMLESS for word in words[texts[0] == "export" :])
    return texts[0] in _SAYS

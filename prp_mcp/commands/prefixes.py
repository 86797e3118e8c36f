"""Read the beginnings of commands that may run, and refuse those that a repository's policy may not open."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.commands.line import read_line
from prp_mcp.commands.options import shown
from prp_mcp.commands.patterns import is_pattern
from prp_mcp.commands.plain_words import NeedsShell, plain_parts
from prp_mcp.commands.programs import PYTHONS, RUNNERS, STARTERS, is_interpreter, runs_modules

_RUN_ANY_CODE = frozenset(
    {"asyncio", "cProfile", "code", "idlelib", "IPython", "pdb", "profile", "runpy", "timeit", "trace"}
)
_MODULE = re.compile(r"[A-Za-z_][\w.]*\Z")
_SCRIPT = re.compile(r"[\w][\w./-]*\Z")
# Between an option and its value no flag can stand, so `--check` counts only where it cannot be a value.
_FLAGS = frozenset({"--diff", "--quiet", "-q", "--verbose", "-v"})


@dataclass(frozen=True)
class Prefix:
    """The words a command begins with, and the options that must be among its others."""

    words: tuple[str, ...]
    needed: tuple[str, ...] = ()

    def fits(self, words: Sequence[str]) -> bool:
        """Return whether a command's canonical words begin so; an empty prefix fits nothing."""
        count = len(self.words)
        return bool(count) and tuple(words[:count]) == self.words and all(_has(words[count:], it) for it in self.needed)


def read_prefix(text: str, *, loose: bool = False) -> Prefix:
    """Return what `text` allows; unreadable text allows nothing. `loose`: its last options may stand anywhere."""
    line = read_line(text)
    try:
        parts = plain_parts(line)
    except NeedsShell:
        return Prefix(())
    # Neither a list nor a comment is the beginning of a command.
    if parts != [part.words for part in line.every_part] or len(parts) > 1:
        return Prefix(())
    words = canonical(tuple(word.glob for word in parts[0]))
    end = len(words)
    while loose and end and words[end - 1].startswith("--"):
        end -= 1
    return Prefix(words[:end], words[end:])


def canonical(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return argv with the one name for Python."""
    return ("python", *argv[1:]) if argv and argv[0] in PYTHONS else argv


def why_not_for_policy(words: Sequence[str]) -> str:
    """Return why a repository's policy may not allow what begins with `words`, or an empty string.

    Policy and PRP come from the same hands: what would start anything at all, or has credentials, takes a person.
    """
    program = words[0]
    if program in STARTERS or (program in RUNNERS and (len(words) == 1 or words[1] == "run")):
        return _needs_person(program)
    if is_interpreter(program) and not _names_code(words):
        return _needs_person(program)
    return ""


def _needs_person(program: str) -> str:
    return f"prp-mcp.toml may not allow {shown(program)}; a person has to approve it"


def _names_code(words: Sequence[str]) -> bool:
    """Return whether an interpreter's words name a module or a script, so that no other code can be given to it."""
    first, *rest = (*words[1:], "")
    if first == "-m" and runs_modules(words[0]):
        return bool(_MODULE.match(rest[0])) and rest[0].partition(".")[0] not in _RUN_ANY_CODE
    return bool(_SCRIPT.match(first)) and ("." in first or "/" in first) and not is_pattern(first)


def _has(words: Sequence[str], option: str) -> bool:
    before = ""
    for word in words:
        if word == "--":
            return False
        if word == option and (not before.startswith("-") or "=" in before or before in _FLAGS):
            return True
        before = word
    return False

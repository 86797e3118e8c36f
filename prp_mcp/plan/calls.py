"""Which program a simple command calls, read strictly (nothing unknown around it) or with everything looked through."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from prp_mcp.plan import shell
from prp_mcp.plan.words import Word, without_dropped, words_of

MAX_COMMAND = 20_000
"""Letters of a command that is looked at; what stands behind them is not seen."""

HARMLESS = frozenset({"CI", "COLUMNS", "FORCE_COLOR", "LANG", "LC_ALL", "NO_COLOR", "PYTHONUNBUFFERED", "TERM"})
"""Variables that change nothing but how output looks."""

_RUNNERS = frozenset({"uv", "poetry", "pipenv", "hatch", "pdm", "rye"})
_AROUND = _RUNNERS | frozenset(
    {"run", "time", "env", "nohup", "sudo", "npx", "uvx", "command", "exec", "xargs", "nice", "!", "{", "(", "eval"}
    | {"if", "then", "else", "elif", "while", "until", "do"}
)
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


def called(part: str, folder: str = ".") -> Call | None:
    """Return what a simple command calls, or None when anything around it could change what it does.

    Known runners (`uv run`), harmless assignments, and redirections that drop output are looked through.
    """
    words = words_of(part)
    rest = without_dropped(words) if words else ()
    while rest and (count := _around(rest)):
        rest = rest[count:]
    if not rest or any(word.is_sign for word in rest) or not rest[0].is_sure:
        return None
    return Call((Word(posixpath.basename(rest[0].text)), *rest[1:]), folder)


def loosely_called(part: str) -> list[str]:
    """Return the words of a simple command from its program on, whatever stands around it.

    It sees more than a shell would call: enough to refuse by, never to allow by.
    """
    words = words_of(part)
    texts = [word.text for word in words] if words is not None else part.replace('"', " ").replace("'", " ").split()
    for index, text in enumerate(texts):
        if not (text in _AROUND or text.startswith("-") or Word(text).assigned):
            return [posixpath.basename(text), *texts[index + 1 :]]
    return []


def calls(command: str) -> list[Call] | None:
    """Return what a list of commands calls one after the other, or None when some of it is not understood.

    What only says something, changes to a folder below or enters a virtual environment is left out.
    """
    if len(command) > MAX_COMMAND:
        return None
    found: list[Call] = []
    folder = "."
    for sign, part in shell.joined(command):
        moved = _moved(part)
        if moved and sign != "||":
            folder = posixpath.normpath(posixpath.join(folder, moved))
        elif not _is_harmless(part):
            call = called(part, folder)
            if call is None or sign == "||":
                return None
            found.append(call)
        if sign in ("|", "&"):
            return None
    return found


def assignments(part: str) -> Iterator[tuple[str, str]]:
    """Yield every `NAME=value` among the words of a simple command."""
    for word in words_of(part) or ():
        if word.assigned:
            yield word.assigned


def _around(words: tuple[Word, ...]) -> int:
    """Return how many words at the beginning stand around a program and change nothing for it."""
    first = words[0]
    if first.assigned:
        return 1 if first.assigned[0] in HARMLESS else 0
    if first.text in _RUNNERS:
        return 2 if len(words) > 2 and words[1].text == "run" else 0
    return 1 if first.text in ("time", "env") and len(words) > 1 else 0


def _moved(part: str) -> str:
    words = words_of(part) or ()
    is_move = len(words) == 2 and words[0].text == "cd" and words[1].is_sure and not words[1].is_pattern
    return words[1].text if is_move and not words[1].text.startswith("-") else ""


def _is_harmless(part: str) -> bool:
    words = without_dropped(words_of(part) or ())
    if not words or any(word.is_sign for word in words) or "`" in part or "$(" in part:
        return False
    texts = [word.text for word in words]
    if texts[0] in ("source", "."):
        return len(texts) == 2 and bool(_ACTIVATES.fullmatch(texts[1]))
    if texts[0] == "export" or words[0].assigned:
        return all(word.assigned and word.assigned[0] in HARMLESS for word in words[texts[0] == "export" :])
    return texts[0] in _SAYS

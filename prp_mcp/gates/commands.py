"""Decide, purely, how a PRP's validation command would run without a shell, and whether it may."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

ALLOWED = (
    "python -m py_compile",
    "python -m compileall",
    "python -m pytest",
    "python -m unittest",
    "python -m ruff",
    "python -m mypy",
    "pytest",
    "ruff check",
    "ruff format --check",
    "mypy",
    "pyright",
    "sqlfluff lint",
    "yamllint",
)
"""Argv prefixes that may run without a person's word. Whatever runs tests runs the repository's own code."""

_OPERATOR = re.compile(r"^[();<>|&]+$")  # as `shlex` cuts them off with punctuation_chars
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
_EXPANSION = re.compile(r"[$`\x00-\x08\x0b-\x1f]|~(?=/|$)")
_PYTHONS = frozenset({"python", "python3"})


@dataclass(frozen=True)
class Invocation:
    """One program to run: its words, the folder (relative) and extra environment it runs with."""

    argv: tuple[str, ...]
    folder: str
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Blocked:
    """Say why a command is not run; a value, not an error."""

    why: str


def invocations(command: str) -> list[Invocation] | Blocked:
    """Return what `command` would run, in order, each only after the one before succeeded.

    Understood: `cd DIR &&`, `&&`, assignments before a program, quoting. Anything that needs a shell is blocked.
    """
    if "\n" in command.strip():
        return Blocked("it has several lines and needs a shell")
    try:
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        lexer.commenters = "#"
        words = list(lexer)
    except ValueError as error:
        return Blocked(f"it is not well formed: {error}")
    if any(_OPERATOR.match(word) and word != "&&" for word in words):
        return Blocked("it uses pipes, redirections, background or alternatives, which need a shell")
    if _EXPANSION.search(command):
        return Blocked("it uses expansion ($, `, ~), which needs a shell")
    return _grouped(words)


def why_not_allowed(invocation: Invocation, extra: Sequence[str]) -> str:
    """Return why an invocation needs a person's word, or an empty string when it is allowed."""
    words = _canonical(invocation.argv)
    for allowed in (*ALLOWED, *extra):
        prefix = tuple(shlex.split(allowed))
        if words[: len(prefix)] == prefix:
            return ""
    return f"`{' '.join(words[:3])}` is not among the allowed commands"


def _grouped(words: Sequence[str]) -> list[Invocation] | Blocked:
    folder, found = ".", []
    for group in _split(words):
        environment = []
        while group and _ASSIGNMENT.match(group[0]):
            name, _, value = group.pop(0).partition("=")
            environment.append((name, value))
        if not group:
            return Blocked("it is only an assignment")
        if group[0] == "cd":
            folder = f"{folder}/{group[1]}" if len(group) == 2 else ""
            if not _inside(folder):
                return Blocked("it changes to a folder outside the project")
            continue
        if any(name in ("PATH", "PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH") for name, _ in environment):
            return Blocked("it changes where programs are looked for")
        found.append(Invocation(tuple(group), folder, tuple(environment)))
    return found or Blocked("it runs nothing")


def _split(words: Sequence[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for word in words:
        if word == "&&":
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def _inside(folder: str) -> bool:
    depth = 0
    for part in folder.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return False
    return bool(folder) and not folder.startswith("./" + "/")


def _canonical(argv: Sequence[str]) -> tuple[str, ...]:
    return ("python", *argv[1:]) if argv[0] in _PYTHONS else tuple(argv)

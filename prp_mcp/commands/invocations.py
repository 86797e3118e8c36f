"""What a command line would run without a shell: one program after the other, each in its folder."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.options import inside
from prp_mcp.commands.patterns import is_pattern, plain
from prp_mcp.commands.plain_words import MAX_WORD, NeedsShell, plain_parts
from prp_mcp.commands.programs import UNWRAPPED, checked_by
from prp_mcp.commands.word import Word

MAX_INVOCATIONS = 64
"""Programs that one line may run."""

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# What changes where programs and libraries come from, or what a program runs before its own code.
_NEVER_SET = re.compile(r"(?:LD_|DYLD_|BASH|GIT_|DATABRICKS|PRP_MCP|PATH\Z|HOME\Z|IFS\Z|SHELL|TMPDIR\Z|GCONV|GLIBC)")
_RUNNER_FLAGS = frozenset({"--frozen", "--locked", "--no-sync", "--offline", "--quiet", "-q", "--all-extras", "--dev"})


@dataclass(frozen=True)
class Invocation:
    """One program to run: its words, the folder (relative) and extra environment it runs with.

    In a word, `*`, `?` and `[...]` stand for the files of the copy they will match; a literal one is written `[*]`.
    `dropped` names the wrapper that was taken off (`uv run`), or is empty.
    """

    argv: tuple[str, ...]
    folder: str
    environment: tuple[tuple[str, str], ...]
    dropped: str = ""


@dataclass(frozen=True)
class Blocked:
    """Say why a command is not run; a value, not an error."""

    why: str


def invocations(line: CommandLine) -> list[Invocation] | Blocked:
    """Return what `line` would run, in order, each only after the one before succeeded.

    Understood: quoting, `&&`, `cd DIR &&`, assignments before a program, wildcards, a final `2>&1`, and wrappers such
    as `uv run`, which are taken off. Anything else that a shell would act on is blocked with the reason.
    """
    try:
        return _planned(plain_parts(line))
    except NeedsShell as reason:
        return Blocked(str(reason))


def is_databricks(invocation: Invocation) -> bool:
    """Return whether an invocation is of the Databricks CLI, which needs network and credentials."""
    return invocation.argv[0] == "databricks"


def not_for_databricks(name: str) -> str:
    """Return why a variable may not be set for the Databricks CLI."""
    return f"it sets {name[:60]} for the Databricks CLI, which is given no variables"


def approval_of(planned: Sequence[Invocation]) -> str:
    """Return one line that says exactly what would run, as a shell would read it: the key of a person's approval."""
    return " && ".join(map(_written, planned))


def _written(invocation: Invocation) -> str:
    settings = [f"{name}={shlex.quote(value)}" for name, value in invocation.environment]
    program = shlex.quote(plain(invocation.argv[0]))
    if "=" in program and not program.startswith("'"):
        program = f"'{program}'"  # else it would read like an assignment
    words = " ".join((*settings, program, *map(_quoted, invocation.argv[1:])))
    # Each part states its folder, so a part means the same wherever it stands.
    return words if invocation.folder == "." else f"(cd {shlex.quote(invocation.folder)} && {words})"


def _quoted(word: str) -> str:
    if not is_pattern(word):
        return shlex.quote(plain(word))
    parts = re.split(r"(\[[*?\[]\]|[*?\[\]])", word)
    return "".join(part if part in ("*", "?", "[", "]") or not part else shlex.quote(plain(part)) for part in parts)


def _planned(parts: Sequence[tuple[Word, ...]]) -> list[Invocation]:
    folder: str = "."
    found: list[Invocation] = []
    for part in parts:
        if part[0].glob == "cd":
            folder = _folder(folder, part)
            continue
        if len(found) == MAX_INVOCATIONS:
            raise NeedsShell(f"it runs more than {MAX_INVOCATIONS} programs")
        found.append(_invocation(part, folder))
    if not found:
        raise NeedsShell("it runs nothing")
    return found


def _folder(current: str, part: Sequence[Word]) -> str:
    target = part[1].glob if len(part) == 2 else ""
    if not target or target.startswith("-") or is_pattern(target):
        raise NeedsShell("it changes the folder in a way that needs a shell")
    if target.startswith("/") or not inside(f"{current}/{plain(target)}"):
        raise NeedsShell("it changes to a folder outside the project")
    if len(current) + len(target) > MAX_WORD:
        raise NeedsShell("it changes to a folder whose path is too long")
    return f"{current}/{plain(target)}"


def _invocation(part: Sequence[Word], folder: str) -> Invocation:
    words = list(part)
    environment = _assignments(words)
    dropped: list[str] = []
    while wrapper := _wrapper(words, taken=dropped):
        dropped.append(wrapper)
        if wrapper == "env":
            environment += _assignments(words)
    if not words:
        raise NeedsShell("it is only an assignment" if environment and not dropped else "it runs nothing")
    argv = _checking(tuple(word.glob for word in words), dropped)
    if not argv[0]:
        raise NeedsShell("it runs nothing: the program's name is empty")
    if environment and argv[0] == "databricks":
        raise NeedsShell(not_for_databricks(environment[0][0]))
    return Invocation(argv, folder, tuple(environment), " ".join(dropped))


def _checking(argv: tuple[str, ...], dropped: list[str]) -> tuple[str, ...]:
    """Take `--fix` off `ruff check`: in a copy its fixes are lost, and only the rest is reported."""
    if tuple(checked_by(argv)[:2]) != ("ruff", "check") or "--fix" not in argv:
        return argv
    dropped.append("--fix")
    return tuple(word for word in argv if word != "--fix")


def _assignments(words: list[Word]) -> list[tuple[str, str]]:
    """Take the assignments off the front of `words`."""
    found = []
    while words and (sign := _ASSIGNMENT.match(words[0].glob)) and words[0].bare >= sign.end():
        name, _, value = words.pop(0).text.partition("=")
        if _NEVER_SET.match(name):
            raise NeedsShell(f"it sets {name[:60]}, which decides what is run")
        found.append((name, value))
    return found


def _wrapper(words: list[Word], *, taken: Sequence[str]) -> str:
    """Take one wrapper off the front of `words` and return its name, or an empty string; a runner is taken once."""
    texts = [word.glob for word in words]
    if texts[:1] == ["time"] and len(texts) > 1 and not taken:
        del words[0]
        return "time"
    if texts[:1] == ["env"] and len(texts) > 1 and _ASSIGNMENT.match(texts[1]) and "env" not in taken:
        del words[0]
        return "env"
    if len(texts) > 1 and texts[0] in UNWRAPPED and texts[1] == "run" and not any(" run" in name for name in taken):
        rest = next((at for at, text in enumerate(texts) if at > 1 and text not in _RUNNER_FLAGS), len(texts))
        if rest < len(texts) and not texts[rest].startswith("-"):
            del words[:rest]
            return " ".join(texts[:2])
    return ""

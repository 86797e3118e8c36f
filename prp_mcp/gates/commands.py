"""Decide, purely, how a PRP's validation command would run without a shell, and whether it may."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.gates.checkers import RUN_THE_PROJECT
from prp_mcp.gates.options import inside, shown, why_forbidden, why_outside
from prp_mcp.gates.prefixes import Prefix, canonical, read_prefix, why_not_for_policy
from prp_mcp.gates.words import MAX_WORD, NeedsShell, Word, is_pattern, plain, read_words, split_parts

_CHECKERS = (
    "pytest", "ruff check", "ruff format --check", "mypy", "pyright", "sqlfluff lint", "yamllint", "black --check",
    "isort --check-only", "isort --check", "flake8", "pylint",
)  # fmt: skip
ALLOWED = (
    "python -m py_compile",
    "python -m compileall",
    "python -m unittest",
    *(f"python -m {checker}" for checker in _CHECKERS),
    *_CHECKERS,
    "databricks bundle validate",
    "databricks bundle plan",
    "databricks bundle summary",
)
"""What may run without a person's word: words that come first, and options (`--check`) that must be among the others.

Whatever runs tests runs the repository's own code.
"""
MAX_INVOCATIONS = 64

_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# What changes where programs and libraries come from, or what a program runs before its own code.
_NEVER_SET = re.compile(r"(?:LD_|DYLD_|BASH|GIT_|DATABRICKS|PRP_MCP|PATH\Z|HOME\Z|IFS\Z|SHELL|TMPDIR\Z|GCONV|GLIBC)")
_HARMLESS_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_TELLING = re.compile(
    r"(?:PYTHON|PYTEST|PY_|RUFF|MYPY|PYRIGHT|SQLFLUFF|YAMLLINT|UV_|PIP_|POETRY|PIPENV|HATCH|TOX|VIRTUAL_ENV|CONDA|COV"
    r"|JAVA|JDK_|SPARK|HADOOP|NODE|NPM|PERL|RUBY|XDG_|AWS_|AZURE_|GOOGLE_|ARM_|BUNDLE_|TF_|SSL_|CURL_|MALLOC_|LOC|NLS"
    r"|HOST|RES_|PAGER|EDITOR|VISUAL|BROWSER|TERM|PROMPT|PS\d|OPENSSL|REQUESTS|SSH|SUDO|DOCKER|HYPOTHESIS|ENV\Z)"
    r"|.*(?:_PROXY|_OPTIONS|_OPTS|_PATH|_HOME|_ADDOPTS|_PRELOAD)\Z"
)
_CLUSTER = re.compile(r"-[^-opt=][^opt=]*t|-t")
_RUNNERS = (("uv", "run"), ("poetry", "run"), ("pipenv", "run"), ("hatch", "run"))
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


def invocations(command: str) -> list[Invocation] | Blocked:
    """Return what `command` would run, in order, each only after the one before succeeded.

    Understood: quoting, `&&`, `cd DIR &&`, assignments before a program, wildcards, a final `2>&1`, and wrappers such
    as `uv run`, which are taken off. Anything else that a shell would act on is blocked with the reason.
    """
    try:
        return _planned(read_words(command))
    except NeedsShell as reason:
        return Blocked(str(reason))


def why_not_allowed(invocation: Invocation, extra: Sequence[str]) -> str:
    """Return why an invocation needs a person's word, or an empty string when it is allowed.

    `extra` are the argv prefixes of the repository's policy, which may not open whatever starts any other program.
    Options that reach outside the project, start another program or leave the checking undone are refused whatever the
    prefix.
    """
    words = canonical(invocation.argv)
    if "/" in words[0] or is_pattern(words[0]):
        return f"{shown(words[0])} is not the bare name of a program"
    program, options = _program(words)
    return (
        _why_not_listed(words, extra)
        or _why_not_set(invocation, program)
        or why_forbidden(program, options)
        or why_outside(words[1:], invocation.folder)
    )


def targets(invocation: Invocation) -> frozenset[str]:
    """Return every target that the words of a Databricks command name, in whatever way; an empty one has no value.

    What might name one counts, so the answer may hold a target too many, never one too few.
    """
    words = [plain(word) for word in invocation.argv[1:]]
    named = (_target(word, words[at + 1 : at + 2]) for at, word in enumerate(words))
    return frozenset(target for target in named if target is not None)


def is_databricks(invocation: Invocation) -> bool:
    """Return whether an invocation is of the Databricks CLI, which needs network and credentials."""
    return invocation.argv[0] == "databricks"


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


def _planned(words: list[Word]) -> list[Invocation]:
    folder: str = "."
    found: list[Invocation] = []
    for part in split_parts(words):
        if part[0].text == "cd":
            folder = _folder(folder, part)
            continue
        if len(found) == MAX_INVOCATIONS:
            raise NeedsShell(f"it runs more than {MAX_INVOCATIONS} programs")
        found.append(_invocation(part, folder))
    if not found:
        raise NeedsShell("it runs nothing")
    return found


def _folder(current: str, part: Sequence[Word]) -> str:
    target = part[1].text if len(part) == 2 else ""
    if not target or target.startswith("-") or is_pattern(target):
        raise NeedsShell("it changes folder in a way that needs a shell")
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
    argv = _checking(tuple(word.text for word in words), dropped)
    if not argv[0]:
        raise NeedsShell("it runs nothing: the program's name is empty")
    if environment and argv[0] == "databricks":
        raise NeedsShell(_not_for_databricks(environment[0][0]))
    return Invocation(argv, folder, tuple(environment), " ".join(dropped))


def _checking(argv: tuple[str, ...], dropped: list[str]) -> tuple[str, ...]:
    """Take `--fix` off `ruff check`: in a copy it mends what is then lost, and tells only of the rest."""
    checks = argv[:2] == ("ruff", "check") or (
        argv[0] in ("python", "python3") and argv[1:4] == ("-m", "ruff", "check")
    )
    if not checks or "--fix" not in argv:
        return argv
    dropped.append("--fix")
    return tuple(word for word in argv if word != "--fix")


def _assignments(words: list[Word]) -> list[tuple[str, str]]:
    """Take the assignments off the front of `words`."""
    found = []
    while words and (sign := _ASSIGNMENT.match(words[0].text)) and words[0].bare >= sign.end():
        name, _, value = plain(words.pop(0).text).partition("=")
        if _NEVER_SET.match(name):
            raise NeedsShell(f"it sets {name[:60]}, which decides what is run")
        found.append((name, value))
    return found


def _wrapper(words: list[Word], *, taken: Sequence[str]) -> str:
    """Take one wrapper off the front of `words` and return its name, or an empty string; a runner is taken once."""
    texts = [word.text for word in words]
    if texts[:1] == ["time"] and len(texts) > 1 and not taken:
        del words[0]
        return "time"
    if texts[:1] == ["env"] and len(texts) > 1 and _ASSIGNMENT.match(texts[1]) and "env" not in taken:
        del words[0]
        return "env"
    if tuple(texts[:2]) in _RUNNERS and not any(" run" in name for name in taken):
        rest = next((at for at, text in enumerate(texts) if at > 1 and text not in _RUNNER_FLAGS), len(texts))
        if rest < len(texts) and not texts[rest].startswith("-"):
            del words[:rest]
            return " ".join(texts[:2])
    return ""


def _why_not_listed(words: Sequence[str], extra: Sequence[str]) -> str:
    if any(prefix.fits(words) for prefix in _ALLOWED):
        return ""
    refused = ""
    for prefix in map(read_prefix, extra):
        if prefix.fits(words):
            if not (why := why_not_for_policy(prefix.words)):
                return ""
            refused = why
    return refused or f"{shown(' '.join(words[:3]))} is not among the allowed commands"


def _why_not_set(invocation: Invocation, program: str) -> str:
    for name, value in invocation.environment:
        if is_databricks(invocation):
            return _not_for_databricks(name)
        # Only what imports the project anyway may be told where that is; for others it could replace their own parts.
        path = name == "PYTHONPATH" and program in RUN_THE_PROJECT
        if not path and (not _HARMLESS_NAME.match(name) or _TELLING.match(name)):
            return f"it sets {shown(name)}, which can change what a program runs"
        if why_outside((value,), invocation.folder):
            return f"it sets {shown(name)} to a place outside the project"
    return ""


def _not_for_databricks(name: str) -> str:
    return f"it sets {name[:60]} for the Databricks CLI, which is given no variables"


def _target(word: str, following: Sequence[str]) -> str | None:
    """Return the target one word names, or None; as pflag reads it, a letter that takes a value ends a cluster."""
    if word.startswith("--"):
        name, attached, value = word[2:].partition("=")
        return None if name != "target" else value if attached else "".join(following)
    letters = _CLUSTER.match(word)
    if letters is None:
        return None
    rest = word[letters.end() :]
    return rest.removeprefix("=") if rest else "".join(following)


def _program(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the program whose options count and the words after it and its subcommand."""
    rest = words[2:] if words[0] == "python" and words[1:2] == ("-m",) else words
    taken = {"databricks": 3, "ruff": 2, "sqlfluff": 2}.get(rest[0] if rest else "", 1)
    return (rest[0] if rest else ""), rest[taken:]


_ALLOWED: tuple[Prefix, ...] = tuple(read_prefix(text, loose=True) for text in ALLOWED)

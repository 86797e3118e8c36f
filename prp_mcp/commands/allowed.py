"""Which programs may run without a person's word, and why another one may not."""

import re
from collections.abc import Sequence

from prp_mcp.commands.checkers import RUN_THE_PROJECT
from prp_mcp.commands.invocations import Invocation, is_databricks, not_for_databricks
from prp_mcp.commands.options import shown, why_forbidden, why_outside
from prp_mcp.commands.patterns import is_pattern
from prp_mcp.commands.prefixes import Prefix, canonical, read_prefix, why_not_for_policy
from prp_mcp.commands.programs import checked_by

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

_HARMLESS_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_TELLING = re.compile(
    r"(?:PYTHON|PYTEST|PY_|RUFF|MYPY|PYRIGHT|SQLFLUFF|YAMLLINT|UV_|PIP_|POETRY|PIPENV|HATCH|TOX|VIRTUAL_ENV|CONDA|COV"
    r"|JAVA|JDK_|SPARK|HADOOP|NODE|NPM|PERL|RUBY|XDG_|AWS_|AZURE_|GOOGLE_|ARM_|BUNDLE_|TF_|SSL_|CURL_|MALLOC_|LOC|NLS"
    r"|HOST|RES_|PAGER|EDITOR|VISUAL|BROWSER|TERM|PROMPT|PS\d|OPENSSL|REQUESTS|SSH|SUDO|DOCKER|HYPOTHESIS|ENV\Z)"
    r"|.*(?:_PROXY|_OPTIONS|_OPTS|_PATH|_HOME|_ADDOPTS|_PRELOAD)\Z"
)


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
            return not_for_databricks(name)
        # Only what imports the project anyway may be told where that is; for others it could replace their own parts.
        path = name == "PYTHONPATH" and program in RUN_THE_PROJECT
        if not path and (not _HARMLESS_NAME.match(name) or _TELLING.match(name)):
            return f"it sets {shown(name)}, which can change what a program runs"
        if why_outside((value,), invocation.folder):
            return f"it sets {shown(name)} to a place outside the project"
    return ""


def _program(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the program whose options count and the words after it and its subcommand."""
    rest = checked_by(words)
    return rest[0], rest[{"databricks": 3, "ruff": 2, "sqlfluff": 2}.get(rest[0], 1) :]


_ALLOWED: tuple[Prefix, ...] = tuple(read_prefix(text, loose=True) for text in ALLOWED)

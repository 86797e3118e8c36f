"""The names of programs that decide how a command line is read: Python, runners, what stands around a program."""

import re
from collections.abc import Sequence

PYTHONS = frozenset({"python", "python3"})
"""Names under which a command gets the interpreter that the sandbox runs."""

_PYTHON = re.compile(r"python[\d.]*")
_INTERPRETER = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|ipython|Rscript|R|osascript)[\d.]*", re.IGNORECASE
)

UNWRAPPED = frozenset({"uv", "poetry", "pipenv", "hatch"})
"""Runners whose `run` is taken off, so that what they would run is judged and run by itself."""

RUNNERS = UNWRAPPED | frozenset({"pdm", "rye"})
"""Programs whose `run` starts another one in a project's environment."""

AROUND = RUNNERS | frozenset(
    {"run", "time", "env", "nohup", "sudo", "npx", "uvx", "command", "exec", "xargs", "nice", "!", "{", "(", "eval"}
    | {"if", "then", "else", "elif", "while", "until", "do"}
)
"""What may stand before the program of a simple command."""

STARTERS = frozenset(
    {
        "databricks", "sh", "bash", "zsh", "dash", "fish", "ksh", "mksh", "ash", "csh", "tcsh", "busybox", "pwsh",
        "env", "sudo", "doas", "su", "xargs", "parallel", "nohup", "timeout", "nice", "ionice", "setsid", "stdbuf",
        "time", "watch", "script", "strace", "chroot", "unshare", "nsenter", "bwrap", "ssh", "command", "exec",
        "eval", "source", ".", "uvx", "npx", "pipx", "awk", "gawk", "mawk",
    }
)  # fmt: skip
"""Programs that run whatever their words say, or that have the workspace's credentials."""

_PROGRAM_TABLE = """
    alembic aws az bash black cargo cat cd curl databricks dbt diff docker echo export find git go grep hatch jq just
    ls make mypy node npm npx pip pip3 pipenv pnpm poetry pre-commit prp-mcp psql pyright pytest python python3 rg ruff
    sh source spark-submit sqlfluff terraform test tox tree uv uvx wc yamllint yarn
"""
PROGRAMS = frozenset(_PROGRAM_TABLE.split())
"""Programs that tell a command from prose where no language does."""

_ALONE = frozenset({"pytest", "make", "tox", "mypy", "just"})


def is_python(program: str) -> bool:
    """Return whether a program is Python, of whatever version."""
    return bool(_PYTHON.fullmatch(program))


def runs_modules(program: str) -> bool:
    """Return whether `-m` makes a program run a module: Python, of whatever make."""
    return bool(_PYTHON.fullmatch(program.replace("pypy", "python", 1)))


def is_interpreter(program: str) -> bool:
    """Return whether a program runs code in the language it is named after."""
    return bool(_INTERPRETER.fullmatch(program))


def module_of(argv: Sequence[str]) -> Sequence[str]:
    """Return the module that `python -m` is given and the words behind it; nothing when that is not what `argv` is."""
    return argv[2:] if len(argv) > 2 and is_python(argv[0]) and argv[1] == "-m" else ()


def checked_by(argv: Sequence[str]) -> Sequence[str]:
    """Return the words of `argv` from the program or the module of the sandbox's own Python on."""
    return module_of(argv) or argv if argv and argv[0] in PYTHONS else argv


def is_command(text: str) -> bool:
    """Return whether inline code is something to run, not a name or an expression, by its first word."""
    first, *rest = text.split(maxsplit=1) or [""]
    first = first[1:-1] if first[:1] in ("'", '"') and first[-1] == first[0] else first
    if "\n" in text or first.startswith(("/", "mcp__", "<")):
        return False
    first = re.sub(r"^(?:\S*/)?bin/", "", first)
    return first.startswith(("./", "scripts/", "bin/")) or (first in PROGRAMS and (bool(rest) or first in _ALONE))

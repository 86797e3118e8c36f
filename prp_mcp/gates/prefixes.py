"""Read the beginnings of commands that may run, and refuse those that a repository's policy may not open."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.gates.options import shown
from prp_mcp.gates.words import is_pattern

_PYTHONS = frozenset({"python", "python3"})
_STARTERS = frozenset(
    {
        "databricks", "sh", "bash", "zsh", "dash", "fish", "ksh", "mksh", "ash", "csh", "tcsh", "busybox", "pwsh",
        "env", "sudo", "doas", "su", "xargs", "parallel", "nohup", "timeout", "nice", "ionice", "setsid", "stdbuf",
        "time", "watch", "script", "strace", "chroot", "unshare", "nsenter", "bwrap", "ssh", "command", "exec",
        "eval", "source", ".", "uvx", "npx", "pipx", "awk", "gawk", "mawk",
    }
)  # fmt: skip
"""Programs that run whatever their words say, or that have the workspace's credentials."""
_RUNNERS = frozenset({"uv", "poetry", "pipenv", "hatch", "pdm", "rye"})
_INTERPRETER = re.compile(
    r"(?:python|pypy|node|nodejs|deno|bun|perl|ruby|php|lua|ipython|Rscript|R|osascript)[\d.]*\Z", re.IGNORECASE
)
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*\Z")
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
    try:
        words = canonical(tuple(shlex.split(text)))
    except ValueError:
        return Prefix(())
    end = len(words)
    while loose and end and words[end - 1].startswith("--"):
        end -= 1
    return Prefix(words[:end], words[end:])


def canonical(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return argv with the one name for Python."""
    return ("python", *argv[1:]) if argv and argv[0] in _PYTHONS else argv


def why_not_for_policy(words: Sequence[str]) -> str:
    """Return why a repository's policy may not allow what begins with `words`, or an empty string.

    Policy and PRP come from the same hands: what would start anything at all, or has credentials, takes a person.
    """
    program = words[0]
    if program in _STARTERS or (program in _RUNNERS and (len(words) == 1 or words[1] == "run")):
        return _needs_person(program)
    if _INTERPRETER.match(program) and not _names_code(words):
        return _needs_person(program)
    return ""


def _needs_person(program: str) -> str:
    return f"prp-mcp.toml may not allow {shown(program)}; a person has to approve it"


def _names_code(words: Sequence[str]) -> bool:
    """Return whether an interpreter's words name a module or a script, so that no other code can be given to it."""
    first, *rest = (*words[1:], "")
    if first == "-m" and _PYTHON.match(words[0]):
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

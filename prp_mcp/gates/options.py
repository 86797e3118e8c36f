"""Say, program by program, which options would reach outside the project or start something else."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prp_mcp.gates.words import plain

_ABSOLUTE = re.compile(r"(?:^|[^\w.\-*?\]%+])/|^-\w+/")
_ATTACHED_PARENT = re.compile(r"^-\w+\.\.(?:/|$)")
_PIECES = re.compile(r"[=:,;\s'\"]")


@dataclass(frozen=True)
class Forbidden:
    """Options of one program. `long` without dashes, `short` as letters, `valued` the short ones that take a value.

    `abbreviated`: the program completes the beginning of an option.
    """

    long: tuple[str, ...] = ()
    short: str = ""
    valued: str = ""
    abbreviated: bool = False


_FORBIDDEN: Mapping[str, Forbidden] = {
    "pytest": Forbidden(
        long=(
            "override-ini", "plugins", "pyargs", "pastebin", "tx", "px", "rsyncdir", "rsyncignore", "looponfail",
            "pdb", "pdbcls", "trace", "debug", "remote-data",
        ),
        short="opf",
        valued="kmcnWr",
    ),
    "ruff": Forbidden(long=("watch", "stdin-filename", "extension"), short="w", valued="o"),
    "mypy": Forbidden(
        long=(
            "python-executable", "plugins", "install-types", "non-interactive", "custom-typing-module", "shadow-file",
            "custom-typeshed-dir", "pdb", "command", "find-occurrences",
        ),
        short="c",
        valued="mp",
        abbreviated=True,
    ),
    "pyright": Forbidden(
        long=(
            "project", "pythonpath", "venvpath", "venv-path", "typeshedpath", "typeshed-path", "watch", "createstub",
            "verifytypes", "ignoreexternal",
        ),
        short="pvtw",
    ),
    "sqlfluff": Forbidden(
        long=("library-path", "templater", "extra-config-path", "stdin-filename", "plugin"), short="t", valued="dipf"
    ),
    "yamllint": Forbidden(long=("config-data",), short="d", valued="cf", abbreviated=True),
}  # fmt: skip
_PYTEST_PLUGIN_OFF = re.compile(r"no:[\w.-]+\Z")
_BUNDLE_OPTIONS = frozenset({"target", "output", "strict", "force-pull", "var", "select", "include-locations"})
_BUNDLE_SHORT = re.compile(r"-[to](?:=?[\w-]+)?\Z")
_WORD = re.compile(r"[\w-]+\Z")


def why_outside(words: Sequence[str], folder: str) -> str:
    """Return why one of `words`, run in `folder`, would name a place outside the project, or an empty string."""
    for word in words:
        text = plain(word)
        if text.startswith("@"):
            return f"{shown(text)} would read further arguments from a file"
        if _ABSOLUTE.search(text):
            return f"{shown(text)} names an absolute path"
        if _ATTACHED_PARENT.match(text) or not all(inside(f"{folder}/{piece}") for piece in _PIECES.split(text)):
            return f"{shown(text)} leaves the project"
    return ""


def why_forbidden(program: str, words: Sequence[str]) -> str:
    """Return why an option among `words` is not for a PRP to give to `program`, or an empty string."""
    if program == "databricks":
        return _why_not_for_bundles(words)
    rules = _FORBIDDEN.get(program)
    if rules is None:
        return ""
    skip = False
    for index, given in enumerate(words):
        word = plain(given)
        if skip:
            skip = False
            continue
        if program == "pytest" and _switches_off(word, words[index + 1 : index + 2]):
            skip = word == "-p"
        elif _is_forbidden(word, rules):
            return f"{program} may not be given {shown(word)}"
    return ""


def inside(path: str) -> bool:
    """Return whether a relative path never climbs above where it starts; an absolute one does."""
    depth = 0
    for part in path.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(part, 1)
        if depth < 0:
            return False
    return not path.startswith("/")


def shown(text: str) -> str:
    """Return a word for a message: quoted and cut."""
    return f"`{text[:60]}{'...' if len(text) > 60 else ''}`"


def _is_forbidden(word: str, rules: Forbidden) -> bool:
    if word.startswith("--"):
        name = word[2:].partition("=")[0].replace("_", "-").lower()
        return name in rules.long or (
            rules.abbreviated and any(option.startswith(name) for option in rules.long if name)
        )
    if not word.startswith("-"):
        return False
    if word[1:].partition("=")[0] in rules.long:
        return True
    for letter in word[1:]:
        if letter in rules.short:
            return True
        if letter in rules.valued:
            return False
    return False


def _switches_off(word: str, following: Sequence[str]) -> bool:
    value = following[0] if word == "-p" and following else word[2:] if word.startswith("-p") else ""
    return bool(_PYTEST_PLUGIN_OFF.match(value))


def _why_not_for_bundles(words: Sequence[str]) -> str:
    """Judge by a list of what is allowed: these commands run with the workspace's credentials."""
    value_follows = ""
    for word in words:
        if value_follows:
            if value_follows == "var" and "profile" in word.lower():
                return f"databricks may not be given {shown(word)}"
            if value_follows != "var" and not _WORD.match(word):
                return f"databricks may not be given {shown(word)}"
            value_follows = ""
            continue
        name, has_value, value = word[2:].partition("=")
        if word.startswith("--") and name in _BUNDLE_OPTIONS and "profile" not in value.lower():
            value_follows = name if not has_value and name in ("target", "output", "var", "select") else ""
        elif _BUNDLE_SHORT.match(word):
            value_follows = "target" if len(word) == 2 else ""
        else:
            return f"databricks may not be given {shown(word)}"
    return f"databricks needs a value for its option {value_follows!r}" if value_follows else ""

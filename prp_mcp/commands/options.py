"""Say, program by program, which options would reach outside the project or start something else."""

import re
from collections.abc import Sequence

from prp_mcp.commands.checkers import FORBIDDEN, Forbidden
from prp_mcp.commands.patterns import plain

_ABSOLUTE = re.compile(r"(?:^|[^\w.\-*?\]%+])/|^-\w+/")
_ATTACHED_PARENT = re.compile(r"^-\w+\.\.(?:/|$)")
_PIECES = re.compile(r"[=:,;\s'\"]")
_STEPS = {"..": -1, ".": 0, "": 0}


_BUNDLE_OPTIONS = frozenset({"target", "output", "strict", "force-pull", "var", "select", "include-locations"})
_BUNDLE_SHORT = re.compile(r"-[to](?:=?[\w-]+)?\Z")
_WORD = re.compile(r"[\w-]+\Z")


def why_outside(words: Sequence[str], folder: str) -> str:
    """Return why one of `words`, run in `folder`, would name a place outside the project, or an empty string."""
    # Once: both the folder and the words may be thousands of pieces long.
    depth = sum(_STEPS.get(part, 1) for part in folder.split("/"))
    for word in words:
        text = plain(word)
        if text.startswith("@"):
            return f"{shown(text)} would read further arguments from a file"
        if _ABSOLUTE.search(text):
            return f"{shown(text)} names an absolute path"
        if _ATTACHED_PARENT.match(text) or not all(inside(piece, depth) for piece in _PIECES.split(text)):
            return f"{shown(text)} leaves the project"
    return ""


def why_forbidden(program: str, words: Sequence[str]) -> str:
    """Return why an option among `words` is not for a PRP to give to `program`, or an empty string."""
    if program == "databricks":
        return _why_not_for_bundles(words)
    rules = FORBIDDEN.get(program)
    if rules is None:
        return ""
    texts = [plain(word) for word in words]
    if "-" in texts:
        return f"{program} would check its standard input, which is empty"
    at = 0
    while at < len(texts):
        if taken := _fine(texts[at], texts[at + 1 : at + 2], rules):
            at += taken
        elif why := _why_not(program, texts[at], rules) or _why_inline(program, texts[at : at + 2]):
            return why
        else:
            at += 1
    return ""


def inside(path: str, depth: int = 0) -> bool:
    """Return whether a relative path, `depth` folders down, never climbs above the top; an absolute one does."""
    for part in path.split("/"):
        depth += _STEPS.get(part, 1)
        if depth < 0:
            return False
    return not path.startswith("/")


def shown(text: str) -> str:
    """Return a word for a message: quoted and cut."""
    return f"`{text[:60]}{'...' if len(text) > 60 else ''}`"


def _why_not(program: str, word: str, rules: Forbidden) -> str:
    if _names(word, rules.long, rules.short, rules):
        return f"{program} may not be given {shown(word)}"
    if _names(word, rules.idle, rules.idle_short, rules):
        return f"{program} checks nothing, or not all of it, when given {shown(word)}"
    return ""


def _names(word: str, long: Sequence[str], short: str, rules: Forbidden) -> bool:
    """Return whether a word is one of these options, as `rules` say that its program reads options."""
    if word.startswith("--"):
        name = word[2:].partition("=")[0].replace("_", "-").lower()
        return name in long or (rules.abbreviated and any(option.startswith(name) for option in long if name))
    if not word.startswith("-"):
        return False
    if word[1:].partition("=")[0] in long:
        return True
    for letter in word[1:]:
        if letter in short:
            return True
        if letter in rules.valued:
            return False
    return False


def _fine(word: str, following: Sequence[str], rules: Forbidden) -> int:
    """Return how many words a forbidden option takes whose value makes it harmless; 0 when it is not one."""
    for option, values in rules.fine.items():
        if word == option:
            return 2 if following and values.match(following[0]) else 0
        attached = f"{option}=" if option.startswith("--") else option
        if word.startswith(attached) and values.match(word[len(attached) :]):
            return 1
    return 0


def _why_inline(program: str, words: Sequence[str]) -> str:
    """Return why ruff's `--config` may not carry settings instead of a file's name: they could ignore every rule."""
    name, attached, value = words[0].partition("=")
    setting = value if attached else "".join(words[1:2])
    if program == "ruff" and name == "--config" and "=" in setting:
        return f"ruff may not be given the settings {shown(setting)}"
    return ""


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

"""Words as programs are given them: `*`, `?` and `[...]` stand for files, and a literal wildcard is written `[*]`."""

import re

_MARKED = re.compile(r"\[([*?\[])\]")
_WILD = re.compile(r"[*?\[]")


def literal(text: str) -> str:
    """Return quoted text with each wildcard marked, so that it stays one letter."""
    return _WILD.sub(r"[\g<0>]", text)


def plain(word: str) -> str:
    """Return a word with its literal wildcards written plainly."""
    return _MARKED.sub(r"\1", word)


def is_wild(text: str) -> bool:
    """Return whether unquoted text has a wildcard."""
    return bool(_WILD.search(text))


def is_pattern(word: str) -> bool:
    """Return whether a word has a wildcard that is not literal."""
    return is_wild(_MARKED.sub("", word))

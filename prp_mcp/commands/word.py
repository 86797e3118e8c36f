"""A word of a command line: what a program would be given, and what in it only a shell could carry out."""

import re
from dataclasses import dataclass

_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w{0,100})=", re.ASCII)


@dataclass(frozen=True)
class Word:
    """A word without its quotes: `text`; `glob` is the same with literal wildcards marked, `raw` what is written.

    `why` says what in it needs a shell. `bare` counts the leading letters that are not quoted. A `is_pattern` has
    unquoted `*`, `?` or `[`; a `is_sign` redirects or groups and is passed to nobody; no blank stands before a word
    that `is_glued`.
    """

    text: str
    glob: str = ""
    raw: str = ""
    why: str = ""
    bare: int = 0
    is_pattern: bool = False
    is_sign: bool = False
    is_glued: bool = False

    @property
    def is_sure(self) -> bool:
        """Return whether a shell passes exactly `text`, were it not for patterns."""
        return not self.why

    @property
    def assigned(self) -> tuple[str, str] | None:
        """Return name and value of an assignment (`NAME=value`), or None."""
        found = _ASSIGNMENT.match(self.text)
        return (found["name"], self.text[found.end() :]) if found and not self.is_sign else None

    def cut(self, text: str) -> "Word":
        """Return a piece of the word as a word, as sure as the whole."""
        return Word(text, why=self.why, is_pattern=self.is_pattern)

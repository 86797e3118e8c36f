"""A simple command of a command line: its words, and the program among them."""

import posixpath
from dataclasses import dataclass
from functools import cached_property

from prp_mcp.commands.programs import AROUND
from prp_mcp.commands.word import Word

MAX_LETTERS = 8000
"""Letters of a simple command that is understood; of a longer one only what it may do is looked at."""

_DROPPED = ((">", "/dev/null"), (">>", "/dev/null"), ("&>", "/dev/null"), (">&", "1"), (">&", "2"))


@dataclass(frozen=True)
class Part:
    """A simple command; `sign` is what stands before it: one of `&& || ; | &`, a line end or "".

    It `is_open` when a quote in it stays open; then its words only show what may be in it.
    """

    sign: str
    text: str
    words: tuple[Word, ...]
    is_open: bool = False

    @property
    def is_clear(self) -> bool:
        """Return whether its words are what a shell would see, and few enough to be understood."""
        return not self.is_open and len(self.text) <= MAX_LETTERS

    @cached_property
    def understood(self) -> tuple[Word, ...]:
        """Return the words of a clear command without redirections that only drop output or join errors to it."""
        if not self.is_clear:
            return ()
        kept: list[Word] = []
        index = 0
        while index < len(self.words):
            sign = self.words[index].text.lstrip("0123456789")
            behind = self.words[index + 1].text if index + 1 < len(self.words) else ""
            if self.words[index].is_sign and (sign, behind) in _DROPPED:
                index += 2
                continue
            kept.append(self.words[index])
            index += 1
        return tuple(kept)

    @cached_property
    def program(self) -> tuple[str, ...]:
        """Return the words from the program on, named without its folder, whatever stands around it.

        It is more than a shell would call: enough to refuse by, never to allow by.
        """
        texts = [word.text for word in self.words]
        if self.is_open:
            texts = self.text.replace('"', " ").replace("'", " ").split()
        for index, text in enumerate(texts):
            if not (text in AROUND or text.startswith("-") or Word(text).assigned):
                return (posixpath.basename(text), *texts[index + 1 :])
        return ()

    @cached_property
    def written(self) -> tuple[str, ...]:
        """Return the words from the program on as they are written: what no blank parts is one."""
        if self.is_open:
            return self.program
        found: list[str] = []
        for word in self.words[len(self.words) - len(self.program) :]:
            if word.is_glued and found:
                found[-1] += word.raw
            else:
                found.append(word.raw)
        return tuple(found)

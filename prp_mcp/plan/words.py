"""The words of a simple command as a shell would pass them, and which of them cannot be told without running it."""

import re
from dataclasses import dataclass

MAX_LETTERS = 8000
"""Letters of a simple command that is looked at word by word; a longer one is not understood."""

# Each letter belongs to one alternative: the reading is linear. The last one is what no shell reads (an open quote).
_PIECE = re.compile(
    r"(?P<space>\s+)|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|\\(?P<escaped>[^\n])"
    r"|(?P<asked><[A-Za-z][\w-]{0,60}>)|(?P<sign>&>>?|>>|[<>]&|>\||<<<|<<-?|[<>()])"
    r"|(?P<bare>[^\s\"'\\<>()&]+)|(?P<other>.)",
    re.DOTALL,
)
_IN_DOUBLE = re.compile(r"\\([\"\\$`])")
_ASSIGNMENT = re.compile(r"(?P<name>[A-Za-z_]\w{0,100})=", re.ASCII)
_DROPPED = ((">", "/dev/null"), (">>", "/dev/null"), ("&>", "/dev/null"), (">&", "1"), (">&", "2"))


@dataclass(frozen=True)
class Word:
    """A word without its quotes; `is_sure` says that a shell passes exactly `text`.

    A `is_pattern` has unquoted `*`, `?` or `[`; a `is_sign` redirects or groups and is passed to nobody.
    """

    text: str
    is_sure: bool = True
    is_pattern: bool = False
    is_sign: bool = False

    @property
    def assigned(self) -> tuple[str, str] | None:
        """Return name and value of an assignment (`NAME=value`), or None."""
        found = _ASSIGNMENT.match(self.text)
        return (found["name"], self.text[found.end() :]) if found and not self.is_sign else None


def words_of(part: str) -> tuple[Word, ...] | None:
    """Return the words of one simple command (no list, no pipe), or None when it is too long or a quote stays open."""
    if len(part) > MAX_LETTERS:
        return None
    words: list[Word] = []
    held: Word | None = None
    for found in _PIECE.finditer(part):
        kind = found.lastgroup or "double"
        if kind == "other":
            return None
        if kind in ("space", "sign"):
            # A number before `>` belongs to it: "2>&1".
            number = held.text if kind == "sign" and held and held.text.isdecimal() else ""
            words += [held] if held and not number else []
            words += [Word(number + found["sign"], is_sign=True)] if kind == "sign" else []
            held = None
        else:
            held = _longer(held, kind, found[kind])
    return (*words, held) if held else tuple(words)


def without_dropped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words without the redirections that only drop output or join errors to it."""
    kept: list[Word] = []
    index = 0
    while index < len(words):
        sign = words[index].text.lstrip("0123456789")
        behind = words[index + 1].text if index + 1 < len(words) else ""
        if words[index].is_sign and (sign, behind) in _DROPPED:
            index += 2
            continue
        kept.append(words[index])
        index += 1
    return tuple(kept)


def _longer(held: Word | None, kind: str, text: str) -> Word:
    before = held or Word("")
    text = _IN_DOUBLE.sub(r"\1", text) if kind == "double" else text
    unsure = kind == "asked" or (kind in ("bare", "double") and ("$" in text or "`" in text))
    if kind == "bare":
        unsure = unsure or "{" in text or (held is None and text.startswith("~"))
    pattern = kind == "bare" and any(letter in text for letter in "*?[")
    return Word(before.text + text, before.is_sure and not unsure, before.is_pattern or pattern)

"""Cut a command line into words as a shell would; refuse, with the reason, what only a shell could carry out."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_COMMAND = 64 * 1024
MAX_WORD = 4 * 1024
MAX_WORDS = 4 * 1024
AND = "&&"

_OPERATORS = (
    ("&&", ""),
    ("||", "it uses `||` (alternatives), which needs a shell"),
    ("|&", "it uses a pipe, which needs a shell"),
    ("|", "it uses a pipe, which needs a shell"),
    (";", "it uses `;` (a list), which needs a shell"),
    ("&>", "it redirects output, which needs a shell"),
    ("&", "it uses `&` (background), which needs a shell"),
    ("<(", "it uses process substitution, which needs a shell"),
    (">(", "it uses process substitution, which needs a shell"),
    ("<<", "it uses a here-document, which needs a shell"),
    ("<", "it redirects input, which needs a shell"),
    (">", "it redirects output, which needs a shell"),
    ("(", "it uses parentheses (a subshell), which need a shell"),
    (")", "it uses parentheses (a subshell), which need a shell"),
    ("{", "it uses braces, which need a shell"),
    ("}", "it uses braces, which need a shell"),
    ("!", "it uses `!` (history or negation), which needs a shell"),
    ("$", "it uses `$` (expansion), which needs a shell"),
    ("`", "it uses a backquote (substitution), which needs a shell"),
)
_IN_DOUBLE_QUOTES = tuple((sign, why) for sign, why in _OPERATORS if sign in "!$`")
_WILD = "*?["
_ESCAPED = re.compile(r"\[([*?\[])\]")
_JOINED_STREAMS = re.compile(r"2>&1(?=[ \t]*(?:$|&&|#))")


class NeedsShell(ValueError):  # noqa: N818 - it is an answer on its way, not an error of ours
    """Say why a command line is not understood; caught where it was asked for."""


@dataclass(frozen=True)
class Word:
    """A word after its quotes are gone; a wildcard that was quoted is written `[*]`, so that it stays literal.

    `operator` is true for `&&`. `bare` counts the leading letters that were not quoted.
    """

    text: str
    bare: int = 0
    operator: bool = False


@dataclass
class _Reading:
    line: str
    at: int = 0
    parts: list[str] = field(default_factory=list)
    open: bool = False
    bare: int = 0
    unquoted_so_far: bool = True


def read_words(command: str) -> list[Word]:
    """Return the words of `command` and its `&&`; a comment and a `2>&1` at the end of a part are dropped.

    Raises NeedsShell with the reason for anything else that a shell would act on.
    """
    line = command.strip(" \t")
    _look(line)
    reading, words = _Reading(line), []
    while reading.at < len(line):
        if (found := _next(reading)) is not None:
            words.append(found)
            if len(words) > MAX_WORDS:
                raise NeedsShell(f"it has more than {MAX_WORDS} words")
    if reading.open:
        words.append(_word(reading))
    return words


def plain(word: str) -> str:
    """Return a word with its literal wildcards written plainly."""
    return _ESCAPED.sub(r"\1", word)


def is_pattern(word: str) -> bool:
    """Return whether a word has a wildcard that is not literal."""
    return any(sign in _ESCAPED.sub("", word) for sign in _WILD)


def _look(line: str) -> None:
    """Refuse letters that no honest command has, wherever they stand."""
    if len(line) > MAX_COMMAND:
        raise NeedsShell(f"it is longer than {MAX_COMMAND} characters")
    if "\n" in line:
        raise NeedsShell("it has several lines and needs a shell")
    if "\r" in line:
        raise NeedsShell("it has a carriage return in it")
    for letter in set(line):
        kind = unicodedata.category(letter)
        if letter != "\t" and kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise NeedsShell(f"it has an invisible or control character in it (U+{ord(letter):04X})")


def _next(reading: _Reading) -> Word | None:
    """Take the next letter or operator in; return the word that ends with it, if one does."""
    letter = reading.line[reading.at]
    if letter in " \t":
        reading.at += 1
        return _word(reading) if reading.open else None
    if not reading.open:
        if letter == "#":
            reading.at = len(reading.line)
            return None
        if dropped := _JOINED_STREAMS.match(reading.line, reading.at):
            reading.at = dropped.end()
            return None
    if taken := {"'": _single, '"': _double, "\\": _escape}.get(letter):
        taken(reading)
        return None
    return _unquoted(reading, letter)


def _unquoted(reading: _Reading, letter: str) -> Word | None:
    for sign, why in _OPERATORS:
        if reading.line.startswith(sign, reading.at):
            if why:
                raise NeedsShell(why)
            if reading.open:
                return _word(reading)
            reading.at += len(sign)
            return Word(AND, operator=True)
    if letter == "~" and (not reading.open or reading.parts[-1:] in (["="], [":"])):
        raise NeedsShell("it uses `~` (a home directory), which needs a shell")
    _check_look_alike(letter)
    _add(reading, letter, quoted=False)
    reading.at += 1
    return None


def _single(reading: _Reading) -> None:
    end = reading.line.find("'", reading.at + 1)
    if end < 0:
        raise NeedsShell("it is not well formed: a quotation is not closed")
    _quote(reading, reading.line[reading.at + 1 : end])
    reading.at = end + 1


def _double(reading: _Reading) -> None:
    reading.at += 1
    _quote(reading, "")
    while reading.at < len(reading.line):
        letter = reading.line[reading.at]
        if letter == '"':
            reading.at += 1
            return
        if letter == "\\" and reading.line[reading.at + 1 : reading.at + 2] in ("$", "`", '"', "\\"):
            reading.at += 1
            letter = reading.line[reading.at]
        elif why := next((why for sign, why in _IN_DOUBLE_QUOTES if sign == letter), ""):
            raise NeedsShell(why)
        _quote(reading, letter)
        reading.at += 1
    raise NeedsShell("it is not well formed: a quotation is not closed")


def _escape(reading: _Reading) -> None:
    letter = reading.line[reading.at + 1 : reading.at + 2]
    if not letter:
        raise NeedsShell("it ends in a backslash: its next line is missing")
    _quote(reading, letter)
    reading.at += 2


def _quote(reading: _Reading, text: str) -> None:
    reading.open = True
    reading.unquoted_so_far = False
    for letter in text:
        _add(reading, letter, quoted=True)


def _add(reading: _Reading, letter: str, *, quoted: bool) -> None:
    reading.open = True
    reading.parts.append(f"[{letter}]" if quoted and letter in _WILD else letter)
    if reading.unquoted_so_far:
        reading.bare += 1
    if len(reading.parts) > MAX_WORD:
        raise NeedsShell(f"it has a word longer than {MAX_WORD} bytes")


def _word(reading: _Reading) -> Word:
    text = "".join(reading.parts)
    found = Word(text, reading.bare)
    reading.parts, reading.open, reading.bare, reading.unquoted_so_far = [], False, 0, True
    if len(text.encode(errors="replace")) > MAX_WORD:
        raise NeedsShell(f"it has a word longer than {MAX_WORD} bytes")
    return found


def _check_look_alike(letter: str) -> None:
    """Refuse what is no letter or digit of any script, and what only looks like ASCII."""
    if letter.isascii():
        return
    looks = unicodedata.normalize("NFKC", letter)
    if unicodedata.category(letter)[0] not in "LMN" or looks.isascii():
        raise NeedsShell(f"it has a look-alike or unusual sign outside quotes (U+{ord(letter):04X})")


def split_parts(words: list[Word]) -> Iterator[list[Word]]:
    """Yield the words between the operators, in order; raises NeedsShell where there are none."""
    part: list[Word] = []
    for word in (*words, Word(AND, operator=True)):
        if not word.operator:
            part.append(word)
            continue
        if not part:
            raise NeedsShell("it is not well formed: nothing stands before or after `&&`")
        yield part
        part = []

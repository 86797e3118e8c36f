"""The words of a command line that runs without a shell, or the reason why it does not."""

import unicodedata

from prp_mcp.commands.lexer import MAX_LINE, why_sign
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.word import Word

MAX_WORD = 4 * 1024
"""Bytes of a word."""

MAX_WORDS = 4 * 1024


class NeedsShell(ValueError):  # noqa: N818 - it is an answer on its way, not an error of ours
    """Say why a command line is not understood; caught where it was asked for."""


def plain_parts(line: CommandLine) -> list[tuple[Word, ...]]:
    """Return the words between the `&&` of a line; a comment and a `2>&1` at the end of a part are dropped.

    Raises NeedsShell with the reason for anything else that a shell would act on.
    """
    if line.is_too_long:
        raise NeedsShell(f"it is longer than {MAX_LINE} characters")
    _check_letters(line.text)
    found: list[tuple[Word, ...]] = []
    for part in line.every_part:
        if part.sign and (why := why_sign(part.sign)):
            raise NeedsShell(why)
        end = next((at for at, word in enumerate(part.words) if word.bare and word.text[0] == "#"), None)
        found.append(_checked(_without_joined(part.words[:end])))
        if end is not None:
            break
    if sum(map(len, found)) + len(found) - 1 > MAX_WORDS:
        raise NeedsShell(f"it has more than {MAX_WORDS} words")
    if not all(found):
        raise NeedsShell("it is not well formed: nothing stands before or after `&&`")
    return found


def _check_letters(text: str) -> None:
    """Refuse letters that no honest command has, wherever they stand."""
    if "\n" in text:
        raise NeedsShell("it has several lines and needs a shell")
    if "\r" in text:
        raise NeedsShell("it has a carriage return in it")
    for letter in sorted(set(text)):
        kind = unicodedata.category(letter)
        if letter != "\t" and kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            raise NeedsShell(f"it has an invisible or control character in it (U+{ord(letter):04X})")


def _without_joined(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words without a `2>&1` at their end: errors are kept with the output anyway."""
    is_joined = [word.raw for word in words[-2:]] == ["2>&", "1"] and words[-1].is_glued and words[-1].is_sure
    return words[:-2] if is_joined else words


def _checked(words: tuple[Word, ...]) -> tuple[Word, ...]:
    for word in words:
        if word.why:
            raise NeedsShell(word.why)
        if len(word.glob.encode(errors="replace")) > MAX_WORD:
            raise NeedsShell(f"it has a word longer than {MAX_WORD} bytes")
    return words

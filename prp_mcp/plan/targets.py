"""The bundle targets a command states, in whatever way it is written."""

from collections.abc import Iterator, Sequence

from prp_mcp.plan import shell
from prp_mcp.plan.calls import MAX_COMMAND, loosely_called
from prp_mcp.plan.words import Word, words_of

VARIABLES = frozenset({"DATABRICKS_BUNDLE_TARGET", "DATABRICKS_BUNDLE_ENV", "BUNDLE_TARGET", "BUNDLE_ENV"})
"""Variables that choose the target."""

_OTHER_SHORT = frozenset({"column", "docker", "ls", "sort", "sqlfluff", "ssh", "tar", "test", "touch", "tree"})
"""Programs whose `-t` has nothing to do with a target."""


def stated_targets(command: str) -> frozenset[str] | None:
    """Return every bundle target that the words of a command state; None when one of them cannot be told.

    Read are `-t X`, `-tX`, `-t=X`, `--target X`, `--target=X`, quoted or not, in each part of the command, and
    variables that choose the target. A value that is a variable, a pattern or still to be filled in cannot be told.
    """
    if len(command) > MAX_COMMAND:
        return None
    found: set[str] = set()
    for part in shell.parts(command):
        words = words_of(part)
        if words is None:
            return None
        for word in _stated(words, (loosely_called(part) or [""])[0]):
            if not word.is_sure or word.is_pattern or word.is_sign or not word.text:
                return None
            found.add(word.text)
    return frozenset(found)


def _stated(words: Sequence[Word], program: str) -> Iterator[Word]:
    short = program not in _OTHER_SHORT
    for word, behind in zip(words, (*words[1:], Word("")), strict=True):
        name, equals, value = word.text.partition("=")
        if word.text == "--target" or (word.text == "-t" and short):
            yield behind
        elif equals and (name == "--target" or name in VARIABLES or (name == "-t" and short)):
            yield Word(value, word.is_sure, word.is_pattern)
        elif program == "databricks" and word.text.startswith("-t"):
            yield Word(word.text[2:], word.is_sure, word.is_pattern)

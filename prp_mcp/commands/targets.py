"""The bundle targets a command states, in whatever way it is written."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from prp_mcp.commands.calls import MAX_COMMAND
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.patterns import plain
from prp_mcp.commands.word import Word

VARIABLES = frozenset({"DATABRICKS_BUNDLE_TARGET", "DATABRICKS_BUNDLE_ENV", "BUNDLE_TARGET", "BUNDLE_ENV"})
"""Variables that choose the target."""

_OTHER_SHORT = frozenset({"column", "docker", "ls", "sort", "sqlfluff", "ssh", "tar", "test", "touch", "tree"})
"""Programs whose `-t` has nothing to do with a target."""

_CLUSTER = re.compile(r"-[^-opt=][^opt=]*t|-t")


def stated_targets(line: CommandLine) -> frozenset[str] | None:
    """Return every bundle target that the words of a command state; None when one of them cannot be told.

    Read are `-t X`, `-tX`, `-t=X`, `--target X`, `--target=X`, quoted or not, in each part of the command, and
    variables that choose the target. A value that is a variable, a pattern or still to be filled in cannot be told.
    """
    if len(line.text) > MAX_COMMAND or not all(part.is_clear for part in line.parts):
        return None
    found: set[str] = set()
    for part in line.parts:
        for word in _stated(part.words, "".join(part.program[:1])):
            if not word.is_sure or word.is_pattern or word.is_sign or not word.text:
                return None
            found.add(word.text)
    return frozenset(found)


def named_targets(argv: Sequence[str]) -> frozenset[str]:
    """Return every target that the words of a Databricks command name, in whatever way; an empty one has no value.

    What might name one counts, so the answer may hold a target too many, never one too few.
    """
    words = [plain(word) for word in argv[1:]]
    named = (_target(word, words[at + 1 : at + 2]) for at, word in enumerate(words))
    return frozenset(target for target in named if target is not None)


def _target(word: str, following: Sequence[str]) -> str | None:
    """Return the target one word names, or None; as pflag reads it, a letter that takes a value ends a cluster."""
    if word.startswith("--"):
        name, attached, value = word[2:].partition("=")
        return None if name != "target" else value if attached else "".join(following)
    letters = _CLUSTER.match(word)
    if letters is None:
        return None
    rest = word[letters.end() :]
    return rest.removeprefix("=") if rest else "".join(following)


def _stated(words: Sequence[Word], program: str) -> Iterator[Word]:
    short = program not in _OTHER_SHORT
    for word, behind in pairwise((*words, Word(""))):
        name, equals, value = word.text.partition("=")
        if word.text == "--target" or (word.text == "-t" and short):
            yield behind
        elif equals and (name == "--target" or name in VARIABLES or (name == "-t" and short)):
            yield word.cut(value)
        elif program == "databricks" and word.text.startswith("-t"):
            yield word.cut(word.text[2:])

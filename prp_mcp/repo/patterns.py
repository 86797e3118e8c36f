"""gitignore patterns, as a question to ask of paths."""

from collections.abc import Callable, Iterable


def matching(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Return what tells whether a path, relative to where the `patterns` apply, matches them."""
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file

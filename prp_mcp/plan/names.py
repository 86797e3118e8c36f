"""What a PRP may be called, so that a name can never be a path."""

import re

from prp_mcp.errors import UsageError

MAX_BYTES = 256 * 1024
"""Bytes of UTF-8 that a PRP may have; the largest one seen in public had 130 KB."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)


def check_name(name: str) -> str:
    """Return the bare name of a PRP, without a trailing `.md`; raise UsageError for anything that is no name."""
    bare = name.removesuffix(".md")
    if _NAME.fullmatch(bare):
        return bare
    shown = name if len(name) <= 80 else name[:80] + "..."
    raise UsageError(
        f"{shown!r} is not the name of a PRP",
        remedy="Give the file's name in PRPs/ without its folder: letters, digits, '-' and '_', "
        "at most 100, the first a letter or digit (for example orders_pipeline).",
    )

"""What a PRP may be called: however it is written, it is read once, and can never lead out of its folder."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath

from prp_mcp.errors import UsageError

MAX_BYTES = 256 * 1024
"""Bytes of UTF-8 that a PRP may have; the largest one seen in public had 130 KB."""

FOLDER = "PRPs"
MAX_DEPTH = 5
"""Folders below `PRPs/`, the name's own part with them."""

SUMMARY = "_execution_summary"
"""What the file name of an execution summary ends in; it is no PRP."""

_PART = re.compile(r"[^\W_](?:[\w .()+&,'-]{0,98}[\w)])?")
_QUOTES = ('"', "'", "`")


@dataclass(frozen=True, order=True)
class PrpName:
    """The canonical name of a PRP: its path below `PRPs/`, with `/` between folders and without `.md`."""

    text: str

    @property
    def path(self) -> str:
        """Return the file's path relative to the bundle's folder."""
        return f"{FOLDER}/{self.text}.md"

    def __str__(self) -> str:
        return self.text


def parse_name(given: str, root: PurePath | None = None) -> PrpName:
    """Read the name of a PRP as people write it; `root` is the bundle's folder, for names that begin with `/`.

    Understood are `orders`, `orders.md`, `PRPs/orders.md`, `./PRPs/orders.md`, `@PRPs/orders.md`, a name in a folder
    below, the file's absolute path, all of them quoted or with blanks around. Raises UsageError for anything else.
    """
    text = unicodedata.normalize("NFC", given.strip())
    if len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]:
        text = text[1:-1].strip()
    text = text.removeprefix("@")
    if text.startswith("/") and root is not None and PurePath(text).is_relative_to(root):
        text = PurePath(text).relative_to(root).as_posix()
    text = text.removeprefix("./").removeprefix(f"{FOLDER}/").removesuffix(".md")
    parts = text.split("/")
    if len(parts) <= MAX_DEPTH and all(map(_PART.fullmatch, parts)):
        return PrpName(text)
    shown = given if len(given) <= 80 else given[:80] + "..."
    raise UsageError(
        f"{shown!r} is not the name of a PRP",
        remedy=f"Give the file's path below {FOLDER}/ without its ending (for example orders_pipeline): letters, "
        "digits, spaces and -_.()+&,' in each part, at most 100, the first a letter or digit.",
    )

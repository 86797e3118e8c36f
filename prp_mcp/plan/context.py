"""What the PRP says must be read before the work: files, documents and addresses."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from prp_mcp.plan.document import Document, Fence, Text, code_spans, plain_text
from prp_mcp.plan.model import ContextItem, Role
from prp_mcp.plan.sections import Outline

MAX_ITEMS = 300
_WHY = 400

Kind = Literal["file", "url", "docs"]

KEYS: dict[str, Kind] = {
    "file": "file",
    "path": "file",
    "example": "file",
    "url": "url",
    "docfile": "docs",
    "doc": "docs",
    "docs": "docs",
}
"""Keys of a context block and the kind of thing they name."""

_KEY = re.compile(r"^\s*(?:-\s+)?(?P<key>[a-z_]+)\s*:\s*(?P<value>\S.*)$", re.IGNORECASE)
_REASONS = frozenset({"why", "critical", "reason", "purpose", "section", "pattern", "note"})
_LINES = re.compile(r"(?::L?|#L)\d{1,9}(?:-L?\d{1,9})?$")
_PATH = re.compile(
    r"@?(?P<path>(?:(?:\.{0,2}/)?(?:[\w.@*-]+/)+[\w.@*-]*|[\w-]+\.(?:py|sql|ya?ml|json|toml|md|ipynb|csv|txt|sh))"
    r"(?:(?::L?|#L)\d{1,9}(?:-L?\d{1,9})?)?)"
)
# Modules that look like SQL files.
_MODULES = frozenset({"spark.sql", "pyspark.sql"})
_LINK = re.compile(r"\[(?P<text>[^\[\]\n]{1,200})\]\((?P<target>[^()\s]{1,500})\)")
_URL = re.compile(r"https?://[^\s<>)\]`\"']{1,500}")


def read_context(document: Document, outline: Outline) -> tuple[ContextItem, ...]:
    """Return the context items in order, each reference once; only what stands in a context section counts.

    A reference may name lines (`src/a.py:10-40`, `src/a.py#L10-L40`); a file named with lines is not listed again
    without them.
    """
    found: dict[str, ContextItem] = {}
    paths: set[str] = set()
    for section in outline.playing(Role.CONTEXT):
        for block in document.between(section.line + 1, section.end_line):
            for item in _items(block):
                if len(found) < MAX_ITEMS and item.ref not in paths:
                    found.setdefault(item.ref, item)
                    paths |= {item.ref, _LINES.sub("", item.ref)}
    return tuple(found.values())


def _items(block: object) -> Iterator[ContextItem]:
    if isinstance(block, Fence) and block.language in ("yaml", "yml", ""):
        yield from _in_fence(block)
    elif isinstance(block, Text) and block.kind in ("item", "cell"):
        yield from _in_text(block)


def _in_fence(fence: Fence) -> Iterator[ContextItem]:
    lines = fence.text.split("\n")
    for index, line in enumerate(lines):
        key = _KEY.match(line[:1000])
        kind = KEYS.get(key["key"].lower()) if key else None
        if not key or not kind:
            continue
        ref = re.split(r"\s+#", key["value"].strip())[0].strip(" \"'`[]<>")
        kind = "url" if _URL.match(ref) else "file" if kind == "url" else kind
        if kind == "url" or (_PATH.fullmatch(ref) and key["key"].lower() != "url"):
            yield ContextItem(
                kind, ref.removeprefix("@"), _why(lines[index + 1 : index + 7]), fence.content_line + index
            )


def _why(lines: Sequence[str]) -> str:
    for line in lines:
        key = _KEY.match(line[:1000])
        if key and key["key"].lower() in KEYS:
            break
        if key and key["key"].lower() in _REASONS:
            return key["value"].strip(" \"'")[:_WHY]
    return ""


def _in_text(block: Text) -> Iterator[ContextItem]:
    why = plain_text(block.text)[:_WHY]
    for offset, line in enumerate(block.text.split("\n")):
        for ref in _references(line):
            kind: Kind = "url" if _URL.match(ref) else "docs" if "ai_docs/" in ref else "file"
            yield ContextItem(kind, ref, why, block.line + offset)


def _references(line: str) -> Iterator[str]:
    for link in _LINK.finditer(line):
        target = link["target"]
        if not _URL.match(target) and not _LINES.search(target):
            target = target.split("#")[0]
        if _URL.match(target) or _PATH.fullmatch(target):
            yield target
    for url in _URL.finditer(_LINK.sub(" ", line)):
        yield url.group().rstrip(".,;:")
    for _, _, code in code_spans(line):
        path = _PATH.fullmatch(code)
        if path and code not in _MODULES:
            yield path["path"]
    bare = re.match(r"(?:\*\*)?(?:file|doc)s?(?:\*\*)?\s*:\s*(?:\*\*)?\s*(?P<rest>\S+)", line, re.IGNORECASE)
    path = _PATH.fullmatch(bare["rest"].strip(".,;")) if bare else None
    if path:
        yield path["path"]

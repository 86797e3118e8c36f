"""Markdown as blocks with line numbers; structure comes from CommonMark, never from looking at raw lines."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

from prp_mcp.errors import UsageError
from prp_mcp.plan.names import MAX_BYTES

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

MAX_LINES = 12_000
MAX_BRACKETS = 20_000
MAX_BARS = 60_000
"""Limits that keep reading within two seconds: a line costs up to 20 us, an opening bracket 15 us, a table's cell
20 us (measured)."""

_CHECKBOX = re.compile(r"`?\[(?P<mark>[ xX~/\-]|wip|f)\]`?(?:\s+|$)")
_FRONT_MATTER_LINES = 200


@dataclass(frozen=True)
class Heading:
    """A heading; `text` is its source, with its markup."""

    level: int
    text: str
    line: int


@dataclass(frozen=True)
class Fence:
    """A fenced or indented code block; its code begins on `content_line`, and `marks` opened it."""

    language: str
    text: str
    line: int
    content_line: int
    end_line: int
    closed: bool
    marks: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph, the first paragraph of a list item, or a table cell."""

    kind: Literal["paragraph", "item", "cell", "html"]
    text: str
    line: int
    ordered: bool = False
    depth: int = 0
    box: str | None = None
    row: int = -1
    header: bool = False


Block = Heading | Fence | Text


@dataclass(frozen=True)
class Document:
    """The blocks of a text in the order they stand."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def headings(self) -> tuple[Heading, ...]:
        """Return all headings."""
        return tuple(block for block in self.blocks if isinstance(block, Heading))

    @property
    def fences(self) -> tuple[Fence, ...]:
        """Return all blocks of code."""
        return tuple(block for block in self.blocks if isinstance(block, Fence))

    @property
    def texts(self) -> tuple[Text, ...]:
        """Return all prose, items and cells."""
        return tuple(block for block in self.blocks if isinstance(block, Text))

    @property
    def last_line(self) -> int:
        """Return the number of the last line; what follows the last line end is none."""
        return max(1, len(self.lines) - (self.lines[-1] == ""))

    def between(self, first: int, last: int) -> tuple[Block, ...]:
        """Return the blocks that begin on the lines `first` to `last`, both included."""
        return self.blocks[bisect_right(self._starts, first - 1) : bisect_right(self._starts, last)]

    @cached_property
    def _starts(self) -> list[int]:
        return [block.line for block in self.blocks]

    def column(self, line: int, found: str) -> int:
        """Return the column at which `found` stands on `line`, or 1."""
        if not 1 <= line <= len(self.lines):
            return 1
        return max(0, self.lines[line - 1].find(found)) + 1


def parse(text: str) -> Document:
    """Split `text` into blocks; raise UsageError for a text too large to read in bounded time."""
    _refuse_excess(text)
    lines = normal_lines(text)
    front = _front_matter(lines)
    body = list(lines)
    if front:
        body[front[0] : front[1]] = [""] * (front[1] - front[0])
    # Inline markup is read only where it is needed (plain_text, code_spans): it is the slow half.
    blocks = tuple(sorted(_blocks(_reader(inline=False).parse("\n".join(body))), key=lambda block: block.line))
    return Document(lines, blocks)


def normal_lines(text: str) -> tuple[str, ...]:
    """Return the lines of `text` without their ends (LF, CRLF or CR) and without a byte order mark."""
    return tuple(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def code_spans(text: str) -> list[tuple[int, int, str]]:
    """Return the code spans of a paragraph as (start, end, code), by CommonMark's rule of equal backtick runs."""
    if "`" not in text:
        return []
    runs = [(found.start(), found.end()) for found in re.finditer(r"(?<!\\)`+", text)]
    by_length: dict[int, list[int]] = {}
    for index, (start, end) in enumerate(runs):
        by_length.setdefault(end - start, []).append(index)
    spans: list[tuple[int, int, str]] = []
    index = 0
    while index < len(runs):
        start, end = runs[index]
        same = by_length[end - start]
        after = bisect_right(same, index)
        if after == len(same):
            index += 1
            continue
        closing = same[after]
        code = text[end : runs[closing][0]]
        spans.append((start, runs[closing][1], code.strip(" \n") or code))
        index = closing + 1
    return spans


def masked(text: str) -> str:
    """Return `text` of the same length with code spans, links and images blanked out."""
    letters = list(text)
    for start, end, _ in code_spans(text):
        letters[start:end] = [" " if letter != "\n" else "\n" for letter in letters[start:end]]
    blanked = "".join(letters)
    return re.sub(
        r"!?\[[^\[\]\n]{0,300}\](?:\([^()\n]{0,500}\)|\[[^\[\]\n]{0,200}\])|https?://[^\s<>)]{1,500}",
        lambda found: " " * len(found.group()),
        blanked,
    )


def without_comments(text: str) -> str:
    """Return `text` of the same length and lines with HTML comments blanked out, open ones to the end."""
    # Found by hand: a lazy pattern took 75 s for 256 KiB of openings that nothing closes.
    kept: list[str] = []
    place = 0
    while (start := text.find("<!--", place)) >= 0:
        end = text.find("-->", start + 4)
        after = len(text) if end < 0 else end + 3
        kept += [text[place:start], re.sub(r"[^\n]", " ", text[start:after])]
        place = after
    return "".join([*kept, text[place:]])


def plain_text(text: str) -> str:
    """Return `text` as a reader sees it: no emphasis, code marks or link targets, white space collapsed."""
    if not re.search(r"[*_`\[\]<&\\]", text):
        return " ".join(text.split())
    shown = "".join(_shown(_reader(inline=True).parseInline(text[:4000])))
    return " ".join(shown.split())


@cache
def _reader(*, inline: bool) -> "MarkdownIt":
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark")
    return reader if inline else reader.enable("table").disable("inline")


def _shown(tokens: Sequence["Token"]) -> Iterator[str]:
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.children:
            yield from _shown(token.children)
        elif token.type in ("text", "code_inline", "html_inline"):
            yield token.content


def _refuse_excess(text: str) -> None:
    size = len(text.encode("utf-8", "surrogatepass"))
    problem = None
    if size > MAX_BYTES:
        problem = f"the PRP has {size} bytes, expected at most {MAX_BYTES}"
    elif text.count("\n") + text.count("\r") > MAX_LINES:
        problem = f"the PRP has more than {MAX_LINES} lines"
    elif text.count("[") > MAX_BRACKETS:
        problem = f"the PRP has more than {MAX_BRACKETS} opening brackets"
    elif text.count("|") > MAX_BARS:
        problem = f"the PRP has more than {MAX_BARS} vertical bars"
    if problem:
        raise UsageError(
            problem, remedy="Split the PRP into several, or move long material to files that it refers to."
        )


def _front_matter(lines: Sequence[str]) -> tuple[int, int] | None:
    if not lines or lines[0].rstrip() != "---":
        return None
    for index in range(1, min(len(lines), _FRONT_MATTER_LINES)):
        if lines[index].rstrip() in ("---", "..."):
            inner = "\n".join(lines[1:index])
            return (0, index + 1) if _is_mapping(inner) else None
    return None


def _is_mapping(text: str) -> bool:
    import yaml

    if len(text) > 20_000:
        return False
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        # Badly written front matter is front matter all the same when it begins with a key.
        return bool(re.match(r"\s*[A-Za-z_][\w-]*\s*:", text))
    return node is None or isinstance(node, yaml.MappingNode)


@dataclass
class _Place:
    """Where the reader stands while it walks over the tokens."""

    lists: list[bool]
    item_first: bool = False
    row: int = -1
    header: bool = False


def _blocks(tokens: Sequence["Token"]) -> Iterator[Block]:
    place = _Place([])
    for index, token in enumerate(tokens):
        _move(place, token)
        if token.type == "inline":
            yield from _inline(place, tokens[index - 1], token)
        elif token.type in ("fence", "code_block") and token.map:
            yield _fence(token)
        elif token.type == "html_block" and token.map:
            yield Text("html", token.content, token.map[0] + 1)


def _move(place: _Place, token: "Token") -> None:
    match token.type:
        case "bullet_list_open" | "ordered_list_open":
            place.lists.append(token.type == "ordered_list_open")
        case "bullet_list_close" | "ordered_list_close":
            place.lists.pop()
        case "list_item_open":
            place.item_first = True
        case "tr_open":
            place.row += 1
        case "th_open" | "td_open":
            place.header = token.type == "th_open"


def _inline(place: _Place, opening: "Token", token: "Token") -> Iterator[Block]:
    if not token.map:
        return
    line = token.map[0] + 1
    if opening.type == "heading_open":
        yield Heading(int(opening.tag[1:]), token.content, line)
    elif opening.type in ("th_open", "td_open"):
        yield Text("cell", token.content, line, row=place.row, header=place.header)
    elif place.lists and place.item_first:
        found = _CHECKBOX.match(token.content)
        rest = token.content[found.end() :] if found else token.content
        box = found["mark"] if found else None
        yield Text("item", rest, line, ordered=place.lists[-1], depth=len(place.lists), box=box)
    else:
        yield Text("paragraph", token.content, line, depth=len(place.lists))
    place.item_first = False


def _fence(token: "Token") -> Fence:
    first, last = token.map or [0, 0]
    if token.type == "code_block":
        return Fence("", token.content, first + 1, first + 1, last, True)
    words = token.info.strip().split()
    language = re.sub(r"[{}.,:].*$", "", words[0].lstrip("{.")) if words else ""
    # A closed fence spans one line more than its content and the opening line.
    closed = last - first == token.content.count("\n") + 2
    return Fence(language.lower(), token.content, first + 1, first + 2, last, closed, token.markup)

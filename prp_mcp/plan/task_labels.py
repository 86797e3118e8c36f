"""Tasks that carry a label: "### Task 3: Load", "**Task 3**: Load", "Task 3:" in YAML, "T012 Load", "### 3. Load"."""

import re
from collections.abc import Iterator, Sequence
from functools import partial

from prp_mcp.plan.document import Block, Fence, Heading, Text, plain_text
from prp_mcp.plan.drafts import draft, until
from prp_mcp.plan.ordering import KIND, Draft, kind_of

_SIGNS = r"[:.)\u2013\u2014\uff1a\u3001-]"
_NUMBER = r"(?P<number>\d+(?:\.\d+)*[a-z]?)"
_BOX = r"(?:\[(?:[ xX~/f-]|wip)\]\s*)?"
_LABEL = re.compile(
    rf"{_BOX}(?P<kind>{KIND})\s*[#-]?\s*{_NUMBER}\b\s*(?P<sign>{_SIGNS}*)\s*(?P<title>.*)", re.IGNORECASE | re.DOTALL
)
_FENCED = re.compile(
    rf"(?P<lead>\s{{0,8}}(?:-\s+)?[\"'#]*)\s*(?P<kind>task|tarea)\s*#?\s*{_NUMBER}[\"']?\s*(?P<colon>[:\u2013-]?)\s*"
    r"(?P<title>.*)",
    re.IGNORECASE,
)
_OWN = re.compile(rf"(?P<number>T\d{{1,4}})\b\s*(?P<sign>{_SIGNS}*)\s*(?P<title>.*)", re.DOTALL)
_COUNTED = re.compile(rf"(?P<number>\d{{1,3}})\s*{_SIGNS}\s*(?P<title>(?!\d).*)", re.DOTALL)
_BOLD = re.compile(rf"(?:\*\*|__)\s*{_BOX}(?:task|tarea)\s*#?\s*\d", re.IGNORECASE)
# What dresses a heading up: emoji, dashes.
_DRESS = re.compile(r"^[^\w\[(<`\"']+")
_FENCES = frozenset({"yaml", "yml", "", "text", "markdown", "md"})


def labelled(blocks: Sequence[Block]) -> list[Draft]:
    """Return the tasks that are called so, in the order they stand."""
    drafts = headed(blocks, "task") + _own_headings(blocks) + _texts(blocks, is_bold=True)
    for block in blocks:
        if isinstance(block, Fence) and block.language in _FENCES:
            drafts += _fenced(block)
    drafts += _own_items(blocks)
    return sorted(drafts, key=lambda each: each.task.line)


def headed(blocks: Sequence[Block], kind: str) -> list[Draft]:
    """Return the headings labelled with `kind` (task, step or phase) as tasks."""
    drafts: list[Draft] = []
    for index, heading, words in _headings(blocks):
        label = _LABEL.fullmatch(words)
        if label and kind_of(label["kind"]) == kind:
            body = until(blocks, index + 1, partial(_ends, heading.level))
            drafts.append(draft(label["number"], kind, label["title"], heading.line, body, "heading"))
    return drafts


def plainly_labelled(blocks: Sequence[Block]) -> list[Draft]:
    """Return the list items and paragraphs that begin with "Task 3:" without any markup."""
    return _texts(blocks, is_bold=False)


def counted(blocks: Sequence[Block]) -> list[Draft]:
    """Return the headings numbered 1, 2, 3 and so on; "3.1" is a number of the outline, not of a task."""
    drafts: list[Draft] = []
    for index, heading, words in _headings(blocks):
        label = _COUNTED.fullmatch(words)
        if label and int(label["number"]) == len(drafts) + 1:
            body = until(blocks, index + 1, partial(_ends, heading.level))
            drafts.append(draft(label["number"], "task", label["title"], heading.line, body, "heading"))
    return drafts if len(drafts) > 1 else []


def number_in(text: str) -> str | None:
    """Return the number of a label that stands alone, such as `Task 3`, `#3` or `T012`."""
    label = _LABEL.fullmatch(text) or re.fullmatch(r"#?(?P<number>T?\d+(?:\.\d+)*)", text)
    return label["number"] if label else None


def _headings(blocks: Sequence[Block]) -> Iterator[tuple[int, Heading, str]]:
    for index, block in enumerate(blocks):
        if isinstance(block, Heading):
            # A keycap emoji is a digit with two more letters behind it.
            yield index, block, _undressed(plain_text(block.text)).replace("\ufe0f\u20e3", ".")


def _undressed(text: str) -> str:
    return _DRESS.sub("", text)


def _ends(level: int, block: Block) -> bool:
    return isinstance(block, Heading) and (block.level <= level or _is_task(plain_text(block.text)))


def _is_task(text: str) -> bool:
    label = _LABEL.fullmatch(_undressed(text))
    return label is not None and kind_of(label["kind"]) == "task"


def _own_headings(blocks: Sequence[Block]) -> list[Draft]:
    drafts: list[Draft] = []
    for index, heading, words in _headings(blocks):
        label = _OWN.fullmatch(words)
        if label and label["sign"]:
            body = until(blocks, index + 1, partial(_ends, heading.level))
            drafts.append(draft(label["number"], "task", label["title"], heading.line, body, "heading"))
    return drafts


def _texts(blocks: Sequence[Block], *, is_bold: bool) -> list[Draft]:
    drafts: list[Draft] = []
    begins = _is_bold if is_bold else _is_plain
    for index, block in enumerate(blocks):
        if not begins(block):
            continue
        first, _, rest = block.text.partition("\n")
        label = _LABEL.fullmatch(_undressed(plain_text(first)))
        if label and kind_of(label["kind"]) == "task":
            below = until(blocks, index + 1, lambda other: isinstance(other, Heading) or begins(other))
            drafts.append(
                draft(label["number"], "task", label["title"], block.line, ([rest] if rest else []) + below, "text")
            )
    return drafts


def _is_bold(block: Block) -> bool:
    return isinstance(block, Text) and bool(_BOLD.match(block.text))


def _is_plain(block: Block) -> bool:
    if not isinstance(block, Text) or block.kind not in ("item", "paragraph") or block.depth > 1:
        return False
    label = _LABEL.match(block.text[:200])
    return label is not None and kind_of(label["kind"]) == "task" and bool(label["sign"])


def _fenced(fence: Fence) -> list[Draft]:
    # Read by lines, since what stands in these blocks is often no YAML ("CREATE src/x.py:" under a key).
    lines = fence.text.split("\n")
    starts = [(index, label) for index, line in enumerate(lines) if (label := _fenced_label(line))]
    if not starts:
        return []
    ends = [index for index, _ in starts[1:]] + [len(lines)]
    return [
        draft(label["number"], "task", label["title"], fence.content_line + index, lines[index + 1 : end], _form(label))
        for (index, label), end in zip(starts, ends, strict=True)
    ]


def _form(label: re.Match[str]) -> str:
    # "# Task 1" heads the pseudocode of a task that is listed elsewhere.
    return "comment" if "#" in label["lead"] else "fence"


def _fenced_label(line: str) -> re.Match[str] | None:
    label = _FENCED.fullmatch(line[:500].rstrip())
    # "Task 1 must run first" inside a block is prose; a label has a colon or nothing behind its number.
    return label if label and (label["colon"] or not label["title"]) else None


def _own_items(blocks: Sequence[Block]) -> list[Draft]:
    drafts: list[Draft] = []
    for block in blocks:
        if isinstance(block, Text) and block.kind == "item" and (label := _OWN.fullmatch(block.text)):
            title = re.sub(r"^(?:\[[A-Z]+\d*\]\s*)+", "", label["title"])
            drafts.append(draft(label["number"], "task", title, block.line, [], "item"))
    return drafts

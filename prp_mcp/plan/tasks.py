"""The work a PRP lists: headings, YAML blocks, bold lines, tables or lists, whichever of them it uses."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from prp_mcp.plan.document import Block, Document, Fence, Heading, Text, plain_text
from prp_mcp.plan.model import Finding, Role, Section, Task
from prp_mcp.plan.ordering import Draft, link
from prp_mcp.plan.sections import Outline

MAX_TASKS = 500
_DETAILS = 4_000
_TITLE = 200

_NUMBER = r"(?P<number>\d+(?:\.\d+)*[a-z]?)"
_LABEL = re.compile(
    rf"(?:\[[ xX~/f-]\]\s*)?(?P<kind>task|step|phase)\s*#?\s*{_NUMBER}\b\s*[:.)\u2013\u2014-]*\s*(?P<title>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FENCED_LABEL = re.compile(
    rf"\s{{0,8}}(?:-\s+)?[\"'#]*\s*(?P<kind>task)\s*#?\s*{_NUMBER}[\"']?\s*(?P<colon>[:\u2013-]?)\s*(?P<title>.*)",
    re.IGNORECASE,
)
_SPEC_LABEL = re.compile(r"(?P<number>T\d{1,4})\b[:.]?\s*(?P<title>.*)", re.DOTALL)
_FILE = re.compile(r"`?((?:[\w.@{}$-]+/)+[\w.*{}$-]+|[\w-]+\.(?:py|sql|ya?ml|json|toml|md|ipynb|sh|csv|txt))`?")
_NO_PATH = re.compile(r"\w+://\S+|[^\s<>]*<[^<>\s]*>\S*")
_FILE_LINE = re.compile(
    r"^[\s\-*+>]*\**`?(?:CREATE|MODIFY|UPDATE|EDIT|ADD|WRITE|DELETE|REMOVE|IMPLEMENT|EXTEND|Create|Modify|Update|Edit)\b"
    r"|^[\s\-*+>]*\**(?:files?(?: to (?:create|modify|change|edit|update))?|path)\**\s*:",
)


def read_tasks(document: Document, outline: Outline) -> tuple[tuple[Task, ...], tuple[Finding, ...]]:
    """Return the tasks in an order that respects their dependencies, and what is wrong with them.

    Labelled tasks ("Task 3: ...") win over tables, tables over steps and phases, those over lists. Ids are
    `T` and the number, or what the PRP itself uses (`T012`).
    """
    sections = outline.playing(Role.BLUEPRINT)
    drafts = _drafts(document, sections)
    if not drafts and not sections:
        drafts = _labelled_headings(document.blocks, ("task",))
    findings: list[Finding] = []
    if sections and not drafts:
        findings.append(_no_tasks(sections[0]))
    if len(drafts) > MAX_TASKS:
        findings.append(_too_many(drafts[MAX_TASKS]))
    distinct, doubles = _distinct(drafts[:MAX_TASKS])
    tasks, broken = link(distinct)
    return tasks, (*findings, *doubles, *broken)


def files_in(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the paths on the lines that say which file to create or change, in order, each once."""
    found: dict[str, None] = {}
    for line in lines:
        if _FILE_LINE.search(line[:1000]):
            for match in _FILE.finditer(_NO_PATH.sub(" ", line[:1000])):
                found.setdefault(match[1].strip("`"), None)
    return tuple(found)[:50]


def _drafts(document: Document, sections: Sequence[Section]) -> list[Draft]:
    for reader in (_labelled, _tabled, _stepped, _listed):
        found: list[Draft] = []
        for section in sections:
            blocks = document.between(section.line, section.end_line)
            found += reader(blocks)
        if found:
            return found
    return []


def _labelled(blocks: Sequence[Block]) -> list[Draft]:
    drafts = _labelled_headings(blocks, ("task",)) + _bold(blocks)
    for block in blocks:
        if isinstance(block, Fence) and block.language in ("yaml", "yml", "", "text", "markdown", "md"):
            drafts += _fenced(block)
    drafts += _spec_items(blocks)
    return sorted(drafts, key=lambda draft: draft.task.line)


def _stepped(blocks: Sequence[Block]) -> list[Draft]:
    return _labelled_headings(blocks, ("step",)) or _labelled_headings(blocks, ("phase",))


def _labelled_headings(blocks: Sequence[Block], kinds: Sequence[str]) -> list[Draft]:
    drafts: list[Draft] = []
    for index, block in enumerate(blocks):
        if not isinstance(block, Heading):
            continue
        label = _LABEL.fullmatch(plain_text(block.text))
        if label and label["kind"].lower() in kinds:
            body = _until(blocks, index + 1, partial(_ends, block.level))
            drafts.append(_draft(label, block.line, body, "heading"))
    return drafts


def _ends(level: int, block: Block) -> bool:
    return isinstance(block, Heading) and (block.level <= level or _is_label(plain_text(block.text)))


def _is_label(text: str) -> bool:
    label = _LABEL.fullmatch(text)
    return label is not None and label["kind"].lower() == "task"


def _bold(blocks: Sequence[Block]) -> list[Draft]:
    drafts: list[Draft] = []
    for index, block in enumerate(blocks):
        if not _is_bold_label(block):
            continue
        first, _, rest = block.text.partition("\n")
        label = _LABEL.fullmatch(plain_text(first))
        if label and label["kind"].lower() == "task":
            below = _until(blocks, index + 1, lambda other: isinstance(other, Heading) or _is_bold_label(other))
            drafts.append(_draft(label, block.line, ([rest] if rest else []) + below, "bold"))
    return drafts


def _ends_bold(block: Block) -> bool:
    return isinstance(block, Heading) or _is_bold_label(block)


def _is_bold_label(block: Block) -> bool:
    return isinstance(block, Text) and bool(
        re.match(r"(?:\*\*|__)\s*(?:\[.\]\s*)?task\s*#?\s*\d", block.text, re.IGNORECASE)
    )


def _until(blocks: Sequence[Block], start: int, ends: Callable[[Block], bool]) -> list[str]:
    texts: list[str] = []
    size = 0
    for block in islice(blocks, start, None):
        if ends(block) or size > _DETAILS:
            break
        texts.append(("- " if isinstance(block, Text) and block.kind == "item" else "") + block.text)
        size += len(block.text)
    return texts


def _fenced(fence: Fence) -> list[Draft]:
    # Read by lines, since what stands in these blocks is often no YAML ("CREATE src/x.py:" under a key).
    lines = fence.text.split("\n")
    starts = [(index, label) for index, line in enumerate(lines) if (label := _fence_label(line))]
    if not starts:
        return []
    ends = [index for index, _ in starts[1:]] + [len(lines)]
    return [
        _draft(label, fence.content_line + index, lines[index + 1 : end], "fence")
        for (index, label), end in zip(starts, ends, strict=True)
    ]


def _fence_label(line: str) -> re.Match[str] | None:
    label = _FENCED_LABEL.fullmatch(line[:500].rstrip())
    # "Task 1 must run first" inside a block is prose; a label has a colon or nothing behind its number.
    return label if label and (label["colon"] or not label["title"]) else None


def _spec_items(blocks: Sequence[Block]) -> list[Draft]:
    drafts: list[Draft] = []
    for block in blocks:
        if isinstance(block, Text) and block.kind == "item":
            label = _SPEC_LABEL.fullmatch(block.text)
            if label:
                title = re.sub(r"^(?:\[[A-Z]+\d*\]\s*)+", "", label["title"])
                drafts.append(_plain_draft(label["number"], "task", title, block.line, [], "item"))
    return drafts


@dataclass(frozen=True)
class _Columns:
    title: int
    number: int | None
    needs: int | None


def _tabled(blocks: Sequence[Block]) -> list[Draft]:
    rows: dict[int, list[Text]] = {}
    for block in blocks:
        if isinstance(block, Text) and block.kind == "cell":
            rows.setdefault(block.row, []).append(block)
    drafts: list[Draft] = []
    columns: _Columns | None = None
    for cells in rows.values():
        if cells[0].header:
            columns = _columns([plain_text(cell.text).lower() for cell in cells])
        elif columns and len(cells) > columns.title and cells[columns.title].text.strip():
            drafts.append(_row(cells, columns, len(drafts) + 1))
    return drafts


def _columns(names: Sequence[str]) -> _Columns | None:
    title = next((i for i, name in enumerate(names) if name in ("task", "tasks", "title", "description", "work")), None)
    number = next((i for i, name in enumerate(names) if name in ("#", "id", "no", "no.", "nr", "number", "step")), None)
    needs = next((i for i, name in enumerate(names) if name.startswith(("depend", "needs", "after", "blocked"))), None)
    has_task = any(name in ("task", "tasks", "step") for name in names)
    return _Columns(title, number, needs) if title is not None and has_task else None


def _row(cells: Sequence[Text], columns: _Columns, count: int) -> Draft:
    title = plain_text(cells[columns.title].text)
    number = plain_text(cells[columns.number].text) if columns.number is not None else str(count)
    label = _LABEL.fullmatch(number) or re.fullmatch(r"#?(?P<number>T?\d+(?:\.\d+)*)", number)
    details = [cell.text for index, cell in enumerate(cells) if index not in (columns.title, columns.number)]
    if columns.needs is not None and columns.needs < len(cells):
        details.append(f"Dependencies: {plain_text(cells[columns.needs].text)}")
    return _plain_draft(label["number"] if label else str(count), "task", title, cells[0].line, details, "table")


def _listed(blocks: Sequence[Block]) -> list[Draft]:
    items = [(i, block) for i, block in enumerate(blocks) if isinstance(block, Text) and block.kind == "item"]
    top = [(index, item) for index, item in items if item.depth == 1]
    for chosen in (
        [(index, item) for index, item in top if item.box is not None],
        [(index, item) for index, item in top if item.ordered],
        top,
    ):
        if chosen:
            return [_item(blocks, *found, count) for count, found in enumerate(chosen[: MAX_TASKS + 1], 1)]
    return []


def _item(blocks: Sequence[Block], index: int, item: Text, count: int) -> Draft:
    below = _until(blocks, index + 1, _ends_item)
    title, _, rest = item.text.partition("\n")
    return _plain_draft(str(count), "task", title, item.line, [rest, *below] if rest else below, "list")


def _ends_item(block: Block) -> bool:
    if isinstance(block, Text):
        return block.depth == 0 or (block.depth == 1 and block.kind != "paragraph")
    return isinstance(block, Heading)


def _draft(label: re.Match[str], line: int, body: Sequence[str], form: str) -> Draft:
    return _plain_draft(label["number"], label["kind"].lower(), label["title"], line, body, form)


def _plain_draft(number: str, kind: str, title: str, line: int, body: Sequence[str], form: str) -> Draft:
    details = "\n".join(part.rstrip() for part in body).strip("\n")[:_DETAILS]
    shown = plain_text(title).strip(" :*") or _first_words(details) or f"{kind.capitalize()} {number}"
    name = number if number.startswith("T") else f"T{number}"
    files = files_in([title, *details.split("\n")])
    return Draft(Task(name, shown[:_TITLE], details, line, (), files), kind, form)


def _first_words(details: str) -> str:
    line = next((line for line in details.split("\n") if line.strip()), "")
    return plain_text(line.strip(" -*:"))


def _distinct(drafts: Sequence[Draft]) -> tuple[list[Draft], list[Finding]]:
    kept: dict[str, Draft] = {}
    findings: list[Finding] = []
    for draft in drafts:
        task = draft.task
        first = kept.get(task.id)
        if first is None:
            kept[task.id] = draft
        elif first.form != draft.form:
            # The same task told twice: an overview in one form, the details in another.
            kept[task.id] = _merged(first, draft)
        else:
            name = next(f"{task.id}-{n}" for n in range(2, len(drafts) + 3) if f"{task.id}-{n}" not in kept)
            kept[name] = replace(draft, task=replace(task, id=name))
            findings.append(_double(task, first.task, name))
    return list(kept.values()), findings


def _merged(first: Draft, second: Draft) -> Draft:
    a, b = first.task, second.task
    details = "\n".join(part for part in (a.details, b.details) if part)[:_DETAILS]
    files = tuple(dict.fromkeys((*a.files, *b.files)))
    return replace(first, task=replace(a, details=details, files=files))


def _double(task: Task, first: Task, name: str) -> Finding:
    return Finding(
        "task-twice",
        "note",
        task.line,
        1,
        task.title,
        f"the number of {task.id} is used on line {first.line} already; this one is read as {name}",
        "Give each task a number of its own.",
    )


def _no_tasks(section: Section) -> Finding:
    return Finding(
        "task-none",
        "note",
        section.line,
        1,
        section.title,
        f"no tasks are found under {section.title!r}",
        "List them as '### Task 1: Create the bronze table' and so on, or as a numbered list.",
    )


def _too_many(draft: Draft) -> Finding:
    return Finding(
        "task-excess",
        "error",
        draft.task.line,
        1,
        draft.task.title,
        f"the PRP lists more than {MAX_TASKS} tasks",
        "Split the PRP.",
    )

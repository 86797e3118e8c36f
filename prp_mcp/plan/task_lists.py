"""Tasks without labels: the rows of a table, or the items of the best list there is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.plan.document import Block, Heading, Text, plain_text
from prp_mcp.plan.drafts import draft, until
from prp_mcp.plan.ordering import Draft
from prp_mcp.plan.task_labels import number_in

_TITLED = re.compile(r"\b(?:tasks?|steps|to-?dos?|tareas|pasos)\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Columns:
    title: int
    number: int | None
    needs: int | None


def tabled(blocks: Sequence[Block]) -> list[Draft]:
    """Return the rows of the tables that have a column for tasks."""
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


def listed(blocks: Sequence[Block]) -> list[Draft]:
    """Return the items of the list that is most likely one of tasks.

    One under a heading that speaks of tasks or steps comes first; then check boxes come before numbers, and numbers
    before bullets.
    """
    titled = _under_title(blocks)
    return (_items(titled) if titled else []) or _items(blocks)


def _under_title(blocks: Sequence[Block]) -> list[Block]:
    found: list[Block] = []
    level = 0
    for block in blocks[1:]:
        if isinstance(block, Heading) and (not level or block.level <= level):
            level = block.level if _TITLED.search(plain_text(block.text)) else 0
        elif level:
            found.append(block)
    return found


def _items(blocks: Sequence[Block]) -> list[Draft]:
    top = [
        (index, block)
        for index, block in enumerate(blocks)
        if isinstance(block, Text) and block.kind == "item" and block.depth == 1
    ]
    for chosen in (
        [(index, item) for index, item in top if item.box is not None],
        [(index, item) for index, item in top if item.ordered],
        top,
    ):
        if chosen:
            return [_item(blocks, *found, count) for count, found in enumerate(chosen, 1)]
    return []


def _item(blocks: Sequence[Block], index: int, item: Text, count: int) -> Draft:
    below = until(blocks, index + 1, _ends_item)
    title, _, rest = item.text.partition("\n")
    return draft(str(count), "task", title, item.line, [rest, *below] if rest else below, "list")


def _ends_item(block: Block) -> bool:
    if isinstance(block, Text):
        return block.depth == 0 or (block.depth == 1 and block.kind != "paragraph")
    return isinstance(block, Heading)


def _columns(names: Sequence[str]) -> _Columns | None:
    title = next((i for i, name in enumerate(names) if name in ("task", "tasks", "title", "description", "work")), None)
    number = next((i for i, name in enumerate(names) if name in ("#", "id", "no", "no.", "nr", "number", "step")), None)
    needs = next((i for i, name in enumerate(names) if name.startswith(("depend", "needs", "after", "blocked"))), None)
    has_task = any(name in ("task", "tasks", "step") for name in names)
    return _Columns(title, number, needs) if title is not None and has_task else None


def _row(cells: Sequence[Text], columns: _Columns, count: int) -> Draft:
    title = plain_text(cells[columns.title].text)
    number = plain_text(cells[columns.number].text) if columns.number is not None else ""
    details = [cell.text for index, cell in enumerate(cells) if index not in (columns.title, columns.number)]
    if columns.needs is not None and columns.needs < len(cells):
        details.append(f"Dependencies: {plain_text(cells[columns.needs].text)}")
    return draft(number_in(number) or str(count), "task", title, cells[0].line, details, "table")

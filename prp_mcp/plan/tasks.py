"""The work a PRP lists: headings, YAML blocks, bold lines, tables or lists, whichever of them it uses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from prp_mcp.plan.document import Block, Document
from prp_mcp.plan.drafts import DETAILS
from prp_mcp.plan.model import PrpFinding, Role, Section, Task
from prp_mcp.plan.ordering import Draft, link
from prp_mcp.plan.sections import Outline
from prp_mcp.plan.task_labels import counted, headed, labelled, plainly_labelled
from prp_mcp.plan.task_lists import listed, tabled

MAX_TASKS = 500

FORMS: tuple[Callable[[Sequence[Block]], list[Draft]], ...] = (
    labelled,
    tabled,
    partial(headed, kind="step"),
    partial(headed, kind="phase"),
    plainly_labelled,
    counted,
    listed,
)
"""The ways of writing tasks down; the first that a PRP uses counts."""


def read_tasks(document: Document, outline: Outline) -> tuple[tuple[Task, ...], tuple[PrpFinding, ...]]:
    """Return the tasks in an order that respects their dependencies, and what is wrong with them.

    Of the ways to write tasks down (`FORMS`) the first that is used counts. Ids are `T` and the number, or what the
    PRP itself uses (`T012`).
    """
    sections = outline.playing(Role.BLUEPRINT)
    drafts = _drafts(document, sections)
    if not drafts and not sections:
        drafts = headed(document.blocks, "task")
    findings: list[PrpFinding] = []
    if sections and not drafts:
        findings.append(_no_tasks(sections[0]))
    if len(drafts) > MAX_TASKS:
        findings.append(_too_many(drafts[MAX_TASKS]))
    distinct, doubles = _distinct(drafts[:MAX_TASKS])
    tasks, broken = link(distinct)
    return tasks, (*findings, *doubles, *broken)


def _drafts(document: Document, sections: Sequence[Section]) -> list[Draft]:
    for form in FORMS:
        found: list[Draft] = []
        for section in sections:
            found += form(document.between(section.line, section.end_line))
        if found:
            return found
    return []


def _distinct(drafts: Sequence[Draft]) -> tuple[list[Draft], list[PrpFinding]]:
    kept: dict[str, Draft] = {}
    findings: list[PrpFinding] = []
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
    details = "\n".join(part for part in (a.details, b.details) if part)[:DETAILS]
    files = tuple(dict.fromkeys((*a.files, *b.files)))
    return replace(first, task=replace(a, details=details, files=files))


def _double(task: Task, first: Task, name: str) -> PrpFinding:
    return PrpFinding(
        "task-twice",
        "note",
        task.line,
        1,
        task.title,
        f"the number of {task.id} is already used on line {first.line}; this one is read as {name}",
        "Give each task a number of its own.",
    )


def _no_tasks(section: Section) -> PrpFinding:
    return PrpFinding(
        "task-none",
        "note",
        section.line,
        1,
        section.title,
        f"no tasks were found under {section.title!r}",
        "List them as '### Task 1: Create the bronze table' and so on, or as a numbered list.",
    )


def _too_many(draft: Draft) -> PrpFinding:
    return PrpFinding(
        "task-excess",
        "error",
        draft.task.line,
        1,
        draft.task.title,
        f"the PRP lists more than {MAX_TASKS} tasks",
        "Split the PRP.",
    )

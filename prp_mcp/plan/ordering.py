"""Which task waits for which: references read from the text, checked, and turned into an order."""

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from prp_mcp.plan.hints import rank, with_hints
from prp_mcp.plan.model import PrpFinding, Task


@dataclass(frozen=True)
class Draft:
    """A task before its dependencies are known; `form` is how it was written down."""

    task: Task
    kind: str
    form: str


@dataclass(frozen=True)
class _Reference:
    number: str
    firm: bool
    line: int
    text: str


KIND = "task|step|phase|tarea|paso|fase"
"""The words that number work, in a regular expression."""

_TRANSLATED = {"tarea": "task", "paso": "step", "fase": "phase"}
_NUMBERS = rf"(?:(?:{KIND})s?(?:-|\s*))?#?T?\d+(?:\.\d+)*[a-z]?\b"
_LIST = rf"{_NUMBERS}(?:\s*(?:,|&|and|y|-|\u2013|to)\s*(?:and\s+)?{_NUMBERS}){{0,30}}"
# Without the word "task" a number counts things: "requires 2 columns".
_FIRM = re.compile(
    rf"\b(?:depends?\s+on|dependent\s+on|requires|blocked\s+by|needs|depende\s+de|requiere)\b\s*:?\s*(?:las?\s+)?"
    rf"(?P<list>(?=#|T\d|{KIND}){_LIST})",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    rf"\b(?:after|despu\u00e9s\s+de(?:\s+las?)?)\s+(?P<list>(?=T\d|{KIND}){_LIST})"
    rf"|\b(?:once|when|until|as\s+soon\s+as)\s+(?P<done>(?=T\d|{KIND}){_LIST})\s+(?:is|are|has|have|was|were|runs?)\b",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"^[\s\-*+>|]*\**(?:dependenc(?:y|ies|ias?)|depends[ _]on|blocked[ _]by|depende de)\**\s*:\**\s*(?P<rest>.+)$",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"\b(?=T\d|{KIND}){_LIST}", re.IGNORECASE)
_ONE = re.compile(rf"(?P<kind>{KIND})?s?(?:-|\s*)#?(?P<number>T?\d+(?:\.\d+)*[a-z]?)\b", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,3})\s*(?:-|\u2013|to)\s*(?:(?:task|step|phase)\s*)?(\d{1,3})\b", re.IGNORECASE)


def kind_of(word: str) -> str:
    """Return task, step or phase for a word that numbers work, in whatever language."""
    return _TRANSLATED.get(word.lower(), word.lower())


def link(drafts: Sequence[Draft]) -> tuple[tuple[Task, ...], list[PrpFinding]]:
    """Return the tasks with `depends_on` filled in, sorted so that each follows what it needs.

    Among tasks that are free the one that says so goes first or last, else the one that stands first. References to
    no task, and cycles, are findings; the tasks of a cycle keep the document's order.
    """
    known = {draft.task.id: draft for draft in drafts}
    findings: list[PrpFinding] = []
    tasks: list[Task] = []
    for draft in drafts:
        needs: dict[str, None] = {}
        missing: dict[str, _Reference] = {}
        for reference in _references(draft):
            number = reference.number
            spelled = (number, f"T{number}", f"T{number.lower()}", number.upper())
            name = next((each for each in spelled if each in known), None)
            if name is None:
                missing.setdefault(number, reference)
            elif name != draft.task.id or reference.firm:
                needs.setdefault(name, None)
        findings += [_unknown(draft.task, reference) for reference in missing.values()]
        tasks.append(replace(draft.task, depends_on=tuple(needs)))
    ordered, stuck = _sorted(with_hints(tasks))
    if stuck:
        findings.append(_cycle(stuck))
    return tuple(ordered), findings


def _references(draft: Draft) -> Iterator[_Reference]:
    lines = [(draft.task.line, draft.task.title)]
    lines += [(draft.task.line + 1 + n, line) for n, line in enumerate(draft.task.details.split("\n"))]
    for number, line in lines:
        line = line[:500]
        explicit = _LINE.match(line)
        if explicit:
            rest = explicit["rest"]
            lists = [found.group() for found in _NAMED.finditer(rest)]
            bare = re.fullmatch(_LIST, rest.strip(" *[]().`"), re.IGNORECASE)
            yield from _each(lists or ([bare.group()] if bare else []), draft, number, line, firm=True)
            continue
        yield from _each([found["list"] for found in _FIRM.finditer(line)], draft, number, line, firm=True)
        yield from _each(
            [found["list"] or found["done"] for found in _LOOSE.finditer(line)], draft, number, line, firm=False
        )


def _each(lists: Sequence[str], draft: Draft, line: int, text: str, *, firm: bool) -> Iterator[_Reference]:
    for written in lists:
        for low, high in _RANGE.findall(written):
            for number in range(int(low), min(int(high), int(low) + 100) + 1):
                yield _Reference(str(number), firm, line, text.strip())
        kind = draft.kind
        for one in _ONE.finditer(_RANGE.sub(" ", written)):
            kind = kind_of(one["kind"]) if one["kind"] else kind
            # "depends on phase 1" in a plan of tasks names something that is no task.
            if kind == draft.kind:
                yield _Reference(one["number"], firm, line, text.strip())


def _sorted(tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    place = {task.id: (rank(task), index) for index, task in enumerate(tasks)}
    waiting = {task.id: len(task.depends_on) for task in tasks}
    followers: dict[str, list[str]] = {}
    for task in tasks:
        for need in task.depends_on:
            followers.setdefault(need, []).append(task.id)
    free = [place[name] for name, count in waiting.items() if count == 0]
    heapq.heapify(free)
    ordered: list[Task] = []
    while free:
        task = tasks[heapq.heappop(free)[1]]
        ordered.append(task)
        for name in followers.get(task.id, ()):
            waiting[name] -= 1
            if waiting[name] == 0:
                heapq.heappush(free, place[name])
    stuck = [task for task in tasks if waiting[task.id] > 0]
    return ordered + stuck, _in_cycle(stuck)


def _in_cycle(stuck: Sequence[Task]) -> list[Task]:
    """Return one cycle among tasks that never became free, in the order in which they wait for each other."""
    if not stuck:
        return []
    by_name = {task.id: task for task in stuck}
    path: list[str] = []
    name = stuck[0].id
    while name not in path:
        path.append(name)
        name = next(need for need in by_name[name].depends_on if need in by_name)
    return [by_name[each] for each in path[path.index(name) :]]


def _unknown(task: Task, reference: _Reference) -> PrpFinding:
    return PrpFinding(
        "task-unknown-dependency",
        "error" if reference.firm else "note",
        task.line,
        1,
        reference.text[:200],
        f"{task.id} waits for task {reference.number}, which the PRP does not list",
        "Name a task that exists, or add the missing one.",
    )


def _cycle(tasks: Sequence[Task]) -> PrpFinding:
    names = [task.id for task in tasks]
    return PrpFinding(
        "task-cycle",
        "error",
        tasks[0].line,
        1,
        tasks[0].title,
        f"these tasks wait for each other: {' -> '.join([*names, names[0]])}",
        "Remove one of the dependencies.",
    )

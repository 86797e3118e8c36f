"""What tasks say of their order without naming what they need: files handed over, "before task 3", "finally"."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from prp_mcp.plan.model import Task

MAX_EDGES = 10_000
"""Stated dependencies up to which hints are looked at; a cycle is looked for at each hint."""

_MAX_HINTS = 500
_WORD = re.compile(r"[\w./@-]+")
_FILE_END = re.compile(r"\.(?:py|sql|ya?ml|jsonl?|toml|ipynb|csv|md|sh|txt)$")
_MAKES = re.compile(r"^[\s\-*+>]*\**`?(?:CREATE|WRITE|ADD|Create|Write|Add)\b")
_TAKES = re.compile(
    r"^[\s\-*+>]*\**`?"
    r"(?:reads?|follow(?: pattern)?|mirror|uses?|depends(?: on)?|dependencies|inputs?|imports?|consumes)"
    r"\b\**\s*:?",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?<!not )\bbefore\s+(?:task|step|phase)\s*#?(?P<number>\d{1,4}(?:\.\d{1,3})?)\b", re.IGNORECASE)
_DONE = "there|created|built|loaded|deployed|done|ready|in place|finished|written|defined"
_THING = re.compile(
    r"\b(?:after|once|when|as soon as)\s+(?:the|all)\s+(?P<thing>[a-z][\w-]*(?: [\w-]+){0,4}?)\s+"
    rf"(?:exists?|(?:is|are|has been|have been)\s+(?:{_DONE}))\b",
    re.IGNORECASE,
)
_SAID_OF_ITSELF = (
    r"\b(?:do|run|start with) this (?:task |step )?{0}\b|\bthis (?:task|step) \w+(?: to)? (?:be done|come|run|go) {0}\b"
)
_FIRST = re.compile(_SAID_OF_ITSELF.format("first"), re.IGNORECASE)
_LAST = re.compile(
    _SAID_OF_ITSELF.format("last") + r"|\bafter all (?:the )?other (?:tasks|steps)\b|\bonce everything else is done\b",
    re.IGNORECASE,
)
_TITLED = (
    (re.compile(r"first(?:ly)?[,:]\s", re.IGNORECASE), -1),
    (re.compile(r"(?:finally\b|last(?:ly)?[,:]\s)", re.IGNORECASE), 1),
)


def with_hints(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks with the dependencies that their words and files suggest added.

    A hint counts only when it points at exactly one task and makes no cycle with what is stated and with the hints
    before it.
    """
    needs = {task.id: dict.fromkeys(task.depends_on) for task in tasks}
    if sum(map(len, needs.values())) > MAX_EDGES:
        return list(tasks)
    for count, (name, need) in enumerate(_hints(tasks)):
        if count == _MAX_HINTS:
            break
        if name != need and need not in needs[name] and not _leads(need, name, needs):
            needs[name][need] = None
    return [replace(task, depends_on=tuple(needs[task.id])) for task in tasks]


def rank(task: Task) -> int:
    """Return -1 for a task that says it comes first, 1 for one that comes last, else 0."""
    for pattern, place in _TITLED:
        if pattern.match(task.title):
            return place
    said = f"{task.title}\n{task.details[:2000]}"
    if _FIRST.search(said):
        return -1
    return 1 if _LAST.search(said) else 0


def _hints(tasks: Sequence[Task]) -> Iterator[tuple[str, str]]:
    """Yield pairs: a task, and the one it needs."""
    known = {task.id: task for task in tasks}
    makers = _makers(tasks)
    titles = {task.id: _words(task.title) for task in tasks}
    for task in tasks:
        for line in (task.title, *task.details.split("\n")[:200]):
            line = line[:500]
            if _TAKES.match(line):
                yield from ((task.id, maker) for path in _files(line) if (maker := makers.get(path)))
            yield from (
                (f"T{found['number']}", task.id) for found in _BEFORE.finditer(line) if f"T{found['number']}" in known
            )
            yield from ((task.id, other) for other in _things(line, task.id, titles))


def _makers(tasks: Sequence[Task]) -> dict[str, str | None]:
    """Return which task creates each file; None for a file that several create."""
    makers: dict[str, str | None] = {}
    for task in tasks:
        for line in (task.title, *task.details.split("\n")[:200]):
            for path in _files(line[:500]) if _MAKES.match(line[:500]) else ():
                makers[path] = task.id if makers.get(path, task.id) == task.id else None
    return makers


def _files(line: str) -> list[str]:
    words = (word.strip(".") for word in _WORD.findall(line))
    return [word for word in words if _FILE_END.search(word)]


def _things(line: str, name: str, titles: Mapping[str, frozenset[str]]) -> Iterator[str]:
    for found in _THING.finditer(line):
        thing = _words(found["thing"])
        named = [other for other, words in titles.items() if other != name and thing <= words]
        if len(named) == 1 and thing:
            yield named[0]


def _words(text: str) -> frozenset[str]:
    # "tables" and "table" are the same thing.
    return frozenset(word.rstrip("s") for word in re.findall(r"[a-z]{3,}", text.lower()))


def _leads(start: str, goal: str, needs: Mapping[str, Mapping[str, None]]) -> bool:
    """Return whether `start` needs `goal`, directly or not."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            waiting += needs.get(name, ())
    return False

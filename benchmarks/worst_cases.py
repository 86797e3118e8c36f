"""Hostile PRPs of a wanted size, one kind a row of `KINDS`: each is to be read or refused in bounded time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal

Place = Literal["context", "blueprint", "validation", "everywhere"]

_HEADS = {
    "context": "## All Needed Context",
    "blueprint": "## Implementation Blueprint",
    "validation": "## Validation Loop",
}
_FILLED = {
    "context": "- `src/a.py` - the pattern",
    "blueprint": "### Task 1: Create the table",
    "validation": "```bash\npytest\n```",
}


@dataclass(frozen=True)
class Kind:
    """One kind of hostile text: `body` makes at most the bytes it is asked for, `place` is the section they go to."""

    name: str
    place: Place
    body: Callable[[int], str]

    def text(self, size: int) -> str:
        """Return a PRP of at most `size` bytes of UTF-8, within a few hundred bytes of it."""
        room = size - len(_framed({}).encode())
        if self.place == "everywhere":
            body = self.body(room // 3)
            return _framed(dict.fromkeys(_HEADS, body))
        return _framed({self.place: self.body(room)})


def _framed(bodies: dict[str, str]) -> str:
    parts = ["# Worst case\n\n## Goal\n\nA table of numbers.\n"]
    parts += [f"\n{head}\n\n{_FILLED[name]}\n\n{bodies.get(name, '')}\n" for name, head in _HEADS.items()]
    return "".join(parts)


def _repeated(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit.encode()))


def _numbered(form: str, before: str = "", after: str = "") -> Callable[[int], str]:
    """Return a body of `form` with {n} and {p} (the number before) filled in, until it is full."""
    return lambda size: before + "".join(_upto(form, size - len(before) - len(after))) + after


def _upto(form: str, room: int) -> Iterator[str]:
    for number in count(1):
        piece = form.format(n=number, p=number - 1, h=number // 2)
        room -= len(piece.encode())
        if room < 0:
            return
        yield piece


def _wrapped(before: str, unit: str, after: str = "") -> Callable[[int], str]:
    return lambda size: before + unit * ((size - len(before) - len(after)) // len(unit.encode())) + after


def _nested(mark: str, depth: int) -> Callable[[int], str]:
    """Return lines that open list after list, each deeper by the width of `mark`, to `depth`, again and again."""
    indent = " " * len(mark)
    block = "".join(f"{indent * level}{mark}x\n" for level in range(depth)) + "\n"
    return _repeated(block)


def _every_task_on_every_other(size: int) -> str:
    lines: list[str] = []
    room, number = size, 0
    while True:
        number += 1
        names = ", ".join(f"Task {n}" for n in range(max(1, number - 200), number))
        line = f"### Task {number}: Create t{number}\n\nDepends on {names or 'nothing'}\n\n"
        room -= len(line)
        if room < 0:
            return "".join(lines)
        lines.append(line)


def _line(unit: str, width: int = 22) -> Callable[[int], str]:
    """Return lines as short as the limit of lines allows for a full PRP."""
    return _repeated(f"{unit}{' x' * ((width - len(unit.encode())) // 2)}".ljust(width - 1)[: width - 1] + "\n")


_YAML_TASKS = "Task {n}:\n  CREATE src/pipelines/t{n}.py:\n    - DEPENDENCIES: Task {p}\n"
_MARKS = "e\u0301\u0323\u0308\u200b\u200d\u202e\u05d0\u0627\ufeff\ud7b0\U0001f469\u200d\U0001f527"

KINDS: tuple[Kind, ...] = (
    Kind("nested lists", "everywhere", _nested("- ", 60)),
    Kind("nested numbered lists", "blueprint", _nested("1. ", 40)),
    Kind("nested quotes", "everywhere", _repeated(f"{'> ' * 60}x\n\n")),
    Kind("one quote of 80,000 levels", "everywhere", _repeated(">")),
    Kind("quotes in lists", "everywhere", _repeated(f"{'> - ' * 40}x\n\n")),
    Kind("100,000 headings", "everywhere", _repeated("#\n")),
    Kind("headings at the limit", "everywhere", _line("### h")),
    Kind("named headings at the limit", "everywhere", _line("## Validation Loop")),
    Kind("underlined headings", "everywhere", _repeated(f"{'a ' * 20}\n====\n")),
    Kind("fences, never closed", "everywhere", _repeated(f"```bash\npytest {'a/b/c ' * 10}\n````x\n~~~\n")),
    Kind("fences of one line", "validation", _repeated(f"```bash\npytest {'a/b/c ' * 8}\n```\n")),
    Kind("ever longer fences", "validation", _numbered(f"````bash\npytest tests/a{{n}}/{'b/c ' * 16}\n```\n````\n")),
    Kind("one huge line", "everywhere", _repeated("a ")),
    Kind("one huge word", "everywhere", _repeated("a")),
    Kind("huge lines of spaces", "everywhere", _wrapped("a", " ", "b")),
    Kind("tabs", "everywhere", _repeated("\t")),
    Kind("comments, never closed", "everywhere", _repeated("<!-- x ")),
    Kind("comments, each on a line", "everywhere", _line("<!-- x --><!--")),
    Kind("brackets", "everywhere", lambda size: ("[" * 6000).ljust(min(size, 60_000), "x")),
    Kind("brackets on lines", "everywhere", lambda size: ("[" * 30 + "x" * 400 + "\n\n") * min(size // 432, 200)),
    Kind("too many brackets", "everywhere", _repeated("[")),
    Kind("closing brackets", "everywhere", _repeated("]")),
    Kind("brackets in pairs", "everywhere", lambda size: "[a](b) xxxxxxxxx " * (size // 17)),
    Kind("round brackets", "everywhere", _repeated("(")),
    Kind("braces", "everywhere", _repeated("{")),
    Kind("template braces", "everywhere", _repeated("{{x ")),
    Kind("backticks", "everywhere", _repeated("`")),
    Kind("backticks of every length", "everywhere", lambda size: " ".join("`" * n for n in range(1, int(size**0.5)))),
    Kind("code spans", "everywhere", _repeated("`a` ")),
    Kind("code spans of commands", "everywhere", _line("- [ ] x `pytest a`")),
    Kind("hostile letters", "everywhere", _repeated(f"{_MARKS} ")),
    Kind("hostile letters in headings", "everywhere", _repeated(f"## {_MARKS} {_MARKS}\n\n")),
    Kind("zero-width", "everywhere", _repeated("\u200b")),
    Kind("combining marks", "everywhere", _repeated("\u0301")),
    Kind("a table of 10,000 columns", "everywhere", lambda size: _table(min(10_000, size // 8), size)),
    Kind("a table of many rows", "everywhere", lambda size: _table(11, size)),
    Kind("a table of empty cells", "everywhere", lambda size: f"|a|b|\n|-|-|\n{('|' * 700 + chr(10)) * (size // 701)}"),
    Kind("a huge yaml block of tasks", "blueprint", _numbered(_YAML_TASKS, "```yaml\n", "```\n")),
    Kind("yaml, deeply nested", "blueprint", lambda size: f"```yaml\nTask 1: {'[' * min(size // 2, 19_000)}\n```\n"),
    Kind("yaml flow maps", "blueprint", _wrapped("```yaml\nTask 1: ", "{a: ", "\n```\n")),
    Kind("yaml of one indent more a line", "blueprint", lambda size: _staircase(size)),
    Kind(
        "tasks, each on the one before",
        "blueprint",
        _numbered("### Task {n}: Do all of it\nIt depends on Task {p} here\n"),
    ),
    Kind("tasks of short lines", "blueprint", _numbered("- Task {n}: do x Task {h}\n")),
    Kind("tasks, each on 200 others", "blueprint", _every_task_on_every_other),
    Kind("bold tasks", "blueprint", _numbered("**Task {n}**: do all of this and that after Task {h}\n\n")),
    Kind("tasks of many files", "blueprint", _numbered("- CREATE `src/a{n}.py`\n")),
    Kind("task boxes", "blueprint", _numbered("- [ ] T{n} [P] make src/a{n}.py\n")),
    Kind("check boxes", "everywhere", _line("- [ ] done")),
    Kind("check boxes with gates", "everywhere", _line("- [ ] deploy validate")),
    Kind("links", "everywhere", _repeated("https://example.com/a/b/c/d/e/f/g/h ")),
    Kind("link targets, never closed", "everywhere", _repeated("x](a.py ")),
    Kind("link definitions", "everywhere", _numbered("[a{n}]: https://example.com/{n}/a/b/c\n")),
    Kind("paths", "context", _line("- src/a/b/c.py x")),
    Kind("one endless path", "context", _wrapped("- `", "a/", "`\n")),
    Kind("dots and slashes", "context", _wrapped("- ", "./../", "\n")),
    Kind(
        "a context block",
        "context",
        _wrapped("```yaml\n", "- file: src/a/b/c/d.py\n  why: the pattern here, all\n", "```\n"),
    ),
    Kind("html", "everywhere", _repeated("<div><b a='x' c='yyyyyyyyyyyyyyyyyyyyyyyyyyyyy'>\n\n</b")),
    Kind("angle brackets", "everywhere", _repeated("<")),
    Kind("open tags", "everywhere", _repeated("<a ")),
    Kind("emphasis runs", "everywhere", _repeated("*a **a ")),
    Kind("emphasis closed late", "everywhere", lambda size: "*a " * (size // 6) + "a* " * (size // 6)),
    Kind("underscores", "everywhere", _repeated("_a __a ")),
    Kind("stars alone", "everywhere", _repeated("*")),
    Kind("backslashes", "everywhere", _repeated("\\")),
    Kind("entities", "everywhere", _repeated("&amp;&#1;&x")),
    Kind("here-documents, never ended", "validation", _wrapped("```bash\n", "python <<EOF1 <<EOF2 <<EOF3\n", "```\n")),
    Kind("quotes, never closed", "validation", _wrapped("```bash\n", "echo \"a 'b # c of it all\n", "```\n")),
    Kind("one endless command", "validation", _wrapped("```bash\npytest", " a", "\n```\n")),
    Kind("commands of 9,000 words", "validation", _wrapped("```bash\n", "pytest" + " 'a' $b" * 4_500 + "\n", "```\n")),
    Kind(
        "a command of continuations",
        "validation",
        _wrapped("```bash\npytest", " a/b/c/d/e/f/g/h/i/j/k \\\n", "\n```\n"),
    ),
    Kind("chained commands", "validation", _wrapped("```bash\npytest", " && cd a; b | c", "\n```\n")),
    Kind("substitutions", "validation", _wrapped("```bash\necho ", "$(", "\n```\n")),
    Kind("loops, never ended", "validation", _wrapped("```bash\n", "for a in b c; do if x\n", "```\n")),
    Kind("comments of commands", "validation", _wrapped("```bash\npytest\n", "# Expected: a row or two\n", "```\n")),
    Kind("bindings", "everywhere", _numbered("<id_{n}> ")),
    Kind("bindings in commands", "validation", _numbered("databricks jobs get <j_{n}>\n", "```bash\n", "```\n")),
    Kind("brace bindings in commands", "validation", _numbered("pytest {{a_{n}}} $B_{n}\n", "```bash\n", "```\n")),
    Kind(
        "sql fences",
        "validation",
        _repeated(
            "```sql\nSELECT count(*), max(a), min(b) FROM a.b.c WHERE x OR NOT y\n-- Expected: 0 rows or 1\n```\n"
        ),
    ),
    Kind("one huge sql fence", "validation", _wrapped("```sql\n", "SELECT 1 FROM a WHERE b = 'c';\n", "```\n")),
    Kind("sql quotes, never closed", "validation", _wrapped("```sql\n", "SELECT ' FROM /* a -- b\n", "```\n")),
    Kind("sql sent to the api", "validation", lambda size: _sent(size)),
    Kind(
        "json of one statement",
        "validation",
        _wrapped("```bash\ndatabricks api post /api/2.0/sql/statements --json '", '{"a":', "'\n```\n"),
    ),
    Kind("thresholds", "everywhere", _line("pass rate >= 99.5%")),
    Kind("a threshold block", "everywhere", _wrapped("```yaml\nquality:\n", "  a_rate: 99.5 # x x x x\n", "```\n")),
    Kind("placeholders", "everywhere", _line("- TODO: <your-x> {x}")),
    Kind("scores", "everywhere", _repeated("__/10 ")),
    Kind("directory trees", "validation", _wrapped("```bash\n", "\u251c\u2500\u2500 a/b/c.py # x\n", "```\n")),
    Kind("front matter, never closed", "everywhere", _repeated("---\nname: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n")),
    Kind("rules", "everywhere", _line("---")),
    Kind("carriage returns", "everywhere", _repeated("aaaaaaaaaaaaaaaaaaaaaa\r")),
)
"""Every kind, in the order of the table."""


def _table(columns: int, size: int) -> str:
    row = f"{'|a' * columns}|\n"
    rule = f"{'|-' * columns}|\n"
    room = size - len(row) - len(rule)
    return row + rule + row * max(0, room // len(row)) if room > 0 else row[:size]


def _staircase(size: int) -> str:
    lines, room, level = [], size - 40, 0
    while room > level + 4:
        lines.append(f"{' ' * level}a:\n")
        room -= level + 3
        level += 1
    return f"```yaml\nTask 1:\n{''.join(lines)}```\n"


def _sent(size: int) -> str:
    call = 'databricks api post /api/2.0/sql/statements --json \'{{"statement": "SELECT {n}", "warehouse_id": "w"}}\'\n'
    return "```bash\n" + "".join(_upto(call, size - 12)) + "```\n"

"""Between steps go values: nobody but the journal's own room looks into what was recorded by the name of a key."""

import ast
from collections.abc import Iterator
from pathlib import Path

import prp_mcp

ROOMS = ("cli", "engine", "report", "steps", "suite", "tools")
ATTRIBUTES = frozenset(
    {"arguments", "body", "evidence", "fields", "findings", "materials", "outcome", "request", "result", "structured"}
)
NAMES = ATTRIBUTES - {"body"} | {"done", "effect", "note", "record", "seen", "shown"}
"""What records and results are called, as parts of something and alone (there `body` is a resource of a bundle)."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    top = Path(prp_mcp.__file__).parent
    for path in [top / "server.py", *(path for room in ROOMS for path in sorted((top / room).rglob("*.py")))]:
        yield path.relative_to(top).as_posix(), ast.parse(path.read_text("utf-8"))


def is_recorded(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ATTRIBUTES
    return isinstance(node, ast.Name) and node.id in NAMES


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def key_accesses(tree: ast.AST) -> Iterator[int]:
    """Yield the lines on which a record or result is asked for a key."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and is_text(node.slice) and is_recorded(node.value):
            yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            yield from [node.lineno] if is_recorded(node.func.value) and any(map(is_text, node.args)) else []


def test_no_record_and_no_result_is_asked_for_a_key():
    assert [f"{path}:{line}" for path, tree in modules() for line in key_accesses(tree)] == []


def test_the_count_sees_what_it_is_to_see():
    code = 'a = record.body["fields"]["x"]\nb = outcome.fields.get("base")\nc = done["verdict"]\nd = api["update"]\n'
    assert sorted(key_accesses(ast.parse(code))) == [1, 2, 3]


def test_only_the_journal_knows_what_a_record_is_made_of():
    reading = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "body" and path != "server.py"  # it hands records on whole
    ]
    assert reading == []

"""SQL that proves something: the statements of a block, and those that a shell command merely sends."""

import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from prp_mcp.code.sql_text import Statement, Token, line_of, statements
from prp_mcp.commands.line import CommandLine
from prp_mcp.commands.outdated import split_global
from prp_mcp.commands.parts import Part
from prp_mcp.commands.programs import module_of
from prp_mcp.plan.scripts import Piece

MAX_JSON = 20_000
"""Characters of a command whose JSON is read."""

_COMMENT = re.compile(r"--(?P<line>[^\n]*)|/\*(?P<block>(?:[^*]|\*(?!/))*)\*/")
_SENDS = ["api", "post", "/api/2.0/sql/statements"]
_CHECKS = re.compile(r"-\w*e\b|--exit-status\b")
_KEEPS = re.compile(r"[1&]?>")
_TABLES = re.compile(r"\b(?:FROM|JOIN)\s+(?P<name>[^\s(),;]{1,300})", re.IGNORECASE)


@dataclass(frozen=True)
class Sent:
    """The statement a shell command sends, or why it cannot be told."""

    statement: str = ""
    flaw: str | None = None


def pieces(text: str) -> list[Piece]:
    """Return the statements and comments of SQL text in order, without the comments inside the statements."""
    found: list[Piece] = []
    place = 0
    for statement in statements(text):
        start, end = _reach(text, statement, place)
        found += _comments(text, place, start)
        flaw = f"line {statement.flaw.line} of its SQL: {statement.flaw.message}" if statement.flaw else None
        found.append(Piece(_without_comments(text, statement, start, end), line_of(text, start) - 1, flaw=flaw))
        for before, after in _gaps(statement.tokens):
            found += _comments(text, before, after)
        place = end
    return [*found, *_comments(text, place, len(text))]


def sent_statement(line: CommandLine) -> Sent | None:
    """Return the statement of a command that only sends SQL to the statement API and shows the answer, else None.

    What a filter after it checks (`jq -e`, `grep`) would be lost: such a command stays a shell command.
    """
    if "sql/statements" not in line.text:
        return None
    first, *others = [part for part in line.parts if not part.text.startswith("cd ")] or line.parts
    if not _sends(first) or not all(part.sign == "|" and _shows(part) for part in others):
        return None
    if len(line.text) > MAX_JSON:
        return Sent(flaw=f"its JSON is longer than {MAX_JSON:,} characters")
    return _from_json(first)


def _sends(part: Part) -> bool:
    program, *given = [word.text for word in part.words] or [""]
    # What stands before "api" must be options: another command may only speak of it.
    words = split_global(given)[1][:3]
    return posixpath.basename(program) == "databricks" and [word.rstrip("/") for word in words] == _SENDS


def _shows(part: Part) -> bool:
    program, *given = texts = [word.text for word in part.words] or [""]
    if program == "jq":
        return not any(map(_CHECKS.match, given))
    return program == "cat" or module_of(texts)[:1] == ["json.tool"]


def _reach(text: str, statement: Statement, place: int) -> tuple[int, int]:
    behind = len(text) - len(text[place:].lstrip(" \t\r\n;"))
    start = statement.tokens[0].start if statement.tokens else behind
    # Nothing behind an open quote or comment is a token any more.
    if statement.flaw and "opened with" in statement.flaw.message:
        return start, len(text.rstrip())
    return start, statement.tokens[-1].end


def _gaps(tokens: tuple[Token, ...]) -> Iterator[tuple[int, int]]:
    return ((one.end, two.start) for one, two in pairwise(tokens) if two.start - one.end > 1)


def _comments(text: str, start: int, end: int) -> Iterator[Piece]:
    for found in _COMMENT.finditer(text, start, end):
        said = (found["line"] if found["line"] is not None else found["block"]).strip()
        yield Piece(said, line_of(text, found.start()) - 1, is_comment=True)


def _without_comments(text: str, statement: Statement, start: int, end: int) -> str:
    kept: list[str] = []
    place = start
    for before, after in _gaps(statement.tokens):
        gap = text[before:after]
        if "--" in gap or "/*" in gap:
            kept += [text[place:before], "\n" if "\n" in gap else " "]
            place = after
    return "".join([*kept, text[place:end]]).strip()


def _from_json(part: Part) -> Sent | None:
    if part.is_open:
        return Sent(flaw="its quotes are not balanced")
    words = [word.text for word in part.words]
    body = _value_of(words, "--json")
    if body is None or any(_KEEPS.match(word) for word in words):
        return None
    if body.startswith("@"):
        return Sent(flaw=f"its SQL is in the file {body[1:]!r}; write the statement in the PRP")
    try:
        # People break long statements; a line end inside a JSON string is read as what it is.
        sent = json.loads(body, strict=False)
    except (ValueError, RecursionError) as error:
        return Sent(flaw=f"its JSON cannot be read ({str(error)[:120]})")
    return _from_body(sent)


def _value_of(words: list[str], flag: str) -> str | None:
    for index, word in enumerate(words):
        if word == flag:
            return words[index + 1] if index + 1 < len(words) else None
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return None


def _from_body(sent: object) -> Sent:
    statement = sent.get("statement") if isinstance(sent, dict) else None
    if not isinstance(sent, dict) or not isinstance(statement, str) or not statement.strip():
        return Sent(flaw="its JSON has no `statement`")
    found = [piece for piece in pieces(statement) if not piece.is_comment]
    if len(found) != 1:
        return Sent(flaw=f"it sends {len(found)} statements, expected 1")
    if sent.get("parameters"):
        return Sent(flaw="its statement takes parameters; write the values into the statement")
    is_qualified = all(table["name"].count(".") == 2 for table in _TABLES.finditer(found[0].text))
    if (sent.get("catalog") or sent.get("schema")) and not is_qualified:
        return Sent(flaw="its tables depend on `catalog` and `schema`; write three-part names")
    return Sent(found[0].text, found[0].flaw)

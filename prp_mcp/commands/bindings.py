"""Values a command needs that are known only at run time: `<warehouse_id>`, `{catalog}`, `$WAREHOUSE_ID`."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from prp_mcp.commands.line import CommandLine, read_line
from prp_mcp.commands.parts import Part
from prp_mcp.commands.programs import is_python

_KNOWN_TABLE = """
    CI HOME HOSTNAME LANG LINENO OLDPWD PATH PWD PYTHONPATH RANDOM SECONDS SHELL TMP TMPDIR UID USER VIRTUAL_ENV
"""
KNOWN = frozenset(_KNOWN_TABLE.split())
"""Variables that a shell has anyway: they are no values for somebody to give."""

_SECRET = re.compile(r"(?:^|_)(?:token|secret|password|passwd|api_?key|access_?key|pat)$", re.IGNORECASE)
# "ARRAY<STRING>" is a type.
_SPELLED = re.compile(
    r"(?<!array)<(?P<angle>[a-z][a-z0-9_-]{0,40})>"
    r"|(?<![$%@#{\\])\{(?P<brace>[a-z][a-z0-9_]{0,40})\}(?!\})"
    r"|(?<![\\$])\$(?:\{(?P<held>[a-z_][a-z0-9_]{0,60})\}|(?P<bare>[a-z_][a-z0-9_]{0,60}))",
    re.IGNORECASE | re.ASCII,
)
# What a template asks for, and markup in a quotation ("grep '<b>' page.html").
_RESERVED = re.compile(
    r"your\b|your[-_]|todo|tbd|fixme|(?:[a-z]|h[1-6]|br|td|th|tr|ul|ol|li|div|span|html|head|body|title|table|img)$",
    re.IGNORECASE,
)
# Programs whose own language has braces; there they are no bindings.
_BRACED = frozenset({"awk", "gawk", "jq", "perl", "sed", "grep", "egrep", "rg", "ruby", "node", "xargs"})
_LEADING = re.compile(r"(?:then|do|else|export|local|readonly|declare|env|time)\s+|[({!]\s*")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w{0,60})\+?=")
_NAMED = re.compile(r"for\s+(?P<looped>[A-Za-z_]\w{0,60})\s+in\b|.*\bread\s+(?:-\w+ )*(?P<read>[A-Za-z_]\w{0,60})\b")


@dataclass(frozen=True)
class Place:
    """Where a text (`start`, `end`) asks for the value `name`, in lower case, or seems to."""

    name: str
    start: int
    end: int


def bindings_in(line: CommandLine, set_before: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of the run-time values in a command line, in lower case, each once, in order.

    Variables that the line itself or the lines before it set (`set_before`, as written), those of every shell,
    secrets, and what stands in single quotes are none.
    """
    return _names(_in_line(line, set_before))


def bindings_in_sql(statement: str) -> list[str]:
    """Return the names of the run-time values in a SQL statement, in lower case, each once, in order."""
    return _names(_in_sql(statement))


def filled(line: CommandLine, values: Mapping[str, str]) -> CommandLine:
    """Return the line with each binding that has a value (by its name in lower case) replaced, the rest as it is.

    Values are put in as they are and not looked into again; whoever gives them has checked them.
    """
    text = _put_in(line.text, _in_line(line, frozenset()), values)
    return line if text == line.text else read_line(text)


def filled_sql(statement: str, values: Mapping[str, str]) -> str:
    """Return a SQL statement with its bindings replaced as those of a line are."""
    return _put_in(statement, _in_sql(statement), values)


def spelled(text: str) -> Iterator[Place]:
    """Yield everything in `text` that has the form of a binding, whether or not it is one."""
    for found in _SPELLED.finditer(text):
        name = next(each for each in found.groups() if each)
        yield Place(name.lower(), found.start(), found.end())


def variables_set(line: CommandLine) -> frozenset[str]:
    """Return the names of the variables that a line sets, as written."""
    found: set[str] = set()
    text = line.text
    for part in line.parts if "=" in text or "for" in text or "read" in text else ():
        bare = part.text[:2000]
        while leading := _LEADING.match(bare):
            bare = bare[leading.end() :]
        for word in bare.split():
            if not (assigned := _ASSIGNED.match(word)):
                break
            found.add(assigned["name"])
        if named := _NAMED.match(bare):
            found.add(named["looped"] or named["read"])
    return frozenset(found)


def secrets_in(line: CommandLine) -> list[str]:
    """Return the names, as written, of the variables of a line that hold secrets."""
    if "$" not in line.text:
        return []
    literal = _literal(line)
    names = (found["held"] or found["bare"] for found in _SPELLED.finditer(line.text) if not literal[found.start()])
    return [name for name in dict.fromkeys(names) if name and _SECRET.search(name)]


def _names(places: Iterable[Place]) -> list[str]:
    return list(dict.fromkeys(place.name for place in places))


def _put_in(text: str, places: Iterable[Place], values: Mapping[str, str]) -> str:
    known = {name.lower(): value for name, value in values.items()}
    pieces: list[str] = []
    last = 0
    for place in places:
        if place.name in known:
            pieces += [text[last : place.start], known[place.name]]
            last = place.end
    return "".join([*pieces, text[last:]])


def _in_line(line: CommandLine, set_before: frozenset[str]) -> Iterator[Place]:
    has_variables = "$" in line.text
    literal = _literal(line) if has_variables else b""
    ready = KNOWN | set_before | (variables_set(line) if has_variables else frozenset())
    has_braces = "{" in line.text and not any(map(_is_braced, line.parts))
    return _places(line.text, literal, ready, has_braces=has_braces)


def _is_braced(part: Part) -> bool:
    texts = [posixpath.basename(word.text) for word in part.words] or [""]
    given = (behind for program, behind in pairwise(texts) if is_python(program))
    return texts[0] in _BRACED or any(word == "-" or word.startswith(("-c", "<<")) for word in given)


def _in_sql(statement: str) -> Iterator[Place]:
    return _places(statement, b"", KNOWN, has_braces=True)


def _places(text: str, literal: bytes, ready: frozenset[str], *, has_braces: bool) -> Iterator[Place]:
    for found in _SPELLED.finditer(text):
        variable = found["held"] or found["bare"]
        name = variable or found["angle"] or found["brace"]
        if variable:
            is_value = not (literal and literal[found.start()]) and variable not in ready
            is_value = is_value and not _SECRET.search(variable)
        else:
            is_value = not _RESERVED.match(name) and (has_braces or not found["brace"])
        if is_value:
            yield Place(name.lower(), found.start(), found.end())


def _literal(line: CommandLine) -> bytes:
    """Return a flag for each letter: whether a shell would replace nothing there."""
    flags = bytearray(len(line.text))
    for start, end in line.literal:
        flags[start:end] = b"\1" * (end - start)
    return bytes(flags)

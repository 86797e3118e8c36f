"""Values a command needs that are known only at run time: `<warehouse_id>`, `{catalog}`, `$WAREHOUSE_ID`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prp_mcp.plan import shell
from prp_mcp.plan.document import Document
from prp_mcp.plan.model import Binding, Check, Command, CommandKind, Finding

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
_BRACED = re.compile(
    r"(?:\S*/)?(?:awk|gawk|jq|perl|sed|grep|egrep|rg|ruby|node|xargs)\b|.*\bpython[\d.]* (?:-c\b|- <<|<<)"
)
_LEADING = re.compile(r"(?:then|do|else|export|local|readonly|declare|env|time)\s+|[({!]\s*")
_ASSIGNED = re.compile(r"(?P<name>[A-Za-z_]\w{0,60})\+?=")
_NAMED = re.compile(r"for\s+(?P<looped>[A-Za-z_]\w{0,60})\s+in\b|.*\bread\s+(?:-\w+ )*(?P<read>[A-Za-z_]\w{0,60})\b")


@dataclass(frozen=True)
class _Place:
    name: str
    start: int
    end: int


def bindings_in(text: str, *, kind: CommandKind = "shell", set_before: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of the run-time values in a command's `text`, in lower case, each once, in order.

    Variables that `text` itself or the lines before it set (`set_before`, as written), those of every shell,
    secrets, and what stands in single quotes of a shell are none.
    """
    return list(dict.fromkeys(place.name for place in _places(text, kind, set_before)))


def filled(command_text: str, values: Mapping[str, str], *, kind: CommandKind = "shell") -> str:
    """Return the command with each binding that has a value (by its name in lower case) replaced, the rest as it is.

    Values are put in as they are and not looked into again; whoever gives them has checked them.
    """
    known = {name.lower(): value for name, value in values.items()}
    pieces: list[str] = []
    last = 0
    for place in _places(command_text, kind, frozenset()):
        if place.name in known:
            pieces += [command_text[last : place.start], known[place.name]]
            last = place.end
    return "".join([*pieces, command_text[last:]])


def read_bindings(
    document: Document, commands: Sequence[Command], checklist: Sequence[Check]
) -> tuple[tuple[Binding, ...], tuple[Finding, ...]]:
    """Return the run-time values that commands and checks need, each where it stands first, and a note for each."""
    found: dict[str, tuple[int, int, str]] = {}
    ends = [*(command.line for command in commands[1:]), len(document.lines) + 1][: len(commands)]
    for command, end in zip(commands, ends, strict=True):
        for name in command.bindings:
            if name not in found:
                found[name] = _first_place(document, name, command.line, min(end, command.line + 500))
    for check in checklist:
        for name in bindings_in(check.command or "") if not check.gate else ():
            place = _first_place(document, name, check.line, check.line + 1)
            found[name] = min(found.get(name, place), place)
    ordered = sorted(found.items(), key=lambda each: each[1])
    bindings = tuple(Binding(name, place[0]) for name, place in ordered)
    return bindings, tuple(_note(name, *place) for name, place in ordered)


def _first_place(document: Document, name: str, first: int, end: int) -> tuple[int, int, str]:
    for line in range(first, end):
        for found in _SPELLED.finditer(document.lines[line - 1]):
            if name in (each.lower() for each in found.groups() if each):
                return line, found.start() + 1, found.group()
    return first, 1, f"<{name}>"


def _note(name: str, line: int, column: int, spelled: str) -> Finding:
    return Finding(
        "command-binding",
        "note",
        line,
        column,
        spelled,
        f"a command needs a value for <{name}> when it is run",
        "Give the value when the commands are run; nothing has to be changed in the PRP.",
    )


def variables_set(text: str) -> frozenset[str]:
    """Return the names of the variables that shell text sets, as written."""
    found: set[str] = set()
    for part in shell.parts(text) if "=" in text or "for" in text or "read" in text else ():
        bare = part[:2000]
        while leading := _LEADING.match(bare):
            bare = bare[leading.end() :]
        for word in bare.split():
            if not (assigned := _ASSIGNED.match(word)):
                break
            found.add(assigned["name"])
        if named := _NAMED.match(bare):
            found.add(named["looped"] or named["read"])
    return frozenset(found)


def secrets_in(text: str) -> list[str]:
    """Return the names, as written, of the variables of a shell command that hold secrets."""
    if "$" not in text:
        return []
    literal = _literal(text)
    names = (found["held"] or found["bare"] for found in _SPELLED.finditer(text) if not literal[found.start()])
    return [name for name in dict.fromkeys(names) if name and _SECRET.search(name)]


def _places(text: str, kind: CommandKind, set_before: frozenset[str]) -> Iterator[_Place]:
    is_shell = kind == "shell"
    literal = _literal(text) if is_shell and "$" in text else b""
    ready = KNOWN | set_before | (variables_set(text) if is_shell and "$" in text else frozenset())
    has_braces = not is_shell or ("{" in text and not _is_braced(text))
    for found in _SPELLED.finditer(text):
        variable = found["held"] or found["bare"]
        if variable:
            is_value = (
                not (literal and literal[found.start()]) and variable not in ready and not _SECRET.search(variable)
            )
        else:
            is_value = not _RESERVED.match(found["angle"] or found["brace"]) and (has_braces or not found["brace"])
        if is_value:
            name = variable or found["angle"] or found["brace"]
            yield _Place(name.lower(), found.start(), found.end())


def _is_braced(text: str) -> bool:
    return any(_BRACED.match(" ".join(part.split())) for part in shell.parts(text))


def _literal(text: str) -> bytearray:
    """Return a flag for each letter: whether it stands in single quotes, where a shell replaces nothing."""
    flags = bytearray(len(text))
    quote = ""
    index = 0
    while index < len(text):
        letter = text[index]
        if quote == "'":
            quote = "" if letter == "'" else quote
            flags[index] = quote == "'"
        elif letter == "\\":
            index += 1
        elif letter == quote:
            quote = ""
        elif letter in "'\"" and not quote:
            quote = letter
        index += 1
    return flags

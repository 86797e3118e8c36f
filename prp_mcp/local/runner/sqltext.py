"""Split SQL text into tokens and statements without misreading strings, comments or quoted names."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from prp_mcp.local.runner.fault import PipelineError

TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<comment>--(?:\\\n|[^\r\n])*)
    |(?P<block>/\*)
    |(?P<string>[rR]'[^']*'|[rR]"[^"]*"|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<name>`(?:[^`]|``)*`)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<number>\d[\w.]*)
    |(?P<symbol>=>|::|.)""",
    re.VERBOSE | re.DOTALL,
)
"""As Spark 4.1's own lexer has it: what hides words from us must hide them from Spark, or a write passes for a read."""

BLOCK = re.compile(r"/\*|\*/")
PARAMETER = re.compile(r"\$\{([^}]+)\}")


class Token(NamedTuple):
    """A piece of SQL text and where it stands."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def upper(self) -> str:
        """Return a word in capitals, any other text as it is."""
        return self.text.upper() if self.kind == "word" else self.text


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text` without white space and comments."""
    found = []
    place = 0
    while match := TOKEN.match(text, place):
        kind = match.lastgroup or "symbol"
        place = _block_end(text, match.end()) if kind == "block" else match.end()
        if kind not in ("space", "comment", "block"):
            found.append(Token(kind, match.group(), match.start(), match.end()))
    return found


def _block_end(text: str, place: int) -> int:
    """Return where a bracketed comment ends, the end of the text when nowhere; they nest."""
    depth = 1
    for found in BLOCK.finditer(text, place):
        depth += 1 if found.group() == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement and the line on which it starts, counted from 1."""
    begin: int | None = None
    end = 0
    for token in tokens(text):
        if token.text == ";" and token.kind == "symbol":
            if begin is not None:
                yield text.count("\n", 0, begin) + 1, text[begin:end]
            begin = None
            continue
        begin = token.start if begin is None else begin
        end = token.end
    if begin is not None:
        yield text.count("\n", 0, begin) + 1, text[begin:end]


def closing(found: Sequence[Token], opening: int) -> int:
    """Return the index of the bracket that closes the one at index `opening`. Raises PipelineError."""
    depth = 0
    for index in range(opening, len(found)):
        if found[index].kind == "symbol":
            depth += {"(": 1, ")": -1}.get(found[index].text, 0)
            if depth == 0:
                return index
    raise PipelineError("A bracket is not closed.", remedy="Close the bracket in the SQL statement.")


def split_commas(found: Sequence[Token]) -> list[list[Token]]:
    """Return the groups of tokens between the commas of the outermost level."""
    groups: list[list[Token]] = [[]]
    depth = 0
    for token in found:
        if token.kind == "symbol":
            depth += {"(": 1, ")": -1, "[": 1, "]": -1, "<": 0}.get(token.text, 0)
            if token.text == "," and depth == 0:
                groups.append([])
                continue
        groups[-1].append(token)
    return [group for group in groups if group]


def quoted(*parts: str) -> str:
    """Return a name of these parts as Spark SQL reads it whatever its letters."""
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def literal(text: str) -> str:
    """Return a string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def unquoted(text: str) -> str:
    """Return the value of a string literal or of a quoted name."""
    if text[0] in "rR" and len(text) > 1 and text[1] in "'\"":
        return text[2:-1]
    mark, inside = text[0], text[1:-1]
    if mark == "`":
        return inside.replace("``", "`")
    if mark in "'\"":
        return re.sub(r"\\(.)", r"\1", inside.replace(mark * 2, mark))
    return text


def with_parameters(text: str, values: dict[str, str]) -> str:
    """Return `text` with every `${name}` replaced. Raises PipelineError for a name without a value."""

    def value(match: re.Match[str]) -> str:
        if match.group(1) not in values:
            raise PipelineError(
                f"The parameter {match.group(1)!r} has no value.",
                remedy="Set it under `configuration` of the pipeline.",
            )
        return values[match.group(1)]

    return PARAMETER.sub(value, text)

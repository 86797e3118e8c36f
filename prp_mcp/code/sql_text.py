"""SQL text as tokens and statements: strings, comments, notebook cells and `${parameters}` respected."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from prp_mcp.code.facts import SourceError

TokenKind = Literal["word", "string", "name", "sign"]


@dataclass(frozen=True)
class Token:
    """A word, a string, a quoted name or a single sign; `depth` counts the brackets around it."""

    kind: TokenKind
    text: str
    start: int
    depth: int

    @property
    def upper(self) -> str:
        """Return a word in capitals, and nothing for what is quoted."""
        return self.text.upper() if self.kind in ("word", "sign") else ""

    @property
    def end(self) -> int:
        """Return the offset behind the token."""
        return self.start + len(self.text)


@dataclass(frozen=True)
class Statement:
    """The tokens of one statement; `flaw` is an error in its brackets or quotes."""

    tokens: tuple[Token, ...]
    flaw: SourceError | None = None


# Tried in this order at each place: what looks like a comment inside a string is no comment.
_TOKEN = re.compile(
    r"(?P<cell>--[ ]COMMAND[ ]-{5,}[^\n]*)"
    r"|(?P<comment>--(?:\\\n|[^\r\n])*)"  # as Spark: it ends at a lone \r, and goes on behind a \ before a line end
    r"|(?P<block>/\*)"
    r"|(?P<raw>[rR](?:'[^']*'|\"[^\"]*\"))"
    r"|(?P<string>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<name>`(?:[^`]|``)*`)"
    r"|(?P<open>['\"`])"
    r"|(?P<word>(?:[^\W]|\$\{[^{}\n]*\}|\$(?=\w))+)"
    r"|(?P<sign>\S)",
    re.DOTALL,
)
_KINDS: dict[str, TokenKind] = {"string": "string", "raw": "string", "name": "name", "word": "word"}
_NEWLINE = re.compile(r"\n")
_BLOCK = re.compile(r"/\*|\*/")


def statements(text: str) -> list[Statement]:
    """Split `text` at `;` and at notebook cells; statements of comments alone are left out."""
    found: list[Statement] = []
    tokens: list[Token] = []
    brackets: list[int] = []
    flaw: SourceError | None = None
    for kind, piece, start in _lexed(text):
        if kind == "cell" or piece == ";":
            _end(text, found, tokens, brackets, flaw)
            tokens, brackets, flaw = [], [], None
            continue
        if kind == "open":
            what = "name" if piece == "`" else "string"
            flaw = flaw or error_at(text, start, f"a {what} opened with {piece} is never closed")
        elif kind == "block":
            flaw = flaw or error_at(text, start, "a comment opened with /* is never closed")
        elif piece in ("(", "["):
            tokens.append(Token("sign", piece, start, len(brackets)))
            brackets.append(start)
        elif piece in (")", "]"):
            if brackets:
                brackets.pop()
            else:
                flaw = flaw or error_at(text, start, f"{piece!r} closes nothing")
            tokens.append(Token("sign", piece, start, len(brackets)))
        else:
            tokens.append(Token(_KINDS.get(kind, "sign"), piece, start, len(brackets)))
    _end(text, found, tokens, brackets, flaw)
    return found


def error_at(text: str, offset: int, message: str) -> SourceError:
    """Return an error with the line and column of an offset."""
    line = line_of(text, offset)
    return SourceError(line, offset - _line_starts(text)[line - 1] + 1, message)


def line_of(text: str, offset: int) -> int:
    """Return the line of an offset."""
    return bisect_right(_line_starts(text), offset)


@lru_cache(maxsize=2)
def _line_starts(text: str) -> list[int]:
    # Counting newlines anew for each statement took 14 s for half a MiB of them.
    return [0, *(found.end() for found in _NEWLINE.finditer(text))]


def unquoted(token: Token) -> str:
    """Return the name or string a token holds."""
    if token.kind == "name":
        return token.text[1:-1].replace("``", "`")
    if token.kind == "string":
        return token.text.lstrip("rR")[1:-1]
    return token.text


def find_words(tokens: Sequence[Token], *words: str, after: int = 0, depth: int | None = 0) -> int | None:
    """Return the index of the first of `words` in a row at a bracket depth (None: any), or None."""
    for index in range(after, len(tokens) - len(words) + 1):
        if depth is not None and tokens[index].depth != depth:
            continue
        if all(tokens[index + n].upper == word for n, word in enumerate(words)):
            return index
    return None


def _lexed(text: str) -> Iterator[tuple[str, str, int]]:
    place = 0
    while found := _TOKEN.search(text, place):
        kind = found.lastgroup or "sign"
        place = found.end()
        if kind == "block":
            closed = _block_end(text, place)
            if closed is None:
                yield "block", "/*", found.start()
                return
            place = closed
        elif kind == "open":
            yield kind, found.group(), found.start()
            # Nothing behind an open quote can be trusted.
            return
        elif kind != "comment":
            yield kind, found.group(), found.start()


def _block_end(text: str, place: int) -> int | None:
    depth = 1
    # Spark's bracketed comments nest.
    for found in _BLOCK.finditer(text, place):
        depth += 1 if found.group() == "/*" else -1
        if depth == 0:
            return found.end()
    return None


def _end(
    text: str,
    found: list[Statement],
    tokens: Sequence[Token],
    brackets: Sequence[int],
    flaw: SourceError | None,
) -> None:
    if brackets and flaw is None:
        opened = brackets[-1]
        flaw = error_at(text, opened, f"{text[opened]!r} is never closed")
    if tokens or flaw:
        found.append(Statement(tuple(tokens), flaw))

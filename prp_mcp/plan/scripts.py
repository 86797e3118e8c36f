"""The text of a block, cut into commands where a shell would cut it; nothing is expanded or run."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from prp_mcp.commands.lexer import CLOSING, HEREDOC, TOKEN

_OPENERS = frozenset({"if", "for", "while", "until", "case", "select", "{"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_GLUE = re.compile(r"(?:\|\|?|&&|\\)\s*$")
_FUNCTION = re.compile(r"(?:function\s+)?[\w-]+\s*\(\)\s*\{|function\s+[\w-]+\s*\{")
_MOVES = re.compile(r"cd\s+(?P<folder>[\w.][\w./-]*)")
_LEADERS = frozenset({"then", "do", "else", "elif", "!", "time"})


@dataclass(frozen=True)
class Piece:
    """A command or a comment; `line` counts from 0. `flaw` says why no shell would accept the command."""

    text: str
    line: int
    is_comment: bool = False
    flaw: str | None = None


@dataclass
class _State:
    pieces: list[Piece] = field(default_factory=list)
    late: list[Piece] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    start: int = 0
    quote: str = ""
    depth: int = 0
    brackets: int = 0
    heredocs: list[tuple[str, bool]] = field(default_factory=list)


def split(text: str) -> list[Piece]:
    """Return the commands and whole-line comments of `text`, in order.

    A here-document, a quotation over several lines, a loop or a function is one command; continued lines are
    joined; a comment behind a command is cut off and returned after it.
    """
    state = _State()
    for number, line in enumerate(text.split("\n")):
        if state.heredocs:
            _heredoc_line(state, line)
        else:
            _line(state, number, line)
        is_open = state.quote or state.heredocs or state.depth or state.brackets
        if state.written and not is_open and not _GLUE.search(state.written[-1][-200:]):
            _finish(state, None)
    if state.written:
        _finish(state, _flaw(state))
    return state.pieces


def in_folders(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the pieces without the lines that only change to a folder below, each later command led by `cd FOLDER &&`.

    Commands are run one by one, so what a line before them did to the shell must stand in them.
    """
    found: list[Piece] = []
    folder = "."
    for piece in pieces:
        moved = None if piece.is_comment or piece.flaw else _MOVES.fullmatch(piece.text)
        below = posixpath.normpath(posixpath.join(folder, moved["folder"])) if moved else ""
        if moved and not below.startswith(".."):
            folder = below
        elif piece.is_comment or folder == ".":
            found.append(piece)
        else:
            found.append(replace(piece, text=f"cd {folder} && {piece.text}"))
    return found


def _line(state: _State, number: int, line: str) -> None:
    if not state.written:
        state.start = number
        line = re.sub(r"^\s*\$ ", "", line)
    code, comment = _scan(state, line)
    if code.strip():
        state.written.append(code.rstrip() if not state.quote else code)
    elif state.quote and state.written:
        state.written.append(code)
    if comment is not None:
        # The comment behind a command comes after it, also when the command goes on.
        kept = state.late if state.written else state.pieces
        kept.append(Piece(comment.strip(), number, is_comment=True))


def _scan(state: _State, line: str) -> tuple[str, str | None]:
    """Follow quotes, brackets and what opens and closes loops over `line`; return its code and its comment."""
    place = _behind_quote(state, line)
    opens = place == 0  # the next word is the first of a simple command
    while found := TOKEN.match(line, place):
        kind, place = found.lastgroup, found.end()
        if kind == "bare":
            if line[found.start()] == "#" and (found.start() == 0 or line[found.start() - 1] in " \t;"):
                return line[: found.start()], line[found.start() + 1 :]
            opens = opens and _note_word(state, line, found)
        elif kind == "join":
            opens = True
        elif kind == "open":
            state.quote = found.group().strip("\\")
            return line, None
        elif kind != "blank":
            opens = False
            place = _note_sign(state, line, found)
    return line, None


def _behind_quote(state: _State, line: str) -> int:
    """Return where a quotation that an earlier line opened ends; the whole line is its when it does not."""
    if not state.quote:
        return 0
    found = CLOSING[state.quote].match(line)
    state.quote = "" if found else state.quote
    return found.end() if found else len(line)


def _note_word(state: _State, line: str, found: re.Match[str]) -> bool:
    """Note a word that may open or close something; return whether a command may still begin behind it."""
    # A function's body opens behind its name: "check() {".
    if _FUNCTION.match(line, found.start()):
        state.depth += 1
    word = found.group()
    behind = line[found.end() : found.end() + 1]
    is_whole = not behind or behind.isspace() or behind in ";|&"
    if is_whole and word in _OPENERS:
        state.depth += 1
    elif is_whole and word in _CLOSERS:
        state.depth = max(0, state.depth - 1)
    return is_whole and word in _LEADERS


def _note_sign(state: _State, line: str, found: re.Match[str]) -> int:
    """Note a bracket or the start of a here-document; return where the rest of the line begins."""
    sign = found.group()
    if sign == "(":
        state.brackets += 1
    elif sign == ")":
        state.brackets = max(0, state.brackets - 1)
    elif sign in ("<<", "<<-") and (heredoc := HEREDOC.match(line, found.start())):
        state.heredocs.append((heredoc["word"], bool(heredoc["dash"])))
        return heredoc.end()
    return found.end()


def _heredoc_line(state: _State, line: str) -> None:
    word, dash = state.heredocs[0]
    state.written.append(line)
    if (line.lstrip("\t") if dash else line).rstrip() == word:
        state.heredocs.pop(0)


def _flaw(state: _State) -> str | None:
    if state.quote:
        return f"a quotation opened with {state.quote} is never closed"
    if state.heredocs:
        return f"the here-document {state.heredocs[0][0]!r} has no end"
    if state.depth or state.brackets:
        return "a loop, condition, function or bracket is never closed"
    return "the last line is continued, but nothing follows"


def _finish(state: _State, flaw: str | None) -> None:
    state.pieces.append(Piece(_joined(state.written), state.start, flaw=flaw))
    state.pieces += state.late
    state.written, state.late, state.heredocs = [], [], []
    state.quote, state.depth, state.brackets = "", 0, 0


def _joined(lines: Sequence[str]) -> str:
    joined = ""
    for line in lines:
        if joined.endswith("\\") and not joined.endswith("\\\\"):
            joined = joined[:-1].rstrip() + " " + line.lstrip()
        else:
            joined = f"{joined}\n{line}" if joined else line
    return joined.strip()

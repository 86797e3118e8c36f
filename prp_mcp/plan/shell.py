"""Shell text cut into commands the way a shell would read them; nothing is expanded or run."""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

_OPENERS = frozenset({"if", "for", "while", "until", "case", "select", "{"})
_CLOSERS = frozenset({"fi", "done", "esac", "}"})
_GLUE = re.compile(r"(?:\|\|?|&&|\\)\s*$")
_HEREDOC = re.compile(r"<<(?P<dash>-?)\s*(?P<quote>['\"]?)\\?(?P<word>[A-Za-z_][\w-]*)(?P=quote)")
_SIGNS = frozenset({"&&", "||", "|", ";", "&", "\n"})
# "2>&1" and "&>" are redirections: their sign joins nothing.
_TOKENS = re.compile(r"\\.|\"(?:[^\"\\]|\\.)*\"|'[^']*'|[<>]&|&>|&&|\|\|?|;|&|\n|[^\\\"'<>&|;\n]+|.", re.DOTALL)
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
        if state.written and not _goes_on(state):
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


def words(command: str) -> list[str]:
    """Return the words of the first line of a command, quotes taken off, for looking at (never for running)."""
    found = re.findall(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s'\"]+", command[:2000])
    return [word[1:-1] if len(word) > 1 and word[0] in "'\"" else word for word in found]


def raw_words(command: str) -> list[str]:
    """Return the words of a simple command as they are written, with their quotes; the first 2,000 letters count."""
    return re.findall(r"(?:\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s'\"])+", command[:2000])


def joined(command: str) -> list[tuple[str, str]]:
    """Return the simple commands of a list, each with the sign before it: one of `&& || ; | &`, a line end or "".

    Here-documents' texts are left out: they are input, not commands.
    """
    found: list[tuple[str, str]] = []
    current: list[str] = []
    sign = ""
    for token in _TOKENS.findall(_without_heredocs(command[:20_000])):
        if token in _SIGNS:
            found.append((sign, "".join(current).strip()))
            current, sign = [], token
        else:
            current.append(token)
    found.append((sign, "".join(current).strip()))
    # An `&` at the end is kept although nothing follows: it tells what becomes of the command before it.
    return [(sign, part) for sign, part in found if part or sign == "&"]


def parts(command: str) -> list[str]:
    """Return the simple commands of a list joined by `&&`, `||`, `;`, `|`, `&` or line ends."""
    return [part for _, part in joined(command) if part]


def _without_heredocs(command: str) -> str:
    if "<<" not in command:
        return command
    state = _State()
    kept: list[str] = []
    for line in command.split("\n"):
        if state.heredocs:
            _heredoc_line(state, line)
        else:
            _scan(state, line)
            kept.append(line)
    return "\n".join(kept)


def _line(state: _State, number: int, line: str) -> None:
    if not state.written:
        state.start = number
        line = re.sub(r"^\s*\$ ", "", line)
    code, comment = _scan(state, line)
    if code.strip():
        state.written.append(code.rstrip() if not state.quote else code)
        if not state.quote:
            _count_words(state, code)
    elif state.quote and state.written:
        state.written.append(code)
    if comment is not None:
        # The comment behind a command comes after it, also when the command goes on.
        kept = state.late if state.written else state.pieces
        kept.append(Piece(comment.strip(), number, is_comment=True))


def _scan(state: _State, line: str) -> tuple[str, str | None]:
    """Follow quotes and brackets over `line`; return its code and its comment."""
    index = 0
    while index < len(line):
        letter = line[index]
        if state.quote:
            if letter == "\\" and state.quote == '"':
                index += 1
            elif letter == state.quote:
                state.quote = ""
        elif letter == "\\":
            index += 1
        elif letter in "'\"":
            state.quote = letter
        elif letter == "#" and (index == 0 or line[index - 1] in " \t;"):
            return line[:index], line[index + 1 :]
        else:
            index += _structure(state, line, index, letter)
        index += 1
    return line, None


def _structure(state: _State, line: str, index: int, letter: str) -> int:
    """Note a bracket or the start of a here-document; return how many letters more it takes."""
    if letter == "(":
        state.brackets += 1
    elif letter == ")":
        state.brackets = max(0, state.brackets - 1)
    elif letter == "<" and line.startswith("<<<", index):
        return 2
    elif letter == "<" and (found := _HEREDOC.match(line, index)):
        state.heredocs.append((found["word"], bool(found["dash"])))
        return found.end() - index - 1
    return 0


def _count_words(state: _State, code: str) -> None:
    for part in parts(code):
        for word in part.split():
            if word in _OPENERS:
                state.depth += 1
            elif word in _CLOSERS:
                state.depth = max(0, state.depth - 1)
            if word not in _LEADERS:
                break
        # A function's body opens behind its name: "check() {".
        if re.match(r"(?:function\s+)?[\w-]+\s*\(\)\s*\{", part) or re.match(r"function\s+[\w-]+\s*\{", part):
            state.depth += 1


def _heredoc_line(state: _State, line: str) -> None:
    word, dash = state.heredocs[0]
    state.written.append(line)
    if (line.lstrip("\t") if dash else line).rstrip() == word:
        state.heredocs.pop(0)


def _goes_on(state: _State) -> bool:
    return bool(
        state.quote or state.heredocs or state.depth or state.brackets or _GLUE.search(state.written[-1][-200:])
    )


def _flaw(state: _State) -> str | None:
    if state.quote:
        return f"a quotation opened with {state.quote} is never closed"
    if state.heredocs:
        return f"the here-document {state.heredocs[0][0]!r} has no end"
    if state.depth or state.brackets:
        return "a loop, condition, function or bracket is never closed"
    return "the last line is to be continued, but nothing follows"


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

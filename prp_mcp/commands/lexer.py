"""Cut the text of a command line into words and signs as a shell would: the one place that reads quotes."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from prp_mcp.commands.parts import Part
from prp_mcp.commands.patterns import is_wild, literal
from prp_mcp.commands.word import Word

MAX_LINE = 64 * 1024
"""Characters of a command line that is cut into words."""

# Each letter belongs to one alternative, and a quote fails to close at most once: the reading is linear. `open` is
# what no shell reads. "2>&1" and "&>" are redirections: their sign joins nothing.
TOKEN = re.compile(
    r"(?P<blank>[^\S\n]+)|\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'|\\(?P<escaped>[^\n])"
    r"|(?P<asked><[A-Za-z][\w-]{0,60}>)|(?P<join>&&|\|\|?|;|&(?!>)|\n)|(?P<sign>&>>?|>>|[<>]&|<<<|<<-?|[<>()])"
    r"|(?P<bare>[^\s\"'\\<>()&|;]+)|(?P<open>\\\n|.)",
    re.DOTALL,
)
CLOSING = {"'": re.compile(r"[^']*'"), '"': re.compile(r"(?:[^\"\\]|\\.)*\"")}
"""The rest of a quotation, by the quote that opened it."""

HEREDOC = re.compile(r"<<(?P<dash>-?)[^\S\n]*(?P<quote>['\"]?)\\?(?P<word>[A-Za-z_][\w-]*)(?P=quote)")
"""The sign that opens a here-document, with the word that ends it."""

_UNCLOSED = "it is not well formed: a quotation is not closed"

_SIGNS = (
    ("&&", ""),
    ("||", "it uses `||` (alternatives), which needs a shell"),
    ("|", "it uses a pipe, which needs a shell"),
    (";", "it uses `;` (a list), which needs a shell"),
    ("&>", "it redirects output, which needs a shell"),
    ("&", "it uses `&` (background), which needs a shell"),
    ("<(", "it uses process substitution, which needs a shell"),
    (">(", "it uses process substitution, which needs a shell"),
    ("<<", "it uses a here-document, which needs a shell"),
    ("<", "it redirects input, which needs a shell"),
    (">", "it redirects output, which needs a shell"),
    ("(", "it uses parentheses (a subshell), which need a shell"),
    (")", "it uses parentheses (a subshell), which need a shell"),
)
_LETTERS = {
    "{": "it uses braces, which need a shell",
    "}": "it uses braces, which need a shell",
    "!": "it uses `!` (history or negation), which needs a shell",
    "$": "it uses `$` (expansion), which needs a shell",
    "`": "it uses a backquote (substitution), which needs a shell",
}
_BEGIN = "\n"  # stands for the letter before the first one of a word
_TAME = re.compile(r"[\w.,:;=/@%+*?\[\]^#-]+", re.ASCII)
_IN_DOUBLE = re.compile(r"\\(?P<escaped>[\"\\$`])|(?P<sign>[!$`])")


@dataclass(frozen=True)
class Lexed:
    """The simple commands of a text, empty ones too, and where (start, end) a shell would replace nothing."""

    parts: tuple[Part, ...]
    literal: tuple[tuple[int, int], ...]


def lex(text: str) -> Lexed:
    """Return what `text` is made of, its here-documents' texts left out; one too long is not cut into words."""
    if len(text) > MAX_LINE:
        return Lexed((Part("", text, (), is_open=True),), ())
    reading = _Reading(text)
    place = 0
    while found := TOKEN.match(reading.text, place):
        place = reading.take(found)
    reading.end_part(len(reading.text), "")
    return Lexed(tuple(reading.parts), tuple(reading.literal))


def why_sign(text: str, place: int = 0) -> str:
    """Return why only a shell can carry out the sign that stands at `place`, or nothing for `&&`."""
    return next(why for sign, why in _SIGNS if text.startswith(sign, place))


@dataclass
class _Reading:
    """How far a text is read; `pieces` are those of the word that is not at its end yet."""

    text: str
    parts: list[Part] = field(default_factory=list)
    literal: list[tuple[int, int]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    pieces: list[re.Match[str]] = field(default_factory=list)
    inputs: list[re.Match[str]] = field(default_factory=list)
    sign: str = ""
    start: int = 0
    quote: str = ""
    why_blank: str = ""
    is_open: bool = False
    is_glued: bool = False
    in_comment: bool = False

    def take(self, found: re.Match[str]) -> int:
        """Take the next token in; return where the one after it begins."""
        kind = found.lastgroup
        if kind == "blank":
            why = next((_why_look_alike(letter) for letter in found.group() if letter not in " \t"), "")
            self.end_word(why)
            self.why_blank, self.is_glued = why or self.why_blank, False
        elif kind == "join":
            return self._join(found)
        elif kind == "sign":
            self._redirect(found)
        else:
            self.in_comment = self.in_comment or (not self.pieces and found.group().startswith("#"))
            self.pieces.append(found)
            self._note_quote(found)
        return found.end()

    def end_word(self, why: str = "") -> None:
        """Put away the word that ends here, if there is one; `why` the blank behind it may be none."""
        if self.pieces:
            self.words.append(_word(self.pieces, self.why_blank or why, is_glued=self.is_glued))
            self.pieces, self.why_blank, self.is_glued = [], "", True

    def end_part(self, end: int, sign: str) -> None:
        """Put away the simple command that ends at `end`; `sign` stands behind it."""
        self.end_word()
        text = self.text[self.start : end].strip()
        self.parts.append(Part(self.sign, text, tuple(self.words), self.is_open))
        self.words, self.sign, self.is_open, self.is_glued = [], sign, False, False

    def _join(self, found: re.Match[str]) -> int:
        self.end_part(found.start(), found.group())
        self.start = found.end()
        if found.group() == "\n":
            self.start = _behind(self.text, self.start, self.inputs)
            self.inputs, self.in_comment = [], False
        return self.start

    def _redirect(self, found: re.Match[str]) -> None:
        number = "".join(map(_passed, self.pieces))
        start = self.pieces[0].start() if number.isdecimal() else found.start()
        if number.isdecimal():
            self.pieces = []  # it belongs to the sign: "2>&1"
        self.end_word()
        text = number * (start < found.start()) + found.group()
        why, raw = why_sign(self.text, found.start()), self.text[start : found.end()]
        self.words.append(Word(text, raw=raw, why=why, is_sign=True, is_glued=self.is_glued))
        self.is_glued = True
        # Behind a `#` or an open quote a shell sees none; what looks like its text is to be seen.
        if found.group() in ("<<", "<<-") and not self.in_comment and not self.quote:
            self.inputs += filter(None, [HEREDOC.match(self.text, found.start())])

    def _note_quote(self, found: re.Match[str]) -> None:
        self.is_open = self.is_open or found.lastgroup == "open"
        if self.quote:
            return
        if found.lastgroup == "single":
            self.literal.append(found.span())
        elif found.group() in ("'", '"'):
            self.quote = found.group()
            self.literal += [(found.start(), len(self.text))] if self.quote == "'" else []


def _word(pieces: Sequence[re.Match[str]], why: str, *, is_glued: bool) -> Word:
    texts: list[str] = []
    globs: list[str] = []
    before, is_pattern = _BEGIN, False
    for piece in pieces:
        text, is_bare = _passed(piece), piece.lastgroup == "bare"
        why = why or _why(piece, before)
        before = text[-1:] or before.strip(_BEGIN)
        is_pattern = is_pattern or (is_bare and is_wild(text))
        texts.append(text)
        globs.append(text if is_bare else literal(text))
    raw = pieces[0].string[pieces[0].start() : pieces[-1].end()]
    bare = len(texts[0]) if pieces[0].lastgroup == "bare" else 0
    return Word("".join(texts), "".join(globs), raw, why, bare, is_pattern, is_glued=is_glued)


def _passed(piece: re.Match[str]) -> str:
    """Return what a shell makes of a quoted or a bare piece."""
    text = piece[piece.lastgroup or 0]
    if piece.lastgroup == "double" and "\\" in text:
        return _IN_DOUBLE.sub(lambda found: found["escaped"] or found.group(), text)
    return text


def _behind(text: str, place: int, inputs: Sequence[re.Match[str]]) -> int:
    """Return where the texts of the here-documents that begin at `place` end."""
    for opener in inputs:
        while place < len(text):
            line = text[place:end] if (end := text.find("\n", place)) >= 0 else text[place:]
            place += len(line) + 1
            if (line.lstrip("\t") if opener["dash"] else line).rstrip() == opener["word"]:
                break
    return min(place, len(text))


def _why(piece: re.Match[str], before: str) -> str:
    """Return why only a shell can tell what a piece becomes; `before` is the letter before it in its word."""
    kind, text = piece.lastgroup, piece.group()
    if kind == "bare":
        return "" if _TAME.fullmatch(text) else _why_bare(text, before)
    if kind == "double":
        signs = (found["sign"] for found in _IN_DOUBLE.finditer(text) if found["sign"])
        return next((_LETTERS[sign] for sign in signs), "")
    if kind == "open":
        return _UNCLOSED if text in "'\"" else "it ends in a backslash: its next line is missing"
    return why_sign("<") if kind == "asked" else ""


def _why_bare(text: str, before: str) -> str:
    for letter in text:
        if letter in _LETTERS:
            return _LETTERS[letter]
        if letter == "~" and before in (_BEGIN, "=", ":"):
            return "it uses `~` (a home directory), which needs a shell"
        if not letter.isascii() and (why := _why_look_alike(letter)):
            return why
        before = letter
    return ""


def _why_look_alike(letter: str) -> str:
    """Refuse what is no letter or digit of any script, and what only looks like ASCII."""
    looks = unicodedata.normalize("NFKC", letter)
    if unicodedata.category(letter)[0] in "LMN" and not looks.isascii():
        return ""
    return f"it has a look-alike or unusual character outside quotes (U+{ord(letter):04X})"

"""Cut the text of a command line into words and signs as a shell would: the one place that reads quotes."""

import re
import unicodedata
from dataclasses import dataclass, field

from prp_mcp.commands.parts import Part
from prp_mcp.commands.patterns import WILD, literal
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
class _Held:
    """A word that is not at its end yet."""

    start: int
    texts: list[str] = field(default_factory=list)
    globs: list[str] = field(default_factory=list)
    why: str = ""
    bare: int = 0
    is_pattern: bool = False
    last: str = _BEGIN

    def word(self, text: str, end: int, *, is_glued: bool) -> Word:
        raw = text[self.start : end]
        return Word(
            "".join(self.texts), "".join(self.globs), raw, self.why, self.bare, self.is_pattern, is_glued=is_glued
        )


@dataclass
class _Reading:
    text: str
    parts: list[Part] = field(default_factory=list)
    literal: list[tuple[int, int]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    held: _Held | None = None
    sign: str = ""
    start: int = 0
    is_open: bool = False
    in_comment: bool = False
    opened: str = ""
    why_next: str = ""
    after_blank: bool = True
    inputs: list[tuple[str, bool]] = field(default_factory=list)

    def take(self, found: re.Match[str]) -> int:
        """Take the next token in; return where the one after it begins."""
        kind = found.lastgroup or "double"
        if kind == "blank":
            self._blank(found)
        elif kind == "join":
            return self._join(found)
        elif kind == "sign":
            self._redirect(found)
        else:
            self._add(found, kind)
        return found.end()

    def end_word(self, end: int) -> None:
        """Put away the word that ends at `end`, if there is one."""
        if self.held:
            self.words.append(self.held.word(self.text, end, is_glued=not self.after_blank))
            self.held, self.after_blank = None, False

    def end_part(self, end: int, sign: str) -> None:
        """Put away the simple command that ends at `end`; `sign` stands behind it."""
        self.end_word(end)
        text = self.text[self.start : end].strip()
        self.parts.append(Part(self.sign, text, tuple(self.words), self.is_open))
        self.words, self.sign, self.is_open, self.after_blank = [], sign, False, True

    def _blank(self, found: re.Match[str]) -> None:
        why = _why_blank(found.group())
        if why and self.held:
            self.held.why = self.held.why or why
        self.why_next = why or self.why_next
        self.end_word(found.start())
        self.after_blank = True

    def _join(self, found: re.Match[str]) -> int:
        self.end_part(found.start(), found.group())
        self.start = found.end()
        if found.group() == "\n":
            self.in_comment = False
            self.start = _behind(self.text, self.start, self.inputs)
            self.inputs = []
        return self.start

    def _redirect(self, found: re.Match[str]) -> None:
        start, number = found.start(), ""
        if self.held and "".join(self.held.texts).isdecimal():
            # A number before `>` belongs to it: "2>&1".
            start, number, self.held = self.held.start, "".join(self.held.texts), None
        self.end_word(found.start())
        text, raw, why = number + found.group(), self.text[start : found.end()], why_sign(self.text, found.start())
        self.words.append(Word(text, raw=raw, why=why, is_sign=True, is_glued=not self.after_blank))
        self.after_blank = False
        # Behind a `#` or an open quote a shell sees none; what looks like its text is to be seen.
        if found.group() in ("<<", "<<-") and not self.in_comment and not self.opened:
            heredoc = HEREDOC.match(self.text, found.start())
            self.inputs += [(heredoc["word"], bool(heredoc["dash"]))] if heredoc else []

    def _add(self, found: re.Match[str], kind: str) -> None:
        """Add a quoted or a bare piece to the word it belongs to."""
        text = found[kind]
        if self.held is None:
            self.held = _Held(found.start(), why=self.why_next, bare=len(text) if kind == "bare" else 0)
            self.why_next = ""
            self.in_comment = self.in_comment or (kind == "bare" and text.startswith("#"))
        held = self.held
        held.why = held.why or _why(kind, text, held.last)
        text = _IN_DOUBLE.sub(_unescaped, text) if kind == "double" and "\\" in text else text
        held.last = text[-1:] or held.last.strip(_BEGIN)
        held.texts.append(text)
        held.globs.append(text if kind == "bare" else literal(text))
        held.is_pattern = held.is_pattern or (kind == "bare" and any(letter in text for letter in WILD))
        self._note_quote(found, kind)

    def _note_quote(self, found: re.Match[str], kind: str) -> None:
        if kind == "open":
            self.is_open = True
            if not self.opened and found.group() in "'\"":
                self.opened = found.group()
                self.literal += [(found.start(), len(self.text))] if self.opened == "'" else []
        elif kind == "single" and not self.opened:
            self.literal.append(found.span())


def _behind(text: str, place: int, inputs: list[tuple[str, bool]]) -> int:
    """Return where the texts of the here-documents that begin at `place` end."""
    for word, dash in inputs:
        while place < len(text):
            line = text[place:end] if (end := text.find("\n", place)) >= 0 else text[place:]
            place += len(line) + 1
            if (line.lstrip("\t") if dash else line).rstrip() == word:
                break
    return min(place, len(text))


def _unescaped(found: re.Match[str]) -> str:
    return found["escaped"] or found.group()


def _why(kind: str, text: str, before: str) -> str:
    """Return why only a shell can tell what a piece becomes; `before` is the letter before it in its word."""
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


def _why_blank(text: str) -> str:
    """Return why something may look like a blank and be none."""
    return next((_why_look_alike(letter) for letter in text if letter not in " \t"), "")


def _why_look_alike(letter: str) -> str:
    """Refuse what is no letter or digit of any script, and what only looks like ASCII."""
    looks = unicodedata.normalize("NFKC", letter)
    if unicodedata.category(letter)[0] in "LMN" and not looks.isascii():
        return ""
    return f"it has a look-alike or unusual sign outside quotes (U+{ord(letter):04X})"

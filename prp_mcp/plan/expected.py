"""What a PRP says must come out of its commands: comments in the block, or prose right behind it."""

import re
from collections.abc import Sequence

from prp_mcp.plan.document import Block, Fence, Text, plain_text
from prp_mcp.plan.scripts import Piece

LONGEST = 500
"""Characters of an expectation that are kept."""

_RESULT = r"(?:results?|outputs?|outcomes?|behaviou?rs?|responses?|returns?|exit codes?|values?)"
_NAMED = re.compile(
    rf"(?:{_RESULT}\s+)?expect(?:ed|s|ation)?\b(?P<more>[^:=]{{0,80}})[:=]\s*(?P<what>.*)", re.IGNORECASE | re.DOTALL
)
_BARE = re.compile(rf"expect(?:ed|s)?(?:\s+{_RESULT})?(?:\s+(?P<what>\S.*))?$", re.IGNORECASE)
_SEE = re.compile(r"(?:you\s+)?should (?:see|return|print|show)\b[^:]{0,80}:\s*(?P<what>.*)", re.IGNORECASE)
_SHOULD = re.compile(
    r"(?:it |this |the (?:query|result|output|command) |output |result )?(?:should|must|needs to|has to)\s+"
    r"(?:not\s+|only\s+|always\s+|all\s+)?"
    r"(?:be|return|show|print|see|output|equal|have|contain|pass|fail|match|exit|find|give|succeed|complete|report|list|"
    r"produce|say|exist|end|finish|read|include|yield|error)\b.*",
    re.IGNORECASE,
)
_MARKED = re.compile(r"(?:\u2705|\u2713|\u2714\ufe0f?|=>|->|\u2192|\u21d2)\s*(?P<what>\S.*)")
_END = re.compile(r"(?:\S+\s+){1,12}(?<!\bas )expected[.!]?$", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*\u2022]|\d{1,2}[.)])\s+")
_PROSE = re.compile(
    rf"expect(?:ed|s)?(?:\s+{_RESULT})?\s*(?:\([^()]{{0,60}}\)\s*)?:\s*(?P<what>.*)", re.IGNORECASE | re.DOTALL
)
_OUTPUT = re.compile(r"expected\s+(?:console\s+|terminal\s+)?outputs?(?:\s*\([^()]{0,60}\))?\s*:?$", re.IGNORECASE)


class CommentPlaces:
    """Tell whether a comment belongs to the command before it or to the one after it, as a reader would."""

    def __init__(self, text: str, pieces: Sequence[Piece]):
        self._lines = text.split("\n")
        self._pieces = pieces
        self._expects = False
        self._top = list(range(len(self._lines)))
        for line in range(1, len(self._lines)):
            if self._is_comment(line) and self._is_comment(line - 1):
                self._top[line] = self._top[line - 1]

    def expects(self, said_before: bool) -> None:
        """Note whether the last command had its expectation before it; then so has the next one."""
        self._expects = said_before

    def goes_back(self, index: int) -> bool:
        """Return whether the comment at `index` speaks of the command before it."""
        line = self._pieces[index].line
        if not self._is_comment(line):
            return True
        top = self._top[line]
        is_apart = top > 0 and not self._lines[top - 1].strip()
        return not (self._is_followed(index) and (is_apart or self._expects))

    def _is_followed(self, index: int) -> bool:
        line = self._pieces[index].line
        for piece in self._pieces[index + 1 : index + 30]:
            line += 1
            if piece.line != line:
                return False
            if not piece.is_comment:
                return True
        return False

    def _is_comment(self, line: int) -> bool:
        return self._lines[line].lstrip().startswith(("#", "--", "/*"))


def said_in(pieces: Sequence[Piece], index: int) -> str | None:
    """Return what the comment at `index` expects, with a list that follows it in comments, or None."""
    what = _said(pieces[index].text)
    if what is None:
        return None
    lines = [what]
    line = pieces[index].line
    for piece in pieces[index + 1 : index + 51]:
        line += 1
        bullet = _BULLET.match(piece.text)
        # "# Expected results:" is often followed by a list in comments.
        if not piece.is_comment or piece.line != line or not bullet:
            break
        lines.append(piece.text[bullet.end() :])
    return "; ".join(part for part in lines if part)[:LONGEST] or None


def said_behind(blocks: Sequence[Block]) -> str | None:
    """Return what the blocks right behind a code block expect of its last command, or None."""
    if not blocks or not isinstance(blocks[0], Text) or blocks[0].kind not in ("paragraph", "item"):
        return None
    said = plain_text(blocks[0].text.split("\n\n")[0])
    if _OUTPUT.fullmatch(said):
        return _shown(blocks[1]) if len(blocks) > 1 else None
    found = _PROSE.match(said)
    if not found:
        return None
    return (found["what"].strip() or _listed(blocks[1:]))[:LONGEST] or None


def both(first: str | None, second: str | None) -> str | None:
    """Join two expectations of one command."""
    if first and second:
        return f"{first}; {second}"[:LONGEST]
    return first or second


def _said(comment: str) -> str | None:
    text = comment.strip()
    marked = _MARKED.match(text)
    text = marked["what"].strip() if marked else text
    for pattern in (_SEE, _NAMED, _BARE):
        if found := pattern.match(text):
            return (found["what"] or "").strip()
    if marked or _SHOULD.fullmatch(text) or _END.match(text):
        return text
    return None


def _shown(block: Block) -> str | None:
    if not isinstance(block, Fence) or block.language not in ("", "text", "txt", "output", "console"):
        return None
    lines = [line.strip() for line in block.text.split("\n") if line.strip()]
    # Several lines are an example, of which nobody knows which part matters.
    return f'output contains "{lines[0][:LONGEST]}"' if len(lines) == 1 else None


def _listed(blocks: Sequence[Block]) -> str:
    items: list[str] = []
    for block in blocks[:50]:
        if not isinstance(block, Text) or block.kind != "item" or block.box is not None:
            break
        items.append(plain_text(block.text))
    return "; ".join(items)

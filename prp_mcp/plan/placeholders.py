"""What a template left to be filled in and nobody did."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prp_mcp.plan.context import KEYS
from prp_mcp.plan.document import Document, Fence, Heading, Text, code_spans, masked, plain_text, without_comments
from prp_mcp.plan.model import PrpFinding, Role
from prp_mcp.plan.sections import Outline


@dataclass(frozen=True)
class _Kind:
    pattern: re.Pattern[str]
    why: str
    fix: str


_ANGLE = _Kind(
    re.compile(r"<(?:your\b|your[-_ ]|todo\b|tbd\b|fixme\b|insert\b|fill[-_ ]in\b)[^<>\n]{0,200}>", re.IGNORECASE),
    "a value is still to be filled in",
    "Write the value. A value known only at run time is written like <warehouse_id>.",
)
_BRACES = _Kind(
    re.compile(r"\{\{(?![{%])[^{}\n]{0,200}\}\}"), "a template variable is still to be filled in", "Write the value."
)
_ARGUMENTS = _Kind(
    re.compile(r"\$ARGUMENTS\b"), "the argument of a command was never filled in", "Write what the argument stands for."
)
_SCORE = _Kind(
    re.compile(r"(?<![\w_])_{1,5}\s?/\s?(?:10|5|100)\b"), "a score is still to be filled in", "Write the score."
)
_BRACKETS = _Kind(
    re.compile(
        r"(?:(?:\*\*|__)[^*_\n]{1,80}(?:\*\*|__)\s*:?\s*|[A-Z][\w /&-]{0,60}:\s+)?"
        r"[*_]{0,3}(?P<token>\[[^\[\]\n]{3,300}\])[*_]{0,3}\s*\.?"
    ),
    "the text in brackets is a template's instruction, not content",
    "Replace it with what it asks for, or remove the line.",
)
_MARKER = _Kind(
    re.compile(r"(?P<token>\b(?:TODO|TBD|FIXME)\b)"),
    "something is still to be decided or written",
    "Decide and write it.",
)

_RUN_TIME = re.compile(r"\{\{\s*(?:secrets/|job\.|tasks?\.|workspace\.|backfill\.|run\.|start_|ds\b)")
# "<your-...>" speaks of placeholders; so does "<TODO>" where it is quoted.
_ELLIPSIS = re.compile(r"<(?:your|todo|tbd|fixme)[-_: ]*(?:\.\.\.|\u2026|\*)>", re.IGNORECASE)
_QUOTED = re.compile(r"<(?:your|todo|tbd|fixme)[-_: ]*(?:\.\.\.|\u2026|\*)?>", re.IGNORECASE)
# "TODO" marks work where a line begins with it, a colon or bracket follows, or it is a value ("Owner: TBD").
_MARKING = re.compile(
    r"^[\s>*_\-+#|(\[{:]*(?:TODO|TBD|FIXME)\b"
    r"(?!\s*(?:s\b|comments?\b|markers?\b|items?\b|lists?\b|and\b|or\b|is\b|are\b|,))"
    r"|\b(?:TODO|TBD|FIXME)\s*(?:\([\w .-]{1,30}\)\s*)?:"
    r"|[:=|(\[\u2013\u2014-]\s*[*_]*(?:TODO|TBD|FIXME)[*_]*\s*(?:$|[.)\]|;])"
    r"|^[*_\s]*(?:TODO|TBD|FIXME)[*_\s.!?]*$"
)
_ABOUT = re.compile(
    r"\b(?:no|without|any|zero|remaining|leftover|remove|search for|grep|contains?|holds?|mentions?|resolve|all)\s+"
    r"(?:[\w'\"`/]+\s+){0,3}['\"`(]*(?:TODO|TBD|FIXME)",
    re.IGNORECASE,
)
_NO_TEMPLATE = re.compile(r"\[(?:[ xX~/-]|wip|\^?\d+|[A-Z]+-?\d*|US\d+|P|!\w+|-?\d.*|['\"].*)\]$", re.IGNORECASE)
_SUSPECT = re.compile(r"[<\[{$]|_\s?/|TODO|TBD|FIXME")
_TYPED = (Role.BLUEPRINT, Role.VALIDATION)
_REFERENCE = re.compile(rf"\s*(?:-\s+)?(?:{'|'.join(KEYS)})\s*:", re.IGNORECASE)
_LATER_SCORE = re.compile(r"\b(?:implementation|execution|result)\b", re.IGNORECASE)


def placeholder_findings(document: Document, outline: Outline) -> list[PrpFinding]:
    """Return a finding for each placeholder, one a line, with the line and column it stands at.

    Code is an example and is left alone, except that the tasks and the validation commands must not hold
    `<your-...>` or `<TODO ...>`: those would be typed as they stand.
    """
    found: list[PrpFinding] = []
    for block in document.blocks:
        if isinstance(block, Fence):
            found += _in_fence(document, outline, block)
        else:
            found += _in_text(document, outline, block)
    return found


def _in_fence(document: Document, outline: Outline, fence: Fence) -> Iterator[PrpFinding]:
    if "<" not in fence.text:
        return
    role = outline.role_at(fence.line)
    is_content = role in _TYPED or fence.text.startswith("quality:")
    for offset, line in enumerate(fence.text.split("\n")):
        if not is_content and not (role is Role.CONTEXT and _REFERENCE.match(line)):
            continue
        angle = next((each for each in _ANGLE.pattern.finditer(line) if not _ELLIPSIS.fullmatch(each.group())), None)
        if angle:
            yield _finding(document, _ANGLE, fence.content_line + offset, angle.group())


def _in_text(document: Document, outline: Outline, block: Heading | Text) -> Iterator[PrpFinding]:
    text = block.text
    # A table may have a hundred thousand cells, each looked at for nothing.
    if not _SUSPECT.search(text):
        return
    if isinstance(block, Text) and block.kind == "html":
        text = without_comments(text)
    quoted: dict[int, str] = {}
    for start, _, code in code_spans(text):
        angle = _ANGLE.pattern.search(code)
        # Elsewhere code that merely holds a placeholder is an example; in a task it would be typed.
        is_whole = angle and angle.group() == code
        if angle and not _QUOTED.fullmatch(angle.group()) and (is_whole or outline.role_at(block.line) in _TYPED):
            quoted.setdefault(text.count("\n", 0, start), angle.group())
    raw = text.split("\n")
    for offset, line in enumerate(masked(text).split("\n")):
        hit = _in_line(line, raw[offset])
        if hit is None and offset in quoted:
            hit = (_ANGLE, quoted[offset])
        if hit:
            # "Implementation Quality Score: __/10" is filled in when the work is done, by whoever did it.
            is_later = hit[0] is _SCORE and bool(_LATER_SCORE.search(plain_text(line)))
            yield _finding(document, hit[0], block.line + offset, hit[1], is_later=is_later)


def _in_line(line: str, raw: str) -> tuple[_Kind, str] | None:
    angle = _ANGLE.pattern.search(line)
    if angle and not _ELLIPSIS.fullmatch(angle.group()):
        return _ANGLE, angle.group()
    braces = _BRACES.pattern.search(line)
    if braces and not _RUN_TIME.match(braces.group()):
        return _BRACES, braces.group()
    for kind in (_SCORE, _ARGUMENTS):
        if found := kind.pattern.search(line):
            return kind, found.group()
    # Blanked-out code and links are content: a line is only a bracket when nothing else was there.
    alone = _BRACKETS.pattern.fullmatch(raw.strip()) if line.strip() == raw.strip() else None
    if alone and _is_instruction(alone["token"]):
        return _BRACKETS, alone["token"]
    if _MARKING.search(line) and not _ABOUT.search(line):
        marker = _MARKER.pattern.search(line)
        return (_MARKER, marker.group()) if marker else None
    return None


def _is_instruction(token: str) -> bool:
    parts = token[1:-1].split(",")
    # "[value, setValue]" and "[Task 1, Task 2]" list things; "[Specific, measurable end state]" asks for them.
    is_list = len(parts) > 1 and ":" not in token and all(len(part.split()) <= 2 for part in parts)
    return " " in token and not is_list and not _NO_TEMPLATE.fullmatch(token)


def _finding(document: Document, kind: _Kind, line: int, text: str, *, is_later: bool = False) -> PrpFinding:
    return PrpFinding(
        "placeholder",
        "note" if is_later else "error",
        line,
        document.column(line, text),
        text[:200],
        "a score to fill in after the work" if is_later else kind.why,
        kind.fix,
    )

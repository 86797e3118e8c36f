"""The check boxes of a PRP, wherever they stand outside code."""

import re
from collections.abc import Iterator, Sequence

from prp_mcp.commands.gate_forms import gate_of
from prp_mcp.commands.line import read_line
from prp_mcp.commands.outdated import outdated_form
from prp_mcp.commands.programs import is_command
from prp_mcp.plan.document import Document, Text, code_spans, plain_text
from prp_mcp.plan.model import Check, PrpFinding, Section
from prp_mcp.plan.sections import Outline, bare_title

MANDATORY = (
    *("checklist", "success criteria", "acceptance criteria", "definition of done", "exit criteria"),
    *("criterios de aceptaci\u00f3n", "criterios de \u00e9xito", "lista de verificaci\u00f3n"),
)
"""What a heading says when every box under it must be proven."""

_BOX_LINE = re.compile(r"^(?P<before>[\s>]*(?:[-*+]|\d{1,9}[.)])\s+)\[(?:[xX~/\-]|wip|f)\](?=\s|$)")
_BOX_HEADING = re.compile(r"^(?P<before>#{1,6}\s+)(?P<tick>`?)\[(?:[xX~/\-]|wip|f)\](?P=tick)")
# What turns a sentence round a command into another one than "this command succeeds".
_NEGATES = re.compile(
    r"\b(?:not (?:enough|just|only|merely|sufficient)|(?:is|are)n't enough|instead of|rather than|unless|except|never"
    r"|no longer|do not|don't|does not replace|(?:must|should|may|can) ?not|can't|cannot|refused|rejected|denied"
    r"|(?:should|must|will) fail|fails|without(?! (?:any )?(?:errors?|warnings?|failures?|issues?|problems?)\b)"
    r"|no basta|en (?:lugar|vez) de|a menos que|salvo|ya no|nunca|sin(?! (?:ning\u00fan )?(?:error|aviso|fallo)))\b",
    re.IGNORECASE,
)
_TEXT = 500


def read_checklist(document: Document, outline: Outline) -> tuple[Check, ...]:
    """Return the check boxes in order, with ids C1, C2 and so on; nested boxes count like others."""
    checks: list[Check] = []
    under = _Mandate(outline)
    for item in _boxes(document):
        command = _proof(item.text)
        shell = read_line(command) if command else None
        checks.append(
            Check(
                f"C{len(checks) + 1}",
                plain_text(item.text)[:_TEXT],
                item.line,
                item.box in ("x", "X"),
                command,
                gate_of(shell) if shell else None,
                under.reaches(item.line),
                shell,
            )
        )
    return tuple(checks)


def _proof(text: str) -> str | None:
    """Return the command that an item is about: the only one in it, and no word around it says otherwise."""
    spans = code_spans(text)
    commands = [code for _, _, code in spans if is_command(code)]
    if len(commands) != 1:
        return None
    ends = [0, *(end for _, end, _ in spans)]
    around = " ".join(
        text[end:start] for end, start in zip(ends, [*(start for start, _, _ in spans), None], strict=True)
    )
    # A line end between two words is a blank.
    return None if _NEGATES.search(" ".join(around.replace("\u2019", "'").split())) else commands[0]


def outdated_checks(checklist: Sequence[Check]) -> Iterator[PrpFinding]:
    """Yield a note for each check whose command the present Databricks CLI refuses."""
    for check in checklist:
        if check.shell and (old := outdated_form(check.shell)):
            why, text = f"{check.id}: {old.why}", check.shell.text[:200]
            yield PrpFinding("command-outdated", "note", check.line, 1, text, why, f"Write: {old.right}")


def neutral_lines(document: Document) -> tuple[str, ...]:
    """Return the lines with every check box cleared and trailing blanks cut: what a digest must not depend on."""
    lines = [line.rstrip() for line in document.lines]
    for item in _boxes(document):
        lines[item.line - 1] = _BOX_LINE.sub(r"\g<before>[ ]", lines[item.line - 1], count=1)
    for heading in document.headings:
        lines[heading.line - 1] = _BOX_HEADING.sub(r"\g<before>\g<tick>[ ]\g<tick>", lines[heading.line - 1], count=1)
    return tuple(lines)


def _boxes(document: Document) -> Iterator[Text]:
    return (text for text in document.texts if text.box is not None)


class _Mandate:
    """Tell whether a line stands under a heading that makes its boxes mandatory; ask in rising order."""

    def __init__(self, outline: Outline):
        self._sections: list[Section] = [
            section for section in outline.sections if any(name in bare_title(section.title) for name in MANDATORY)
        ]
        self._next = 0
        self._reach = 0

    def reaches(self, line: int) -> bool:
        while self._next < len(self._sections) and self._sections[self._next].line <= line:
            self._reach = max(self._reach, self._sections[self._next].end_line)
            self._next += 1
        return line <= self._reach

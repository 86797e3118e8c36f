"""The check boxes of a PRP, wherever they stand outside code."""

import re
from collections.abc import Iterator

from prp_mcp.plan.commands import bindings_in, gate_of, is_command
from prp_mcp.plan.document import Document, Text, code_spans, plain_text
from prp_mcp.plan.model import Binding, Check, Command, Section
from prp_mcp.plan.sections import Outline, bare_title

MANDATORY = ("checklist", "success criteria", "acceptance criteria", "definition of done", "exit criteria")
"""What a heading says when every box under it must be proven."""

_BOX_LINE = re.compile(r"^(?P<before>[\s>]*(?:[-*+]|\d{1,9}[.)])\s+)\[(?:[xX~/\-]|wip|f)\](?=\s|$)")
_BOX_HEADING = re.compile(r"^(?P<before>#{1,6}\s+)(?P<tick>`?)\[(?:[xX~/\-]|wip|f)\](?P=tick)")
_TEXT = 500


def read_checklist(document: Document, outline: Outline) -> tuple[Check, ...]:
    """Return the check boxes in order, with ids C1, C2 and so on; nested boxes count like others."""
    checks: list[Check] = []
    under = _Mandate(outline)
    for item in _boxes(document):
        command = next((code for _, _, code in code_spans(item.text) if is_command(code)), None)
        checks.append(
            Check(
                f"C{len(checks) + 1}",
                plain_text(item.text)[:_TEXT],
                item.line,
                item.box in ("x", "X"),
                command,
                gate_of(command) if command else None,
                under.reaches(item.line),
            )
        )
    return tuple(checks)


def neutral_lines(document: Document) -> tuple[str, ...]:
    """Return the lines with every check box cleared and trailing blanks cut: what a digest must not depend on."""
    lines = [line.rstrip() for line in document.lines]
    for item in _boxes(document):
        lines[item.line - 1] = _BOX_LINE.sub(r"\g<before>[ ]", lines[item.line - 1], count=1)
    for heading in document.headings:
        lines[heading.line - 1] = _BOX_HEADING.sub(r"\g<before>\g<tick>[ ]\g<tick>", lines[heading.line - 1], count=1)
    return tuple(lines)


def read_bindings(commands: tuple[Command, ...], checklist: tuple[Check, ...]) -> tuple[Binding, ...]:
    """Return the run-time values that commands and checks need, each where it stands first."""
    found: dict[str, int] = {}
    for command in commands:
        for offset, line in enumerate(command.text.split("\n")):
            for name in bindings_in(line):
                found.setdefault(name, command.line + offset)
    for check in checklist:
        for name in bindings_in(check.command or ""):
            found.setdefault(name, check.line)
    return tuple(Binding(name, line) for name, line in sorted(found.items(), key=lambda each: each[1]))


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

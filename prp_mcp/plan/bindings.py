"""The values that a PRP's commands and checks need at run time, each where it stands first."""

from collections.abc import Sequence

from prp_mcp.commands.bindings import bindings_in, spelled
from prp_mcp.plan.document import Document
from prp_mcp.plan.model import Binding, Check, Command, PrpFinding


def read_bindings(
    document: Document, commands: Sequence[Command], checklist: Sequence[Check]
) -> tuple[tuple[Binding, ...], tuple[PrpFinding, ...]]:
    """Return the run-time values that commands and checks need, each where it stands first, and a note for each."""
    found: dict[str, tuple[int, int, str]] = {}
    ends = [*(command.line for command in commands[1:]), len(document.lines) + 1][: len(commands)]
    for command, end in zip(commands, ends, strict=True):
        for name in command.bindings:
            if name not in found:
                found[name] = _first_place(document, name, command.line, min(end, command.line + 500))
    for check in checklist:
        for name in bindings_in(check.shell) if check.shell and not check.gate else ():
            place = _first_place(document, name, check.line, check.line + 1)
            found[name] = min(found.get(name, place), place)
    ordered = sorted(found.items(), key=lambda each: each[1])
    bindings = tuple(Binding(name, place[0]) for name, place in ordered)
    return bindings, tuple(_note(name, *place) for name, place in ordered)


def _first_place(document: Document, name: str, first: int, end: int) -> tuple[int, int, str]:
    for line in range(first, end):
        for found in spelled(document.lines[line - 1]):
            if name == found.name:
                return line, found.start + 1, document.lines[line - 1][found.start : found.end]
    return first, 1, f"<{name}>"


def _note(name: str, line: int, column: int, spelled: str) -> PrpFinding:
    return PrpFinding(
        "command-binding",
        "note",
        line,
        column,
        spelled,
        f"a command needs a value for <{name}> when it is run",
        "Give the value when the commands are run; nothing needs to change in the PRP.",
    )

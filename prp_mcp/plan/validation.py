"""The validation commands of a PRP, read from the code blocks of its validation sections."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from prp_mcp.code.queries import why_not_reading
from prp_mcp.commands.bindings import bindings_in, bindings_in_sql, variables_set
from prp_mcp.commands.gate_forms import gate_of
from prp_mcp.commands.line import CommandLine, read_line
from prp_mcp.commands.outdated import outdated_form
from prp_mcp.commands.programs import is_command
from prp_mcp.commands.proof import PROVES_NOTHING, cannot_fail, why_blocked
from prp_mcp.plan import scripts, sql_checks
from prp_mcp.plan.document import Block, Document, Fence, Heading, Text, code_spans, plain_text
from prp_mcp.plan.expected import CommentPlaces, both, said_behind, said_in
from prp_mcp.plan.model import Command, PrpFinding, Role
from prp_mcp.plan.no_commands import NoCommand, told_apart, without_trees
from prp_mcp.plan.scripts import Piece
from prp_mcp.plan.sections import Outline

MAX_COMMANDS = 500

SHELLS = frozenset({"bash", "sh", "shell", "zsh", "console", "shell-session", "terminal"})
"""Languages of code blocks that hold commands."""

SQL = frozenset({"sql", "spark-sql", "sparksql", "databricks-sql"})
"""Languages of code blocks that hold queries."""

_PROMPTED = frozenset({"console", "shell-session", "terminal"})
_LEVEL = re.compile(r"\b(?:level|gate|stage|tier|phase|step|nivel|fase|paso)\s*#?\s*(\d{1,2})\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Found:
    level: int
    block: Fence | Text
    behind: tuple[Block, ...]


def read_commands(document: Document, outline: Outline) -> tuple[tuple[Command, ...], tuple[PrpFinding, ...]]:
    """Return the commands under the validation sections, in order; ids are `L<level>.<n>`.

    Commands are what stands in code blocks; only where there is none, inline code of lists and tables counts.
    """
    commands: list[Command] = []
    findings: list[PrpFinding] = []
    counts: dict[int, int] = {}
    found = list(_placed(document, outline))
    for level, read, others in _fenced(found) or _inline(found):
        findings += others
        for command in read:
            if len(commands) == MAX_COMMANDS:
                why = f"the PRP has more than {MAX_COMMANDS} validation commands"
                fix = "Move them into scripts or tests."
                findings.append(PrpFinding("command-excess", "error", command.line, 1, command.text[:200], why, fix))
                return tuple(commands), tuple(findings)
            counts[level] = counts.get(level, 0) + 1
            commands.append(replace(command, id=f"L{level}.{counts[level]}"))
            findings += _weaknesses(commands[-1])
    return tuple(commands), tuple(findings)


_Read = tuple[int, list[Command], list[PrpFinding]]


def _fenced(found: Sequence[_Found]) -> list[_Read]:
    read = [(each.level, *_in_fence(each, each.block)) for each in found if isinstance(each.block, Fence)]
    return read if any(commands or notes for _, commands, notes in read) else []


def _inline(found: Sequence[_Found]) -> list[_Read]:
    return [(each.level, _in_text(each, each.block), []) for each in found if isinstance(each.block, Text)]


def _placed(document: Document, outline: Outline) -> Iterator[_Found]:
    """Yield the code blocks, items and cells of the validation sections with their levels."""
    for section in outline.playing(Role.VALIDATION):
        levels: list[tuple[int, int]] = []
        bold = None
        blocks = document.between(section.line, section.end_line)
        for index, block in enumerate(blocks):
            if isinstance(block, Heading):
                levels = [(depth, number) for depth, number in levels if depth < block.level]
                bold = None
                if found := _LEVEL.search(plain_text(block.text)):
                    levels.append((block.level, int(found[1])))
            elif isinstance(block, Text) and block.text.startswith("**"):
                named = _LEVEL.match(plain_text(block.text.partition("\n")[0]))
                bold = int(named[1]) if named else bold
            if isinstance(block, Fence) or (isinstance(block, Text) and block.kind in ("item", "cell")):
                yield _Found(bold or (levels[-1][1] if levels else 1), block, blocks[index + 1 : index + 60])


def _in_text(found: _Found, text: Text) -> list[Command]:
    if text.box is not None or "`" not in text.text:
        return []
    codes = [(text.text.count("\n", 0, start), code) for start, _, code in code_spans(text.text) if is_command(code)]
    built = [(line, _shell_command(Piece(code, line), _Before())) for line, code in codes[:MAX_COMMANDS]]
    return [replace(command, level=found.level, line=text.line + line) for line, command in built]


def _in_fence(found: _Found, fence: Fence) -> tuple[list[Command], list[PrpFinding]]:
    notes: list[PrpFinding] = []
    if fence.language in SQL:
        commands = _read(sql_checks.pieces(fence.text), fence, fence.text, _sql_command)
    elif not fence.language or fence.language in SHELLS:
        text, tree = without_trees(_prompted(fence))
        pieces = scripts.split(text)
        first = next((piece for piece in pieces if not piece.is_comment), None)
        if not fence.language and not (first and is_command(first.text.split("\n")[0])):
            return [], []
        kept, others = told_apart(pieces, tree)
        notes = [_no_command(fence, other) for other in others]
        commands = _read(scripts.in_folders(kept), fence, text, _shell_command)
    else:
        return [], []
    if commands:
        said = said_behind(found.behind)
        commands[-1] = replace(commands[-1], expected=both(commands[-1].expected, said))
    return [replace(command, level=found.level) for command in commands], notes


@dataclass
class _Before:
    """What the lines before a command did to its shell: the variables they set, and those that programs get."""

    names: set[str] = field(default_factory=set)
    exported: set[str] = field(default_factory=set)

    def note(self, line: CommandLine) -> None:
        found = variables_set(line)
        self.names |= found
        self.exported |= found if line.text.startswith("export ") else set()


_Build = Callable[[Piece, _Before], Command]


def _read(pieces: Sequence[Piece], fence: Fence, text: str, build: _Build) -> list[Command]:
    commands: list[Command] = []
    places = CommentPlaces(text, pieces)
    waiting: str | None = None
    before = _Before()
    for index, piece in enumerate(pieces):
        if not piece.is_comment:
            command = build(piece, before)
            commands.append(replace(command, line=fence.content_line + piece.line, expected=waiting))
            places.expects(waiting is not None)
            waiting = None
        elif said := said_in(pieces, index):
            if commands and places.goes_back(index):
                commands[-1] = replace(commands[-1], expected=both(commands[-1].expected, said))
            else:
                waiting = both(waiting, said)
        if len(commands) > MAX_COMMANDS:
            break
    return commands


def _shell_command(piece: Piece, before: _Before) -> Command:
    line = read_line(piece.text)
    gate = gate_of(line)
    elsewhere = _elsewhere(before) if gate else None
    gate = None if elsewhere else gate
    sent = None if gate or piece.flaw else sql_checks.sent_statement(line)
    if sent and not sent.flaw:
        return _sql_command(Piece(sent.statement, piece.line), before)
    flaw = piece.flaw or elsewhere or (sent.flaw if sent else None)
    blocked = flaw or (None if gate else why_blocked(line))
    # What a gate proves is never run: it needs no values.
    names = [] if gate else bindings_in(line, frozenset(before.names))
    before.note(line)
    return Command("", 0, piece.text, 0, None, gate, blocked, "shell", tuple(names), line)


def _elsewhere(before: _Before) -> str | None:
    """Return why a gate does not stand for what follows such lines, or None."""
    found = sorted(name for name in before.exported if name.startswith(("DATABRICKS_", "BUNDLE_")))
    return f"a line before it sets {found[0]}, so it may be about another workspace or target" if found else None


def _sql_command(piece: Piece, _: _Before) -> Command:
    blocked = piece.flaw or why_not_reading(piece.text) or None
    return Command("", 0, piece.text, 0, None, None, blocked, "sql", tuple(bindings_in_sql(piece.text)))


def _prompted(fence: Fence) -> str:
    if fence.language not in _PROMPTED:
        return fence.text
    # What has no prompt is output; empty lines keep the line numbers.
    return "\n".join(line if re.match(r"\s*\$ ", line) else "" for line in fence.text.split("\n"))


def _weaknesses(command: Command) -> Iterator[PrpFinding]:
    old = outdated_form(command.shell) if command.shell else None
    if old:
        yield _note(command, "command-outdated", old.why, f"Write: {old.right}")
    if command.shell and cannot_fail(command.shell):
        yield _note(command, "command-cannot-fail", PROVES_NOTHING, "Drop the part that always succeeds.")
    told = {old.why if old else "", PROVES_NOTHING}
    if command.blocked and command.blocked not in told:
        yield _note(command, "command-blocked", command.blocked, "Rewrite it, or prove the point by hand.")


def _note(command: Command, rule: str, why: str, fix: str) -> PrpFinding:
    first = command.text.split("\n")[0][:200]
    return PrpFinding(rule, "note", command.line, 1, first, f"{command.id}: {why}", fix[:600])


def _no_command(fence: Fence, other: NoCommand) -> PrpFinding:
    shown = other.text.split("\n")[0][:200] or f"```{fence.language}"
    fix = "Put it into a block of another language (```text), so that nobody takes it for a command."
    return PrpFinding(
        "command-none", "note", fence.content_line + other.line, 1, shown, f"taken for {other.what}, not run", fix
    )

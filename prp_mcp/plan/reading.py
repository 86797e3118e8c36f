"""A PRP's text as a plan: the one door into this room for Markdown."""

import hashlib
import re
from collections.abc import Sequence
from itertools import chain
from types import MappingProxyType

from prp_mcp.plan.bindings import read_bindings
from prp_mcp.plan.checklist import neutral_lines, outdated_checks, read_checklist
from prp_mcp.plan.context import read_context
from prp_mcp.plan.document import Document, Heading, Text, parse, plain_text
from prp_mcp.plan.model import Plan, PrpFinding, Role, Section
from prp_mcp.plan.placeholders import placeholder_findings
from prp_mcp.plan.sections import Outline, bare_title, fence_findings, outline
from prp_mcp.plan.tasks import read_tasks
from prp_mcp.plan.thresholds import read_thresholds
from prp_mcp.plan.validation import read_commands

GOAL_CHARACTERS = 600
GOALS = (
    "goal",
    "goals",
    "feature goal",
    "objective",
    "objectives",
    "purpose",
    "summary",
    "tl;dr",
    "overview",
    "objetivo",
    "objetivos",
)
"""Names of the section a plan's goal is taken from, the best first."""

_TITLE = 200


def read_plan(text: str, name: str, *, strict: bool = False) -> Plan:
    """Read a PRP; whatever is wrong with it is in `findings`, in the order of lines.

    With `strict` a section under another name than the three verbatim ones is an error.
    Raises UsageError for a text that is too large to be read in bounded time (256 KiB, 20,000 lines).
    """
    document = parse(text)
    sections = outline(document, strict=strict)
    tasks, task_findings = read_tasks(document, sections)
    commands, command_findings = read_commands(document, sections)
    checklist = read_checklist(document, sections)
    bindings, binding_findings = read_bindings(document, commands, checklist)
    thresholds, threshold_findings = read_thresholds(document)
    findings = chain(
        sections.findings,
        fence_findings(document),
        placeholder_findings(document, sections),
        task_findings,
        command_findings,
        binding_findings,
        outdated_checks(checklist),
        _nothing_to_prove(sections, bool(commands or checklist)),
        threshold_findings,
    )
    return Plan(
        name=name,
        title=_title(document, name),
        goal=_goal(document, sections),
        sections=sections.sections,
        tasks=tasks,
        commands=commands,
        checklist=checklist,
        context=read_context(document, sections),
        bindings=bindings,
        thresholds=MappingProxyType(thresholds),
        findings=tuple(sorted(findings, key=lambda finding: (finding.line, finding.column))),
        digest=_digest(document),
    )


def is_sound(plan: Plan) -> bool:
    """Return whether a plan can be worked on: nothing in it is an error."""
    return not any(finding.severity == "error" for finding in plan.findings)


def _title(document: Document, name: str) -> str:
    first = next((heading for heading in document.headings if heading.level == 1), None)
    first = first or next(iter(document.headings), None)
    shown = plain_text(first.text)[:_TITLE] if first else ""
    return shown or name


def _goal(document: Document, sections: Outline) -> str:
    found = _goal_section(sections.sections)
    if not found:
        return ""
    words: list[str] = []
    for block in document.between(found.line + 1, found.end_line):
        if isinstance(block, Heading) and words:
            break
        if isinstance(block, Text) and block.kind in ("paragraph", "item"):
            words.append(plain_text(block.text))
        if sum(map(len, words)) > GOAL_CHARACTERS:
            break
    goal = " ".join(words)
    if len(goal) <= GOAL_CHARACTERS:
        return goal
    return goal[: GOAL_CHARACTERS - 3].rsplit(" ", 1)[0].rstrip(" ,;:") + "..."


def _goal_section(sections: Sequence[Section]) -> Section | None:
    titles = [bare_title(section.title) for section in sections]
    for goal in GOALS:
        if goal in titles:
            return sections[titles.index(goal)]
    return None


def _nothing_to_prove(sections: Outline, has_proof: bool) -> list[PrpFinding]:
    playing = sections.playing(Role.VALIDATION)
    empty = {finding.line for finding in sections.findings if finding.rule == "section-empty"}
    if has_proof or not playing or playing[0].line in empty:
        return []
    why = f"{playing[0].title!r} has no commands, and the PRP has no check boxes"
    fix = "Add bash blocks with commands under '### Level 1', or a checklist '- [ ] ...'."
    return [PrpFinding("validation-none", "note", playing[0].line, 1, playing[0].title, why, fix)]


def _digest(document: Document) -> str:
    # A trailing blank line is no change of the plan either.
    text = re.sub(r"\n+\Z", "", "\n".join(neutral_lines(document)))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

"""Headings as sections, and which of them play the three roles a PRP must fill."""

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from prp_mcp.plan.document import Document, Fence, Heading, plain_text, without_comments
from prp_mcp.plan.model import Match, PrpFinding, Role, Section
from prp_mcp.plan.ordering import KIND

EXACT = {
    Role.CONTEXT: "All Needed Context",
    Role.BLUEPRINT: "Implementation Blueprint",
    Role.VALIDATION: "Validation Loop",
}
"""The name of each required section."""

ALIASES = {
    Role.CONTEXT: (
        "Context",
        "Needed Context",
        "References",
        "Context and References",
        "Research Findings",
        "Documentation",
        "Documentation and References",
        "Background",
        "Mandatory Reading",
        *("Contexto", "Contexto necesario", "Todo el contexto necesario", "Referencias", "Documentaci\u00f3n"),
    ),
    Role.BLUEPRINT: (
        "Implementation Steps",
        "Implementation Plan",
        "Implementation",
        "Implementation Tasks",
        "Implementation Phases",
        "Implementation Details",
        "Proposed Solution",
        "Solution Design",
        "Task Breakdown",
        "Step-by-Step Tasks",
        "Tasks",
        *("Plan de implementaci\u00f3n", "Implementaci\u00f3n", "Pasos de implementaci\u00f3n", "Tareas"),
    ),
    Role.VALIDATION: (
        "Validation Gates",
        "Validation Loops",
        "Validation",
        "Validation Commands",
        "Validation Steps",
        "Testing Strategy",
        "Test Plan",
        *("Validaci\u00f3n", "Bucle de validaci\u00f3n", "Plan de pruebas"),
    ),
}
"""Other names seen in public PRPs for the same thing: accepted with a note."""

WEAK_ALIASES = {
    Role.BLUEPRINT: ("Rollout Plan", "Rollout"),
    Role.VALIDATION: (
        "Final Validation Checklist",
        "Acceptance Criteria",
        "Definition of Done",
        "Exit Criteria",
        "Success Criteria",
        *("Criterios de aceptaci\u00f3n", "Criterios de \u00e9xito"),
    ),
}
"""Names that play a role only where nothing better does."""

CONTENTS = {
    Role.CONTEXT: "the files, documents and facts the work needs",
    Role.BLUEPRINT: "the tasks, in order (for example '### Task 1: Create the bronze table')",
    Role.VALIDATION: "'### Level 1' and so on, each with a bash block of commands that prove the work",
}

_NUMBERING = re.compile(
    r"(?:(?:section|part|chapter)\s+)?(?:\d+(?:\.\d+)*\s*[.):\-\u2013\u2014]?\s+|\d+(?:\.\d+)*[.):]|[ivxlc]+[.):]\s*|[a-z][.)]\s+)"
    r"(?=\S)"
)
# Unicode's categories of emoji, invisible signs and what stands for nothing.
_ORNAMENTS = ("So", "Sk", "Cf", "Mn", "Me", "Co", "Cn", "Cs", "Cc")
_SUFFIX = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_PARTS = {
    Role.CONTEXT: re.compile(r"(?!)"),
    Role.BLUEPRINT: re.compile(rf"(?:{KIND})\s*#?\d"),
    Role.VALIDATION: re.compile(r"(?:level|gate|nivel)\s*#?\d"),
}
_CLOSE_ENOUGH = 0.8
_COMPARED_HEADINGS = 500
_OPENING = re.compile(r"(?:`{3,}|~{3,})[a-z]+\s*$")


@dataclass(frozen=True)
class Outline:
    """The sections of a document, those that play each role, and what is wrong with them."""

    sections: tuple[Section, ...]
    findings: tuple[PrpFinding, ...]

    def playing(self, role: Role) -> tuple[Section, ...]:
        """Return the sections of `role`, none inside another of them."""
        found: list[Section] = []
        for section in self.sections:
            if section.role is role and not (found and section.line <= found[-1].end_line):
                found.append(section)
        return tuple(found)

    def role_at(self, line: int) -> Role | None:
        """Return the role of the innermost section around `line` that has one."""
        innermost = None
        for section in self._with_role:
            if section.line <= line <= section.end_line:
                innermost = section.role
        return innermost

    @cached_property
    def _with_role(self) -> tuple[Section, ...]:
        return tuple(section for section in self.sections if section.role)


def outline(document: Document, *, strict: bool = False) -> Outline:
    """Find the sections of `document` and the role of each; what is missing or misspelt becomes a finding.

    Another name than the verbatim one is a note, with `strict` an error.
    """
    bare = _sections(document)
    titles = [bare_title(section.title) for section in bare]
    matches = _matches(bare, titles)
    sections = tuple(
        replace(section, role=matches[index][0], match=matches[index][1]) if index in matches else section
        for index, section in enumerate(bare)
    )
    findings: list[PrpFinding] = []
    for role in Role:
        playing = [section for section in sections if section.role is role]
        if not playing:
            findings.append(_absent(role, sections, titles, document.last_line))
        elif not any(section.match == "exact" for section in playing):
            findings.append(_alias(role, playing[0], document, strict=strict))
        findings += _hollow(role, playing, document)
    return Outline(sections, tuple(findings))


def bare_title(heading: str) -> str:
    """Return a heading's words: no markup, emoji, number, bracketed suffix or closing colon; lower case."""
    text = unicodedata.normalize("NFKC", plain_text(heading))
    text = "".join(" " if unicodedata.category(letter) in _ORNAMENTS else letter for letter in text)
    text = " ".join(text.replace("&", " and ").split()).casefold()
    text = _NUMBERING.sub("", text, count=1) if _NUMBERING.match(text) else text
    # Bracketed suffixes may be several: "Validation Loop (must pass) [v2]:".
    for _ in range(3):
        text = _SUFFIX.sub("", text.rstrip(" :"))
    return text.strip(" :.-\u2013\u2014#")


def _sections(document: Document) -> list[Section]:
    headings = document.headings
    ends = [len(document.lines)] * len(headings)
    waiting: list[int] = []
    for index, heading in enumerate(headings):
        while waiting and headings[waiting[-1]].level >= heading.level:
            # Two headings may share a line only inside a list; a section never ends before it begins.
            closed = waiting.pop()
            ends[closed] = max(headings[closed].line, heading.line - 1)
        waiting.append(index)
    return [
        Section(plain_text(heading.text), heading.level, heading.line, end)
        for heading, end in zip(headings, ends, strict=True)
    ]


def _matches(sections: Sequence[Section], titles: Sequence[str]) -> dict[int, tuple[Role, Match | None]]:
    found: dict[int, tuple[Role, Match]] = {}
    exact = {name.casefold(): role for role, name in EXACT.items()}
    for index, title in enumerate(titles):
        if title in exact:
            found[index] = (exact[title], "exact")
    top = [index for index, section in enumerate(sections) if section.level == 1]
    lone_title = top[0] if len(top) == 1 else None
    for table in (ALIASES, WEAK_ALIASES):
        names = {bare_title(name): role for role, aliases in table.items() for name in aliases}
        taken = {role for role, _ in found.values()} if table is WEAK_ALIASES else set()
        for index in _outside_roles(sections, found):
            role = names.get(titles[index]) or names.get(re.split(r"\s*(?::|\s[-\u2013\u2014/]\s)", titles[index])[0])
            if index != lone_title and role and role not in taken:
                found[index] = (role, "alias")
    return {**found, **{index: (role, None) for index, role in _continued(sections, titles, found).items()}}


def _continued(
    sections: Sequence[Section], titles: Sequence[str], found: dict[int, tuple[Role, Match]]
) -> dict[int, Role]:
    """Return the parts that stand beside their section instead of below: "## Level 1" after "## Validation Loop"."""
    more: dict[int, Role] = {}
    last: Role | None = None
    covered = 0
    for index, section in enumerate(sections):
        if index in found:
            last, covered = found[index][0], section.end_line
        elif section.line > covered and last and _PARTS[last].match(titles[index]):
            more[index], covered = last, section.end_line
        elif section.line > covered:
            last = None
    return more


def _outside_roles(sections: Sequence[Section], found: dict[int, tuple[Role, Match]]) -> Iterator[int]:
    # A section inside one that has a role belongs to it: "### Documentation" under the blueprint is no context.
    covered = 0
    for index, section in enumerate(sections):
        if section.line > covered and index not in found:
            yield index
        if index in found:
            covered = max(covered, section.end_line)


def _absent(role: Role, sections: Sequence[Section], titles: Sequence[str], last: int) -> PrpFinding:
    names = {EXACT[role].casefold(): EXACT[role]} | {name.casefold(): name for name in ALIASES[role]}
    for section, title in list(zip(sections, titles, strict=True))[:_COMPARED_HEADINGS]:
        close = difflib.get_close_matches(title[:60], list(names), n=1, cutoff=_CLOSE_ENOUGH)
        if close and section.role is None:
            return PrpFinding(
                "section-name",
                "error",
                section.line,
                1,
                section.title,
                f"no section is named {EXACT[role]!r}; this one comes close",
                f"Did you mean {names[close[0]]!r}? Rename the heading to '## {EXACT[role]}'.",
            )
    return PrpFinding(
        "section-missing",
        "error",
        last,
        1,
        EXACT[role],
        f"the section {EXACT[role]!r} is missing",
        f"Add a heading '## {EXACT[role]}' with {CONTENTS[role]}.",
    )


def _alias(role: Role, section: Section, document: Document, *, strict: bool) -> PrpFinding:
    return PrpFinding(
        "section-alias",
        "error" if strict else "note",
        section.line,
        document.column(section.line, section.title),
        section.title,
        f"read as {EXACT[role]!r}" + (", which is the name it must have" if strict else ""),
        f"Rename the heading to '## {EXACT[role]}'" + ("." if strict else " to be rid of this note."),
    )


def _hollow(role: Role, playing: Sequence[Section], document: Document) -> list[PrpFinding]:
    for section in playing:
        blocks = document.between(section.line + 1, section.end_line)
        if role is not Role.BLUEPRINT:
            # A task may be a heading and no more; a level without commands is nothing.
            blocks = tuple(block for block in blocks if not isinstance(block, Heading))
        if any(without_comments(block.text).strip() for block in blocks):
            return []
    return [
        PrpFinding(
            "section-empty",
            "error",
            section.line,
            1,
            section.title,
            f"the section {section.title!r} is empty",
            f"Write {CONTENTS[role]}.",
        )
        for section in playing[:1]
    ]


def fence_findings(document: Document) -> list[PrpFinding]:
    """Report code blocks whose end is missing: what follows them is code to Markdown, headings and all."""
    found: list[PrpFinding] = []
    for fence in document.fences:
        lines = fence.text.split("\n")
        # A fence cannot be opened inside another: "```bash" in code means that the end before it is missing.
        # A longer fence is made to hold shorter ones.
        is_nested = any(_OPENING.match(line) and line.startswith(fence.marks or "```") for line in lines)
        if fence.closed and not is_nested:
            continue
        swallowed = [line for line in lines if re.match(r"#{2,6} \S", line)]
        is_quoted = fence.language in ("markdown", "md")
        found.append(_open_fence(fence, [] if is_quoted and fence.closed else swallowed))
    return found


def _open_fence(fence: Fence, swallowed: Sequence[str]) -> PrpFinding:
    why = "the end of this code block is missing" if fence.closed else "this code block is never closed"
    loss = f", so {len(swallowed)} headings below it are not read" if swallowed else ""
    return PrpFinding(
        "fence-open",
        "error" if swallowed else "note",
        fence.line,
        1,
        f"```{fence.language}",
        why + loss,
        "Close it with a line of the same number of backticks, or remove the stray fence.",
    )

"""A statement of an expectation that can be decided, and the words all of them share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prp_mcp.expected import results
from prp_mcp.expected.results import Observed

Kind = Literal["success", "failure", "exit", "size", "finding", "state", "text", "absence"]
"""What a statement is about; `failure` is an exit that is not 0, `absence` a text that must not be there."""

# Parts of regular expressions, for text in lower case; whatever is not among them leaves a statement to a reader.
MODAL = r"(?:(?:should|must|will|shall) )?"
SUBJECT = (
    r"(?:(?:it|this|there|(?:the )?(?:output|result|query|command|value|answer|statement|script))(?: |: ))?" + MODAL
)
LEAD = SUBJECT + r"(?:(?:be|is|are|equals?|returns?|shows?|prints?|gives?|reports?|has|have|finds?)(?: |: ))?"
_ENDS = r"(?:found|returned|printed|reported|expected|exists?|remains?|in total|at all)"
END = rf"(?: {MODAL}(?:(?:are|is|were|be) )?{_ENDS})?"


@dataclass(frozen=True)
class Assertion:
    """A statement that can be decided: `holds` says so of a result (None: not of this one), `found` tells of it."""

    said: str
    kind: Kind
    holds: Callable[[Observed], bool | None]
    found: Callable[[Observed], str]


@dataclass(frozen=True)
class Clause:
    """A statement as it was written, and in lower case."""

    said: str
    folded: str

    @classmethod
    def of(cls, said: str) -> "Clause":
        """Return what is said as a clause."""
        return cls(said, " ".join(said.casefold().split()))


@dataclass(frozen=True)
class StatementForm:
    """A form a statement may have: `read` understands a clause whole, or not at all.

    `fits` is a statement of this form; `misfits` is much like one and is left to a reader, by every form.
    """

    read: Callable[[Clause], Assertion | None]
    fits: str
    misfits: str


def exit_code(seen: Observed) -> str:
    """Return how a command ended."""
    return f"exit {seen.exit}"


def ending(seen: Observed) -> str:
    """Return how a command ended, with the counts that speak against it."""
    if seen.rows is not None:
        return amount(seen)
    bad = [f"{seen.counts[name]} {name}" for name in ("violations", "failed", "errors") if seen.counts.get(name)]
    if not bad and seen.counts.get("passed") == 0:
        bad = ["0 passed"]
    return ", ".join([exit_code(seen), *bad])


def output(seen: Observed) -> str:
    """Return the end of what was printed, at most 120 characters."""
    text = " ".join(results.all_text(seen).split())
    return f"output {text[-120:]!r}" if text else "no output"


def amount(seen: Observed) -> str:
    """Return the number of a result, or how many rows it has."""
    if seen.rows is None:
        return output(seen)
    value = results.lone_number(seen)
    return f"{value:f}" if value is not None else f"{len(seen.rows)} rows"

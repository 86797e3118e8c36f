"""What "# Expected: ..." demands of a result, as assertions a machine can decide; the rest is for a reader.

An assertion is made only of a clause that is understood whole (`statements`): what is read in part may say the
opposite.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from prp_mcp.expected.assertion import Assertion
from prp_mcp.expected.results import Observed
from prp_mcp.expected.statements import assertion

__all__ = ["LONGEST", "Judgement", "Observed", "Verdict", "clauses", "hold_against"]

Verdict = Literal["met", "unmet", "unclear"]

LONGEST = 500
"""Characters of an expectation from which on it may have been cut: nobody knows how it ends."""

_SENTENCE = re.compile(r"(?<=[\w\"'`)%])[.!]\s+(?=[A-Z\"'`]|(?:if|otherwise|in case)\b)|\s*;\s*|\s+[\u2014\u2013]\s+")
_PART = re.compile(r",\s+(?:and\s+)?|\s+and\s+")
_BRACKETS = re.compile(r"([^()]{1,300}) \(([^()]{1,200})\)")
_WORD = re.compile(r"[a-z']+")

_FAULTS = (
    "broken error errors fail failed failing failure failures fails incorrect invalid issue issues not problem "
    "problems violation violations warning warnings wrong"
)
_NONE = "never no none without zero"
_ACTS = (
    "add adjust ask call check contact correct debug examine fix go inspect install investigate look read rerun "
    "resolve review revert rollback run see start stop"
)
_DEMANDS = "acceptable allowed are be but except expect expected fine is means must ok should unless will"
_TWIST = re.compile(
    r"\b(?:not|never|no longer|cannot|neither|nor|unless|except|but|instead|otherwise|rather|means?|bug|failures?|wrong"
    r"|or|either|one of|any of|unacceptable|forbidden|impossible|avoid|false)\b|n['\u2019]t\b"
)
_OF_EXIT = re.compile(r"\b(?:exit\w{0,10}|return code|status code|non-?zero)\b")
_OF_FAILURE = re.compile(
    r"\b(?:fails?|failing|refused?|rejected|denied|raises?|errors? out|aborts?|crashe?s?|error message)\b"
)
_NEGATED = re.compile(r"\b(?:not|never|no|zero|0|without|none)\b|n['\u2019]t\b")


@dataclass(frozen=True)
class Judgement:
    """`met`: what was stated holds; `unmet`: something does not; `unclear`: a reader must attest `unchecked`."""

    verdict: Verdict
    why: str = ""
    unchecked: tuple[str, ...] = ()


def hold_against(expected: str | None, observed: Observed) -> Judgement:
    """Judge a finished command by its exit code and by every statement in `expected` that can be decided.

    A SQL check whose expectation is missing or undecidable is `unclear`: that it ran proves nothing of its data.
    """
    text = (expected or "").strip()
    if len(expected or "") >= LONGEST:
        failed = Judgement("unmet", f"exit {observed.exit}")
        return failed if observed.exit else _unclear([f"{text[:200]}..."])
    said = list(clauses(text))
    stated = [assertion(clause) or clause for clause in said]
    assertions = [each for each in stated if isinstance(each, Assertion)]
    unread = [each for each in stated if isinstance(each, str)]
    if observed.exit != 0 and not _may_fail(assertions, unread):
        return Judgement("unmet", f"exit {observed.exit}")
    if (text and not said) or _is_twisted(stated):
        return _unclear(said or [text])
    return _judged(assertions, unread, observed)


def clauses(expected: str) -> Iterator[str]:
    """Yield the statements of an expectation, without advice on what to do when it is not met."""
    for sentence in _SENTENCE.split(expected[:LONGEST]):
        said = _bare(sentence)
        if said and not _is_advice(said.casefold()):
            yield from _parts(said)


def _judged(assertions: Sequence[Assertion], unread: Sequence[str], observed: Observed) -> Judgement:
    unchecked = list(unread)
    for each in assertions:
        holds = each.holds(observed)
        if holds is False:
            return Judgement("unmet", f"expected {each.said!r}, got {each.found(observed)}")
        if holds is None:
            unchecked.append(each.said)
    if unchecked:
        return _unclear(unchecked)
    if observed.rows is not None and not assertions:
        return Judgement("unclear", "nothing says what the result should be", ("the result",))
    return Judgement("met", "; ".join(f"{each.said}: {each.found(observed)}" for each in assertions)[:300])


def _unclear(unchecked: Sequence[str]) -> Judgement:
    return Judgement("unclear", "a reader must judge the expectation", tuple(unchecked))


def _may_fail(assertions: Sequence[Assertion], unread: Sequence[str]) -> bool:
    """Return whether an exit other than 0 is expected, or may be by what was not understood."""
    folded = [clause.casefold() for clause in unread]
    return any(each.kind == "failure" for each in assertions) or any(
        _OF_EXIT.search(clause) or (_OF_FAILURE.search(clause) and not _NEGATED.search(clause)) for clause in folded
    )


def _is_twisted(stated: Sequence[Assertion | str]) -> bool:
    """Return whether one statement may change what another one says: then none of them is sure."""
    if any(isinstance(each, str) and _TWIST.search(each.casefold()) for each in stated):
        return True
    kinds = [each.kind for each in stated if isinstance(each, Assertion)]
    # "must not contain 'A'; 'B'" may go on with what must not be there.
    goes_on = any(isinstance(each, Assertion) and each.kind == "absence" for each in stated[:-1])
    # One number cannot be the count of two things, nor a thing be in two states, or succeed and fail.
    is_both = kinds.count("finding") > 1 or kinds.count("state") > 1 or {"success", "failure"} <= set(kinds)
    return goes_on or is_both


def _is_advice(said: str) -> bool:
    """Return whether `said` (lower case) only tells what to do after a failure: "If errors exist, read and fix"."""
    words = _WORD.findall(said)
    act = next((place for place, word in enumerate(words) if place and word in _ACTS.split()), None)
    if act is None or re.search(r"[0-9\"`]", said) or _any_of(_DEMANDS, words[act:]):
        return False
    if words[0] == "otherwise":
        return act == 1
    start = 1 if words[0] == "if" else 2 if words[:2] == ["in", "case"] else 0
    when = words[start:act]
    return start > 0 and _any_of(_FAULTS, when) and not _any_of(_NONE, when)


def _any_of(known: str, words: Sequence[str]) -> bool:
    return not set(known.split()).isdisjoint(words)


def _parts(said: str) -> list[str]:
    """Return the parts of an enumeration ("exit 0, no errors") where each of them is understood, else the whole."""
    if assertion(said):
        return [said]
    in_brackets = _BRACKETS.fullmatch(said)
    parts = list(in_brackets.groups()) if in_brackets else [_bare(part) for part in _PART.split(said)]
    return parts if all(assertion(part) for part in parts) else [said]


def _bare(text: str) -> str:
    """Return a clause without the marks of lists and sentences; a sign before a number or "!=" is none."""
    return re.sub(r"^(?:[*+\u2022\u2705\u2713\u2714\ufe0f]|-\s)+\s*", "", text.strip()).rstrip(
        " \t.!*:\u2705\u2713\u2714"
    )

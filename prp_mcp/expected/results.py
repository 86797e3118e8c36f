"""What a command or a query left, and what can be said of it: True, False, or None where it can be read in two ways."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from prp_mcp.expected.quantities import ZERO, Demand, observed_number
from prp_mcp.expected.selection import selection

_STATES = (
    "COMPLETED RUNNING IDLE SUCCEEDED SUCCESS TERMINATED ACTIVE ONLINE FINISHED DEPLOYED CANCELED CANCELLED FAILED "
    "STOPPED PENDING QUEUED STARTING STOPPING ERROR INTERNAL_ERROR TIMEDOUT TIMED_OUT SKIPPED CANCELING DELETED "
    "DELETING INITIALIZING RESETTING WAITING WAITING_FOR_RESOURCES SETTING_UP_TABLES ABORTED BLOCKED TERMINATING "
    "UNHEALTHY OFFLINE INACTIVE CREATED WARNING"
)
STATES = tuple(_STATES.split())
"""The words for the state of a thing of the platform."""

_OTHER_STATE = re.compile(rf"(?<!\w)(?:{'|'.join(STATES)})(?!\w)")
_TROUBLE = re.compile(
    r"(?<!\bno )(?<!\b0 )(?<!\bzero )(?<!\bwithout )"
    r"\b(?:errors?|failed|failures?|fails?|exceptions?|traceback|fatal|violations?|aborted|invalid"
    r"|unsuccessful|not (?:ok|valid|successful))\b"
    r"(?![\"']?[ \t]{0,9}[=:][ \t]{0,9}(?:0|null|none|false|\[\]|\"\")(?![\w.]))",
    re.IGNORECASE,
)
_WARNING = re.compile(r"\bwarn(?:ings?)?\b", re.IGNORECASE)
_NEGATION = re.compile(
    r"(?:\b(?:not|no|never|without|cannot|neither|nor)|n't|n\u2019t)[ \t]{1,9}(?:\w{1,20}[ \t]{1,9})?$", re.IGNORECASE
)
_LEFT_OUT = re.compile(r"\.\.\. [0-9]{1,18} bytes left out \.\.\.")
_LONGEST_OUTPUT = 20_000
_EMPTY_VALUES = ("[]", "{}", "null", "None", '""', "0")


@dataclass(frozen=True)
class Observed:
    """What a command left: `exit` (0 for SQL that succeeded), its output, or the rows of a SQL check as text.

    `counts` are those of a report: passed, failed, errors, skipped tests, or violations.
    """

    exit: int
    output: str = ""
    rows: tuple[tuple[str, ...], ...] | None = None
    statement: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


def has_value(seen: Observed, demand: Demand) -> bool | None:
    """Tell whether a result is one number that is as demanded; no rows are a zero, and no other number."""
    value = lone_number(seen)
    if seen.rows == ():
        return False if not demand.holds(Decimal(0)) else True if demand == ZERO else None
    if value is None:
        return None
    if seen.rows is None or selection(seen.statement).is_lone:
        return demand.holds(value)
    # One row with one number may be a finding that happens to be a number: then it counts as one.
    return _agreed(demand.holds(each) for each in (value, Decimal(1)))


def has_rows(seen: Observed, demand: Demand) -> bool | None:
    """Tell whether a result has as many rows as demanded, or is a count of as many."""
    value = lone_number(seen)
    if seen.rows is None:
        return None if value is None else demand.holds(value)
    selected = selection(seen.statement)
    if not selected.is_one_row:
        sizes = [Decimal(len(seen.rows)), *([] if value is None else [value])]
        return _agreed(demand.holds(size) for size in sizes)
    if value is None or not selected.is_count:
        return None
    # "1 row" of a count may be the row the count stands in.
    return True if demand.holds(value) else None if demand == Demand("=", Decimal(1)) else False


def has_no_rows(seen: Observed) -> bool | None:
    """Tell whether a result has no rows, or is a count of none."""
    return True if seen.rows is None and not seen.output.strip() else has_rows(seen, ZERO)


def has_no_findings(seen: Observed, fault: str) -> bool | None:
    """Tell whether a query that looks for a fault (a word in lower case), or a program that counts it, found none.

    A query that has no condition and does not name the fault looks for nothing: its rows are no findings.
    """
    if seen.rows is None:
        return has_rows(seen, ZERO)
    selected = selection(seen.statement)
    is_named = len(fault) > 4 and fault[:6] in seen.statement.casefold()
    if not (selected.is_filtered or is_named) or (selected.is_grouped and seen.rows):
        return None
    return has_rows(seen, ZERO)


def is_empty(seen: Observed) -> bool | None:
    """Tell whether there is nothing at all."""
    if seen.rows is None:
        said = seen.output.strip()
        return None if said in _EMPTY_VALUES else not said
    value = lone_number(seen)
    if selection(seen.statement).is_one_row and not value:
        return None
    sizes = [Decimal(len(seen.rows)), *([] if value is None else [value])]
    return _agreed(size == 0 for size in sizes)


def shows(seen: Observed, what: str, demand: Demand) -> bool | None:
    """Tell whether a SHOW statement for `what` (in capitals) listed as many as demanded."""
    if seen.rows is None or selection(seen.statement).shows != what:
        return None
    return demand.holds(Decimal(len(seen.rows)))


def has_percentage(seen: Observed, demand: Demand) -> bool | None:
    """Tell whether a result is a rate as demanded in percent; it may be given as 99.5 or as 0.995."""
    percent = observed_number(seen.output.strip().removesuffix("%")) if seen.output.strip().endswith("%") else None
    if percent is not None and seen.rows is None:
        return demand.holds(percent)
    value = lone_number(seen)
    selected = selection(seen.statement)
    if value is None or not 0 <= value <= 100 or (selected.is_count and not selected.is_percent):
        return None
    if value > 1 or selected.is_percent:
        return demand.holds(value)
    # Who demands half or more of an average means it as a share: less than 1 % is not what the average of it would be.
    if selected.is_lone and demand.wanted >= 50 and demand.sign in (">=", ">"):
        return demand.holds(value * 100)
    return _agreed(demand.holds(each) for each in (value, value * 100))


def has_rate(seen: Observed, demand: Demand) -> bool | None:
    """Tell whether a rate without a percent sign is as demanded, whichever of the two is in percent."""
    value = lone_number(seen)
    if value is None or selection(seen.statement).is_count:
        return None
    shares = [value / 100] if value > 1 >= demand.wanted else [value * 100] if value <= 1 <= demand.wanted else []
    return _agreed([has_value(seen, demand), *(demand.holds(share) for share in shares)])


def is_flawless(seen: Observed, *, warnings: bool = False) -> bool | None:
    """Tell whether a command ended well, by its counts where there are any; `warnings`: without one, too."""
    if seen.rows is not None:
        return None
    if any(seen.counts.get(name, 0) > 0 for name in ("violations", "failed", "errors")):
        return False
    if seen.exit != 0 or seen.counts.get("passed") == 0:
        return False
    is_doubtful = (not seen.counts and _TROUBLE.search(seen.output)) or (warnings and _WARNING.search(seen.output))
    return None if is_doubtful else True


def has_failed(seen: Observed) -> bool | None:
    """Tell whether a command failed; one that was not found, was killed or found no test failed for another reason."""
    if seen.exit == 0 or seen.rows is not None:
        return False
    is_broken = seen.exit < 0 or seen.exit in (126, 127) or seen.exit > 128
    is_idle = "passed" in seen.counts and not seen.counts.get("failed") and not seen.counts.get("errors")
    return None if is_broken or is_idle else True


def says(seen: Observed, text: str) -> bool | None:
    """Tell whether the result holds `text` as whole words, and never with a negation before it."""
    whole = all_text(seen)
    places = [found.start() for found in _words(text).finditer(whole)]
    if places:
        return None if any(_NEGATION.search(whole[max(0, place - 60) : place]) for place in places) else True
    return None if _is_cut(seen) or text.casefold() in whole.casefold() else False


def lacks(seen: Observed, text: str) -> bool | None:
    """Tell whether the result does not hold `text`."""
    whole = all_text(seen)
    if text.casefold() not in whole.casefold():
        return None if _is_cut(seen) else True
    # "ERR" in "ERROR", "ERROR" in "error" or in "no ERROR" may or may not be what was meant.
    return False if says(seen, text) else None


def is_in_state(seen: Observed, state: str) -> bool | None:
    """Tell whether the result names `state` and no other state; of several rows each must name it."""
    word = _words(state)
    texts = [all_text(seen)] if seen.rows is None else ["\t".join(row) for row in seen.rows]
    named = [bool(word.search(text)) for text in texts]
    if not any(named):
        is_doubtful = _is_cut(seen) or re.search(rf"\b{state}\b", all_text(seen), re.IGNORECASE)
        return None if is_doubtful else False
    rest = word.sub(" ", all_text(seen))
    is_alone = not _OTHER_STATE.search(rest) and not _TROUBLE.search(rest)
    return True if all(named) and is_alone and says(seen, state) else None


def lone_number(seen: Observed) -> Decimal | None:
    """Return the number a result consists of, or None: that of the only cell, or the whole output."""
    if seen.rows is None:
        return observed_number(seen.output.strip())
    return observed_number(seen.rows[0][0]) if len(seen.rows) == 1 and len(seen.rows[0]) == 1 else None


def all_text(seen: Observed) -> str:
    """Return the output, or the rows as lines."""
    return seen.output if seen.rows is None else "\n".join("\t".join(row) for row in seen.rows)


def _agreed(verdicts: Iterable[bool | None]) -> bool | None:
    """Return what all readings of a result say, or None when there is none or they differ."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else None


def _words(text: str) -> re.Pattern[str]:
    is_short = len(text) < 3
    before = r"(?<![\w.,+-])" if text[:1].isdigit() else _edge(text[:1], "(?<!{})", is_short=is_short)
    after = r"(?!\w|[.,]\d)" if text[-1:].isdigit() else _edge(text[-1:], "(?!{})", is_short=is_short)
    return re.compile(before + re.escape(text) + after)


def _edge(letter: str, look: str, *, is_short: bool) -> str:
    if letter.isalnum() or letter == "_":
        return look.format(r"\w")
    return look.format(r"\S") if is_short else ""


def _is_cut(seen: Observed) -> bool:
    return seen.rows is None and (len(seen.output) >= _LONGEST_OUTPUT or bool(_LEFT_OUT.search(seen.output)))

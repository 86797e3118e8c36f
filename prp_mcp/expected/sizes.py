"""Statements about how much a result is: rows, one number, nothing, a rate, a range."""

import re
from collections.abc import Callable

from prp_mcp.expected import results
from prp_mcp.expected.assertion import END, LEAD, MODAL, Assertion, Clause, Kind, StatementForm, amount
from prp_mcp.expected.phrases import is_finding
from prp_mcp.expected.quantities import NUMBER, QUANTITY, Demand, demand, number
from prp_mcp.expected.results import Observed

_ROWS = re.compile(rf"{LEAD}{QUANTITY} ?(?P<what>rows?|records?|results?|lines?){END}")
_NO_ROWS = re.compile(rf"{LEAD}no (?:rows?|results?|records?){END}")
_EMPTY = re.compile(
    rf"{LEAD}(?:an? )?(?:empty(?: (?:result|results|result set|output|set))?|nothing|none|no output{END})"
)
_NOT_EMPTY = re.compile(
    rf"{LEAD}(?:(?:a )?non-?empty(?: (?:result|results|result set|output|set))?"
    rf"|(?:at least )?some (?:rows|results|records|output){END})"
)
_FINDING = re.compile(rf"{LEAD}(?:no|zero|0) (?P<phrase>[a-z][\w-]*(?: [a-z][\w-]*){{0,4}}?){END}")
_LISTED = re.compile(rf"{LEAD}{QUANTITY} (?P<what>tables?|schemas?|databases?|views?|columns?|volumes?|catalogs?){END}")
_NAMED = (
    r"(?:the )?(?:(?P<count>(?:(?:row|record|total) )?count|number of (?:rows|records))"
    r"|(?:(?:error|failure|match|null|pass|quality|success|completeness|average) )?"
    r"(?P<rate>rate|score|percentage|ratio|share)|value|number|total|sum|average"
    r"|(?P<name>[a-z][a-z0-9]{0,30}(?:[_.][a-z0-9]{1,30}){1,6}))"
)
_SCALAR = re.compile(rf"(?:{LEAD}|{_NAMED}(?: ?[:=])? ?{MODAL}(?:(?:be|is|of) )?){QUANTITY}(?P<percent> ?%| percent)?")
_RANGE = re.compile(rf"{LEAD}between (?P<low>{NUMBER}) and (?P<high>{NUMBER})(?P<rows> (?:rows|records|results){END})?")


def _no_rows(clause: Clause) -> Assertion | None:
    return _size(clause, results.has_no_rows) if _NO_ROWS.fullmatch(clause.folded) else None


def _empty(clause: Clause) -> Assertion | None:
    return _size(clause, results.is_empty) if _EMPTY.fullmatch(clause.folded) else None


def _not_empty(clause: Clause) -> Assertion | None:
    return _size(clause, _is_not_empty) if _NOT_EMPTY.fullmatch(clause.folded) else None


def _rows(clause: Clause) -> Assertion | None:
    found = _ROWS.fullmatch(clause.folded)
    wanted = demand(found) if found else None
    if found is None or wanted is None or wanted.wanted % 1:
        return None
    # Of a program nobody knows whether its lines are meant or what it counted.
    is_of_rows = found["what"].startswith("line")
    return _size(clause, lambda seen: None if is_of_rows and seen.rows is None else results.has_rows(seen, wanted))


def _is_not_empty(seen: Observed) -> bool | None:
    found = results.is_empty(seen)
    return None if found is None else not found


def _finding(clause: Clause) -> Assertion | None:
    found = _FINDING.fullmatch(clause.folded)
    if not found or not is_finding(found["phrase"]):
        return None
    fault = found["phrase"].split()[0]
    return _size(clause, lambda seen: results.has_no_findings(seen, fault), "finding")


def _listed(clause: Clause) -> Assertion | None:
    found = _LISTED.fullmatch(clause.folded)
    wanted = demand(found) if found else None
    if found is None or wanted is None:
        return None
    what = found["what"].removesuffix("s").upper() + "S"
    return _size(clause, lambda seen: results.shows(seen, what, wanted))


def _scalar(clause: Clause) -> Assertion | None:
    found = _SCALAR.fullmatch(clause.folded)
    wanted = demand(found) if found else None
    if found is None or wanted is None:
        return None
    if found["percent"]:
        if found["count"] or found["name"]:
            return None
        return _size(clause, lambda seen: results.has_percentage(seen, wanted))
    if found["count"]:
        return _size(clause, lambda seen: results.has_rows(seen, wanted))
    if found["rate"]:
        return _size(clause, lambda seen: results.has_rate(seen, wanted))
    name = found["name"]
    return _size(clause, lambda seen: results.has_value(seen, wanted) if _is_of(name, seen) else None)


def _is_of(name: str | None, seen: Observed) -> bool:
    """Return whether a result can be what `name` names: the query says so, or it is a word for any number."""
    if name is None:
        return True
    if name.startswith(("exit", "return")):
        return False
    if name.endswith(("_score", "_rate", "_count", "_total", "_value", "_ratio")):
        return seen.rows is not None
    return bool(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", seen.statement.casefold()))


def _range(clause: Clause) -> Assertion | None:
    found = _RANGE.fullmatch(clause.folded)
    if not found:
        return None
    low, high = number(found["low"]), number(found["high"])
    if low is None or high is None or low > high:
        return None
    of = results.has_rows if found["rows"] else results.has_value
    ends = (Demand(">=", low), Demand("<=", high))
    return _size(clause, lambda seen: _both(of(seen, ends[0]), of(seen, ends[1])))


def _both(first: bool | None, second: bool | None) -> bool | None:
    if first is False or second is False:
        return False
    return None if first is None or second is None else True


def _size(clause: Clause, holds: Callable[[Observed], bool | None], kind: Kind = "size") -> Assertion:
    return Assertion(clause.said, kind, holds, amount)


SIZES = (
    StatementForm(_no_rows, "there should be no rows", "no rows dropped"),
    StatementForm(_empty, "an empty result set", "empty on Mondays"),
    StatementForm(_not_empty, "non-empty", "some rows per region"),
    StatementForm(_rows, "at least 5 rows", "1 row per customer"),
    StatementForm(_finding, "no orphaned claims found", "no records lost"),
    StatementForm(_listed, "3 tables", "3 tables named a, b and c"),
    StatementForm(_range, "between 100 and 200 rows", "between 1 and 5 errors in the log"),
    StatementForm(_scalar, "pass rate >= 99.5%", "under 30 seconds"),
)
"""The forms a statement about a size may have; the first that is whole counts."""

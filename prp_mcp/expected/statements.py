"""The statements an expectation may make, as a closed grammar: each is understood whole, or not at all."""

import json
import re
from decimal import Decimal
from typing import Any

from prp_mcp.expected import results
from prp_mcp.expected.assertion import (
    END,
    LEAD,
    MODAL,
    SUBJECT,
    Assertion,
    Clause,
    StatementForm,
    ending,
    exit_code,
    output,
)
from prp_mcp.expected.quantities import NUMBER, number
from prp_mcp.expected.results import STATES, Observed
from prp_mcp.expected.sizes import SIZES

_CODE = r"(?:exit|return) (?:code|status)"
_EXIT = re.compile(
    rf"(?:{SUBJECT}(?:exits?(?: with)?(?: an?)?(?: (?:exit )?(?:code|status))?|return with {_CODE})"
    rf"(?: of| is|:|=| =)? ?|{SUBJECT}(?:(?:has|have|returns?|gives?) )?(?:an? |the )?{_CODE}"
    rf"(?: of|:|=| =)? ?{MODAL}(?:(?:is|be) )?)(?P<code>[0-9]{{1,3}}|non-?zero)"
    r"|(?P<fails>non-?zero exit(?: (?:code|status))?)"
)
_FAILS = re.compile(rf"{SUBJECT}(?:fails?|be refused|is refused|exits?)(?P<error> with an error)?")
_CHECKED = (
    "all each every everything it the these and are be is must should will bundle check checks code command commands "
    "file files formatting integration linting source sources style syntax test tests type types unit validation"
)
_TROUBLE = r"(?:errors?|warnings?|issues?|failures?|violations?|problems?|findings?)"
_FREE = rf"(?:without|with no)(?: any)? {_TROUBLE}"
_SUCCESS = re.compile(
    rf"(?:(?:{'|'.join(_CHECKED.split())}) )*"
    r"(?:succeeds?|passe?[sd]?|passing|green|success|successful|ok|okay|clean|valid|compiles?)"
    rf"(?: successfully| cleanly)?(?: {_FREE})?"
    r"|(?:(?:the|bundle|pipeline|build|import|deployment|it|command|script) )*"
    r"(?:(?:validate|deploy|run|complete|build|import|load|parse|exit)s?|finishes)"
    rf" (?:successfully|cleanly|{_FREE})"
)
_FLAWLESS = re.compile(
    rf"(?:success: )?{LEAD}(?:with )?(?:no|zero|0|without)"
    r"(?: (?:any|type|linting|lint|style|syntax|formatting|validation|import|compilation))*"
    rf" (?P<fault>{_TROUBLE}|fail(?:ed|ing) tests?)(?: (?:or|and) {_TROUBLE})?{END}"
)
_TESTS = re.compile(rf"(?P<all>all )?(?P<number>{NUMBER}) (?:tests? )?(?P<what>pass(?:ed)?|failed|skipped|errors?)")
_TEST_KINDS = {"pass": "passed", "error": "errors"}
_OF = "pipeline update job run task cluster warehouse query command statement latest last final current lifecycle"
_STATE = re.compile(
    rf"(?:(?i:(?:the |its )?(?:(?:{'|'.join(_OF.split())}) ){{0,4}}"
    r"(?:(?:output|result|state|status|life_cycle_state|result_state|pipeline|update|job|run)(?:: ?| ?= ?| ))?"
    rf"{MODAL}(?:(?:be|is|of|in|equals?|shows?|reaches|prints?|returns?|reports?|ends? in) )?(?:the )?(?:state )?))"
    rf"['\"`]?(?P<state>{'|'.join(STATES)})['\"`]?(?i: (?:state|status))?"
)
_QUOTE = r"[\"'`\u201c](?P<text>[^\"'`\u201c\u201d\n]{1,200})[\"'`\u201d]"
_SAYING = r"(?:contain|include|print|show|say|return|display|output|list)"
_WHERE = r"(?: (?:in|to|on) (?:the )?(?:output|result|response|stdout|console|terminal))?"
_SAID_BY = r"(?:(?:it|this|(?:the )?(?:output|result|command|script|response|stdout|console|answer|query)) )?"
_OF_TEXT = r"(?:(?:the )?(?:text|message|line|string|word)(?: |: ))?"
_SAYS = re.compile(
    rf"(?:(?i:{_SAID_BY}{MODAL}(?P<verb>{_SAYING}s?:? )?(?P<kind>{_OF_TEXT})))?{_QUOTE}"
    rf"(?i:(?: {MODAL}(?:is|be|are)? ?(?:printed|shown|displayed|returned|listed))?{_WHERE})"
)
_OUTPUT_IS = re.compile(rf"(?i:(?:the )?(?:output|result|value)(?:: ?| (?:is|equals|should be|must be) )){_QUOTE}")
_LACKS = re.compile(
    rf"(?i:{_SAID_BY}(?:(?:does|do|must|should|will|shall) not|(?:doesn|don|mustn|shouldn|won)['\u2019]t|never) "
    rf"{_SAYING}s?:? (?:any )?{_OF_TEXT}){_QUOTE}(?i:{_WHERE})"
    rf"|(?i:no ){_QUOTE.replace('<text>', '<lone>')}(?i: (?:in|on) (?:the )?(?:output|result|response|stdout|console))"
)


def assertion(said: str) -> Assertion | None:
    """Return what `said`, one clause, asserts, or None when any part of it is not understood."""
    clause = Clause.of(said)
    return next((found for form in STATEMENTS if (found := form.read(clause))), None)


def _json(clause: Clause) -> Assertion | None:
    text = clause.said.strip("` ")
    if not text.startswith(("{", "[")) or "..." in text:
        return None
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return Assertion(clause.said, "text", lambda seen: _is_json(seen, wanted), output)


def _is_json(seen: Observed, wanted: Any) -> bool | None:
    if seen.rows is not None:
        return None
    try:
        found = json.loads(seen.output)
        is_same = json.dumps(found, sort_keys=True) == json.dumps(wanted, sort_keys=True)
    except (ValueError, RecursionError):
        # What is printed around it may be a log.
        return None if "{" in seen.output or "[" in seen.output else False
    if isinstance(found, dict) and isinstance(wanted, dict):
        is_part = all(name in found and found[name] == wanted[name] for name in wanted)
        return is_same or (None if is_part else False)
    return is_same or (None if found == wanted else False)


def _failure(clause: Clause) -> Assertion | None:
    found = _FAILS.fullmatch(clause.folded)
    if not found or (not found["error"] and clause.folded.endswith(("exit", "exits"))):
        return None
    return Assertion(clause.said, "failure", results.has_failed, exit_code)


def _exit(clause: Clause) -> Assertion | None:
    found = _EXIT.fullmatch(clause.folded)
    if not found:
        return None
    if found["fails"] or not found["code"].isdigit():
        return Assertion(clause.said, "failure", results.has_failed, exit_code)
    code = int(found["code"])
    # SQL has no exit code of its own.
    return Assertion(
        clause.said,
        "failure" if code else "exit",
        lambda seen: None if seen.rows is not None else seen.exit == code,
        exit_code,
    )


def _success(clause: Clause) -> Assertion | None:
    if not _SUCCESS.fullmatch(clause.folded):
        return None
    return _flawless(clause, fault="")


def _no_trouble(clause: Clause) -> Assertion | None:
    found = _FLAWLESS.fullmatch(clause.folded)
    if not found:
        return None
    return _flawless(clause, fault=found["fault"])


def _flawless(clause: Clause, *, fault: str) -> Assertion:
    """Return that a command went well; of rows only that a fault is not found can be said."""
    warnings = "warning" in clause.folded

    def holds(seen: Observed) -> bool | None:
        if seen.rows is None:
            return results.is_flawless(seen, warnings=warnings)
        return results.has_no_findings(seen, fault) if fault else None

    return Assertion(clause.said, "success", holds, ending)


def _tests(clause: Clause) -> Assertion | None:
    pairs = [_TESTS.fullmatch(part) for part in clause.folded.split(", ")]
    wanted: dict[str, Decimal] = {}
    for pair in pairs:
        if not pair or (pair["all"] and len(pairs) > 1):
            return None
        name = _TEST_KINDS.get(pair["what"], pair["what"])
        count = number(pair["number"])
        if name in wanted or count is None or (pair["all"] and name != "passed"):
            return None
        wanted[name] = count
    demanded = (
        {**wanted, **dict.fromkeys({"failed", "errors"} - set(wanted), Decimal(0))} if "passed" in wanted else wanted
    )
    fails = wanted.get("failed") or wanted.get("errors")

    def holds(seen: Observed) -> bool | None:
        if not all(name in seen.counts for name in wanted):
            return None
        return all(seen.counts.get(name, 0) == count for name, count in demanded.items())

    def told(seen: Observed) -> str:
        shown = [name for name in demanded if name in wanted or seen.counts.get(name)]
        return ", ".join(f"{seen.counts.get(name, 'no count of')} {name}" for name in shown)

    return Assertion(clause.said, "failure" if fails else "size", holds, told)


def _state(clause: Clause) -> Assertion | None:
    found = _STATE.fullmatch(" ".join(clause.said.split()))
    if not found:
        return None
    state = found["state"]
    return Assertion(clause.said, "state", lambda seen: results.is_in_state(seen, state), output)


def _lacks(clause: Clause) -> Assertion | None:
    found = _LACKS.fullmatch(clause.said)
    if not found:
        return None
    text = found["text"] or found["lone"]
    return Assertion(clause.said, "absence", lambda seen: results.lacks(seen, text), output)


def _output(clause: Clause) -> Assertion | None:
    found = _OUTPUT_IS.fullmatch(clause.said)
    return _whole(clause, found["text"]) if found else None


def _says(clause: Clause) -> Assertion | None:
    found = _SAYS.fullmatch(clause.said)
    if not found:
        return None
    text = found["text"]
    if as_number := _number(clause, text):
        return as_number
    is_code = not found["verb"] and not found["kind"] and assertion(text) is not None

    def holds(seen: Observed) -> bool | None:
        # A whole statement in quotes may be the statement, or a text.
        return None if (said := results.says(seen, text)) is False and is_code else said

    return Assertion(clause.said, "text", holds, output)


def _whole(clause: Clause, text: str) -> Assertion:
    def holds(seen: Observed) -> bool | None:
        if results.all_text(seen).strip() == text.strip():
            return True
        return False if results.says(seen, text) is False else None

    return _number(clause, text) or Assertion(clause.said, "text", holds, output)


def _number(clause: Clause, text: str) -> Assertion | None:
    """Return a quoted number as a number: "0" is not said by "10"."""
    bare = assertion(text) if number(text) is not None else None
    return Assertion(clause.said, "size", bare.holds, bare.found) if bare else None


STATEMENTS = (
    StatementForm(_json, '{"ok": true}', '{"ok": ...}'),
    StatementForm(_failure, "It should fail", "should fail on Mondays"),
    StatementForm(_exit, "exit code 0", "exit code 0 or 5"),
    StatementForm(_success, "All tests pass", "passes except test_private"),
    StatementForm(_no_trouble, "no type errors", "no errors but two"),
    StatementForm(_tests, "12 passed, 0 failed", "12 passed, the rest skipped"),
    StatementForm(_state, "Pipeline state: COMPLETED", "state is not FAILED"),
    StatementForm(_lacks, "does not contain 'ERROR'", "does not contain 'ERROR' and 'FATAL'"),
    StatementForm(_output, "output: 'ready'", "output: 'ready' or 'done'"),
    StatementForm(_says, "prints 'OK'", "then prints 'OK'"),
    *SIZES,
)
"""The forms a statement may have; the first that is whole counts."""

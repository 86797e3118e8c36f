"""What "# Expected: ..." demands of a result, as assertions a machine can decide; the rest is for a reader."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["met", "unmet", "unclear"]

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER = rf"(?P<number>-?\d{{1,15}}(?:,\d{{3}}){{0,5}}(?:\.\d{{1,9}})?|no|none|{'|'.join(_WORDS)})"
_COMPARED = (
    r"(?P<op>>=|<=|==|=|>|<|\u2265|\u2264|at least|at most|more than|less than|fewer than|greater than"
    r"|above|below|over|under|exactly|minimum(?: of)?|maximum(?: of)?|max|min|equals?(?: to)?)"
)
_OPERATORS = {
    **dict.fromkeys((">=", "\u2265", "at least", "minimum", "minimum of", "min"), ">="),
    **dict.fromkeys(("<=", "\u2264", "at most", "maximum", "maximum of", "max"), "<="),
    **dict.fromkeys((">", "more than", "greater than", "above", "over"), ">"),
    **dict.fromkeys(("<", "less than", "fewer than", "below", "under"), "<"),
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda found, wanted: found >= wanted,
    "<=": lambda found, wanted: found <= wanted,
    ">": lambda found, wanted: found > wanted,
    "<": lambda found, wanted: found < wanted,
    "=": lambda found, wanted: found == wanted,
}

_LEAD = (
    r"(?:(?:it |this |output |result |query |command |value |the |a |an )*"
    r"(?:should |must |will )?(?:be|is|are|has|have|(?:return|show|print|give|report)s?)?"
    r"\s*(?:the |a |an |with |that )*)"
)
_THINGS = r"(?:\s+(?!(?:of|is|are|not|but|than|to|per|ok|or|if|and)\b)[\w'-]+){0,6}"
_ROWS = re.compile(
    rf"{_LEAD}(?:{_COMPARED}\s*)?{_NUMBER}(?P<plus>\+)?\s*(?:rows?|records?|results?|lines?)(?:\s+[\w'-]+){{0,6}}"
)
_EMPTY = re.compile(
    r"(?:an? )?empty(?: (?:result|results|result set|output|set|table|list))?|nothing"
    r"|no (?:rows?|results?|records?|output)(?: (?:returned|found|printed|at all))?"
    r"|(?:returns?|shows?|prints?) nothing"
)
_NOT_EMPTY = re.compile(
    r"(?:a )?non-?empty(?: (?:result|results|result set|output|set|list))?"
    r"|(?:some|at least some) (?:rows?|results?|output)(?: (?:returned|found))?"
)
_SCALAR = re.compile(
    rf"{_LEAD}(?:[\w .'-]{{0,40}}?\b(?:count|total|score|rate|number|value|sum|percentage|rows?)\s*(?:is|of|:)?\s*"
    rf"|[\w.]{{1,40}}\s*(?=[<>=\u2264\u2265]))?"
    rf"(?:{_COMPARED}\s*)?{_NUMBER}(?P<plus>\+)?\s*(?P<percent>%)?{_THINGS}"
)
_RANGE = re.compile(
    rf"{_LEAD}between {_NUMBER.replace('number', 'low')} and {_NUMBER.replace('number', 'high')}{_THINGS}"
)
_EXIT = re.compile(
    r"(?:(?:it |should |must |the |with |an? )*)(?:exits?(?: with)?|return)\s*(?:an? )?"
    r"(?:(?:exit|return)?\s*(?:code|status))?\s*(?:of|:|=|is)?\s*(?P<code>\d{1,3}|non-?zero)"
)
_FAILS = re.compile(
    r"(?:it |this |command )*(?:should |must |will )?(?:fails?|be refused|is refused)(?: with an error)?"
)
_SUBJECTS = (
    "all each every everything it the these and are be is must should will bundle check checks code command commands "
    "file files formatting integration linting source sources style syntax test tests type types unit validation"
)
_TROUBLE = r"(?:errors?|warnings?|issues?|failures?|violations?|problems?)"
_FREE = rf"(?:without|with no)(?: any)? {_TROUBLE}"
_SUCCESS = re.compile(
    rf"(?:(?:{'|'.join(_SUBJECTS.split())}) )*"
    r"(?:succeeds?|passe?[sd]?|passing|green|success|successful|ok|okay|clean|valid|compiles?)"
    rf"(?: successfully| cleanly)?(?: {_FREE})?"
    r"|(?:(?:the|bundle|pipeline|build|import|deployment) )*"
    r"(?:(?:validate|deploy|run|complete|build|import|load|parse)s?|finishes)"
    rf" (?:successfully|cleanly|{_FREE})"
    r"|(?:success: )?(?:with )?(?:no|zero|0|without)"
    r"(?: (?:any|type|linting|lint|style|syntax|formatting|validation|import|compilation))*"
    rf" (?:{_TROUBLE}|fail(?:ed|ing) tests?)(?: (?:or|and) {_TROUBLE})?(?: (?:found|reported|at all))?"
)
_TESTS = re.compile(
    r"(?P<number>\d{1,6}) (?:tests? )?(?P<what>passed|failed|skipped|errors?)|(?:all )?(?P<all>\d{1,6}) tests? pass"
)
_STATE = re.compile(
    r"(?:[A-Za-z_-]+ ){0,5}?(?:(?:[Ss]tate|[Ss]tatus)\s*(?:is|of|:|=)?\s*)?['\"`]?"
    r"(?P<state>COMPLETED|RUNNING|IDLE|SUCCEEDED|SUCCESS|TERMINATED|ACTIVE|ONLINE|FINISHED|DEPLOYED|CANCELED|FAILED)['\"`]?"
    r"(?: (?:state|status))?"
)
_SAYS = r"(?:contain|include|print|show|say|return|display|output|list)s?|ends with|with|text|message"
_QUOTED = re.compile(
    rf"(?:(?:[\w/-]+ ){{0,6}}?(?:{_SAYS})\s*(?:the |text |message |line |string )*:?\s*)?"
    r"[\"'`\u201c](?P<text>[^\"'`\u201c\u201d\n]{1,200})[\"'`\u201d]"
    r"(?: (?:in|as|on|message|text|line|is|the|output|printed|shown|appears?|log|logs|stdout)\b)*"
)
_ADVICE = re.compile(r"(?:if|when|otherwise|note|see|fix|read|debug|then|else|review)\b")
_SENTENCE = re.compile(r"(?<=[\w\"'`)%])[.!]\s+(?=[A-Z\"'`])|\s*;\s*|\s+[\u2014\u2013]\s+")
_COUNTS = re.compile(
    r"\s*select\s+(?:distinct\s+)?(?:count|count_if|sum|min|max|avg|round|coalesce)\s*\(", re.IGNORECASE
)


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


@dataclass(frozen=True)
class Judgement:
    """`met`: what was stated holds; `unmet`: something does not; `unclear`: a reader must attest `unchecked`."""

    verdict: Verdict
    why: str = ""
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Assertion:
    said: str
    holds: Callable[[Observed], bool | None]
    found: Callable[[Observed], str]
    is_exit: bool = False


def judge(expected: str | None, observed: Observed) -> Judgement:
    """Judge a finished command by its exit code and by every statement in `expected` that can be decided.

    A SQL check whose expectation is missing or undecidable is `unclear`: that it ran proves nothing of its data.
    """
    decided = [_decision(clause) for clause in clauses(expected or "")]
    assertions = [each for each in decided if isinstance(each, _Assertion)]
    unchecked = [each for each in decided if isinstance(each, str)]
    if observed.exit != 0 and not any(each.is_exit for each in assertions):
        return Judgement("unmet", f"exit {observed.exit}")
    for assertion in assertions:
        holds = assertion.holds(observed)
        if holds is False:
            return Judgement("unmet", f"expected {assertion.said!r}, got {assertion.found(observed)}")
        if holds is None:
            unchecked.append(assertion.said)
    if unchecked:
        return Judgement("unclear", "a reader must judge the expectation", tuple(unchecked))
    if observed.rows is not None and not assertions:
        return Judgement("unclear", "nothing says what the result should be", ("the result",))
    return Judgement("met", _told(assertions, observed))


def clauses(expected: str) -> Iterator[str]:
    """Yield the statements of an expectation, without advice on what to do when it is not met."""
    for sentence in _SENTENCE.split(expected[:2000]):
        said = _bare(sentence)
        if said and not _ADVICE.match(said.casefold()):
            yield from _parts(said)


def _parts(said: str) -> list[str]:
    """Return the parts of an enumeration ("exit 0, no errors") where each of them can be decided, else the whole."""
    parts = [_bare(part) for part in re.split(r",\s+(?:and\s+)?|\s+and\s+", said)]
    if isinstance(_decision(said), str) and all(isinstance(_decision(part), _Assertion) for part in parts):
        return parts
    return [said]


def _bare(text: str) -> str:
    return text.strip(" \t.!*-:\u2705\u2713\u2714")


def _told(assertions: Sequence[_Assertion], observed: Observed) -> str:
    return "; ".join(f"{each.said}: {each.found(observed)}" for each in assertions)[:300]


@dataclass(frozen=True)
class _Clause:
    """A statement as it was written, without what stands in brackets, and that in lower case."""

    said: str
    bare: str
    folded: str


def _decision(said: str) -> _Assertion | str:
    bare = re.sub(r"\s*\([^()]{0,200}\)", "", said).strip(" .")
    clause = _Clause(said, bare, " ".join(bare.casefold().split()))
    for reader in (_json, _exit, _success, _tests, _state, _quoted, _rows, _scalar):
        if found := reader(clause):
            return found
    return said


def _exit(clause: _Clause) -> _Assertion | None:
    if _FAILS.fullmatch(clause.folded):
        return _Assertion(clause.said, lambda seen: seen.exit != 0, _exit_of, is_exit=True)
    found = _EXIT.fullmatch(clause.folded)
    if not found:
        return None
    if not found["code"].isdigit():
        return _Assertion(clause.said, lambda seen: seen.exit != 0, _exit_of, is_exit=True)
    code = int(found["code"])
    return _Assertion(clause.said, lambda seen: seen.exit == code, _exit_of, is_exit=True)


def _success(clause: _Clause) -> _Assertion | None:
    if not _SUCCESS.fullmatch(clause.folded):
        return None

    def holds(seen: Observed) -> bool | None:
        # A SQL check has no exit code of its own: "all valid" says something of its rows.
        return None if seen.rows is not None else seen.exit == 0

    return _Assertion(clause.said, holds, _exit_of)


def _tests(clause: _Clause) -> _Assertion | None:
    found = _TESTS.fullmatch(clause.folded)
    if not found:
        return None
    wanted = int(found["number"] or found["all"])
    name = {"error": "errors", "errors": "errors"}.get(found["what"] or "", found["what"] or "passed")

    def holds(seen: Observed) -> bool | None:
        return seen.counts[name] == wanted if name in seen.counts else None

    return _Assertion(clause.said, holds, lambda seen: f"{seen.counts.get(name, 'no count of')} {name}")


def _state(clause: _Clause) -> _Assertion | None:
    found = _STATE.fullmatch(clause.bare)
    return _text_assertion(clause.said, found["state"], is_word=True) if found else None


def _quoted(clause: _Clause) -> _Assertion | None:
    found = _QUOTED.fullmatch(clause.said.strip(" ."))
    return _text_assertion(clause.said, found["text"]) if found else None


def _json(clause: _Clause) -> _Assertion | None:
    text = clause.said.strip("` ")
    if not text.startswith(("{", "[")) or "..." in text:
        return None
    try:
        wanted = json.loads(text)
    except (ValueError, RecursionError):
        return None

    def holds(seen: Observed) -> bool | None:
        try:
            return bool(json.loads(seen.output) == wanted)
        except (ValueError, RecursionError):
            return False

    return _Assertion(clause.said, lambda seen: None if seen.rows is not None else holds(seen), _output_of)


def _text_assertion(said: str, text: str, *, is_word: bool = False) -> _Assertion:
    pattern = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)" if is_word else re.escape(text))
    return _Assertion(said, lambda seen: bool(pattern.search(_all_text(seen))), _output_of)


def _rows(clause: _Clause) -> _Assertion | None:
    if _EMPTY.fullmatch(clause.folded):
        return _Assertion(clause.said, lambda seen: _is_none(seen), _size_of)
    if _NOT_EMPTY.fullmatch(clause.folded):
        return _Assertion(clause.said, lambda seen: _negated(_is_none(seen)), _size_of)
    found = _ROWS.fullmatch(clause.folded)
    if not found:
        return None
    compare, wanted = _comparison(found)
    return _Assertion(clause.said, lambda seen: _compare_size(seen, compare, wanted), _size_of)


def _scalar(clause: _Clause) -> _Assertion | None:
    between = _RANGE.fullmatch(clause.folded)
    if between:
        low, high = _number(between["low"]), _number(between["high"])
        return _Assertion(clause.said, lambda seen: _compare_size(seen, lambda n, _: low <= n <= high, 0.0), _size_of)
    found = _SCALAR.fullmatch(clause.folded)
    if not found:
        return None
    compare, wanted = _comparison(found)
    if found["percent"]:
        return _Assertion(clause.said, lambda seen: _compare_rate(seen, compare, wanted), _size_of)
    return _Assertion(clause.said, lambda seen: _compare_size(seen, compare, wanted), _size_of)


def _comparison(found: re.Match[str]) -> tuple[Callable[[float, float], bool], float]:
    operator = ">=" if found["plus"] else _OPERATORS.get(found["op"] or "", "=")
    return _COMPARE[operator], _number(found["number"])


def _number(text: str) -> float:
    if text in ("no", "none"):
        return 0.0
    return float(_WORDS.index(text)) if text in _WORDS else float(text.replace(",", ""))


def _compare_size(seen: Observed, compare: Callable[[float, float], bool], wanted: float) -> bool | None:
    return _agreed(compare(size, wanted) for size in _sizes(seen))


def _compare_rate(seen: Observed, compare: Callable[[float, float], bool], wanted: float) -> bool | None:
    value = _value(seen)
    if value is None:
        return None
    # A rate is given as 99.5 or 0.995; which of them shows only in the value.
    return compare(value, wanted) if value > 1 or wanted <= 1 else compare(value, wanted / 100)


def _agreed(verdicts: Iterable[bool]) -> bool | None:
    """Return what all readings of a result say, or None when there is none or they differ."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else None


def _sizes(seen: Observed) -> list[float]:
    """Return the numbers a result may come down to: its one value, how many rows it has, or either."""
    value = _value(seen)
    readings = [] if value is None else [value]
    # One row with one number is a count, or a finding that happens to be a number: the statement tells, or both count.
    if seen.rows is not None and (value is None or not _COUNTS.match(seen.statement)):
        readings.append(float(len(seen.rows)))
    return readings


def _value(seen: Observed) -> float | None:
    if seen.rows is None:
        return _as_number(seen.output.strip())
    return _as_number(seen.rows[0][0]) if len(seen.rows) == 1 and len(seen.rows[0]) == 1 else None


def _as_number(text: str) -> float | None:
    return float(text.replace(",", "")) if re.fullmatch(r"-?\d{1,18}(?:,\d{3})*(?:\.\d{1,12})?", text) else None


def _is_none(seen: Observed) -> bool | None:
    if seen.rows is None:
        return not seen.output.strip()
    return _agreed(size == 0 for size in _sizes(seen))


def _negated(held: bool | None) -> bool | None:
    return None if held is None else not held


def _all_text(seen: Observed) -> str:
    return seen.output if seen.rows is None else "\n".join("\t".join(row) for row in seen.rows)


def _exit_of(seen: Observed) -> str:
    return f"exit {seen.exit}"


def _output_of(seen: Observed) -> str:
    text = " ".join(_all_text(seen).split())
    return f"output {text[-120:]!r}" if text else "no output"


def _size_of(seen: Observed) -> str:
    if seen.rows is None:
        return _output_of(seen)
    value = _value(seen)
    return f"{value:g}" if value is not None else f"{len(seen.rows)} rows"

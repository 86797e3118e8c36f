"""What can be told of a query's result from its text: how many rows it always has, and what its numbers are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from prp_mcp.code.sql_text import Token, find_words, statements

_COUNTING = frozenset({"COUNT", "COUNT_IF", "APPROX_COUNT_DISTINCT"})
_AGGREGATES = _COUNTING | frozenset(
    {"SUM", "MIN", "MAX", "AVG", "MEAN", "MEDIAN", "STDDEV", "VARIANCE", "PERCENTILE", "PERCENTILE_APPROX", "TRY_SUM"}
    | {"TRY_AVG", "CORR", "ANY_VALUE", "BOOL_AND", "BOOL_OR", "EVERY", "SOME", "ANY"}
)
_REGROUPING = frozenset(
    {"GROUP", "HAVING", "UNION", "EXCEPT", "MINUS", "INTERSECT", "QUALIFY", "LATERAL", "PIVOT", "|"}
)
_FILTERS = frozenset(
    {"WHERE", "HAVING", "JOIN", "EXCEPT", "MINUS", "INTERSECT", "DISTINCT", "COUNT_IF", "CASE", "IF", "IFF", "FILTER"}
    | {"QUALIFY"}
)
_MANY_ROWS = frozenset({"OVER", "SELECT", "EXPLODE", "EXPLODE_OUTER", "POSEXPLODE", "INLINE", "STACK"})


@dataclass(frozen=True)
class Selection:
    """What a statement selects; all False when it was not understood.

    `is_one_row`: aggregates over everything; `is_lone`: and just one of them; `is_count`: and that counts rows;
    `is_grouped`: a row a group; `is_filtered`: only some rows, or rows compared with others, are looked at;
    `is_percent`: a hundred is multiplied in; `shows`: the word behind SHOW.
    """

    is_one_row: bool = False
    is_lone: bool = False
    is_count: bool = False
    is_grouped: bool = False
    is_filtered: bool = False
    is_percent: bool = False
    shows: str = ""


def selection(statement: str) -> Selection:
    """Return what `statement` selects: of one statement with one SELECT outside of brackets; else only filters."""
    found = statements(statement)
    if len(found) != 1 or found[0].flaw:
        return Selection()
    tokens = found[0].tokens
    words = [token.upper for token in tokens]
    if words[0] == "SHOW":
        return Selection(shows=words[1] if len(words) > 1 else "")
    is_filtered = not _FILTERS.isdisjoint(words)
    start = find_words(tokens, "SELECT")
    if start is None or words[0] not in ("SELECT", "WITH") or find_words(tokens, "SELECT", after=start + 1) is not None:
        return Selection(is_filtered=is_filtered)
    end = find_words(tokens, "FROM", after=start)
    return _selected(tokens[start + 1 : end], tokens[start:], is_filtered=is_filtered)


def _selected(listed: Sequence[Token], query: Sequence[Token], *, is_filtered: bool) -> Selection:
    words = [token.upper for token in listed]
    called = {word for word, after in pairwise(words) if after == "(" and word in _AGGREGATES}
    regrouped = _REGROUPING.intersection(token.upper for token in query if token.depth == 0)
    if not called or not _MANY_ROWS.isdisjoint(words) or regrouped:
        is_grouped = bool(called) and "HAVING" not in regrouped
        return Selection(is_filtered=is_filtered, is_grouped=is_grouped, is_percent="100" in words)
    is_lone = not any(token.text == "," and token.depth == 0 for token in listed)
    is_count = is_lone and called <= _counting(words) and not _is_reckoned(words)
    return Selection(
        is_one_row=True,
        is_lone=is_lone,
        is_count=is_count,
        is_filtered=is_filtered,
        is_percent="100" in words,
    )


def _counting(words: Sequence[str]) -> frozenset[str]:
    """Return the functions that count: a sum does where it adds up ones."""
    return _COUNTING | {"SUM"} if "CASE" in words or "IF" in words else _COUNTING


def _is_reckoned(words: Sequence[str]) -> bool:
    pairs = zip(["", *words], words, strict=False)
    return any(word in ("/", "%") or (word == "*" and before not in ("(", ".")) for before, word in pairs)

"""Facts of a SQL pipeline source: a small grammar of the outer statements, sqlglot for the queries in them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from prp_mcp.code.facts import Action, ConfigRead, DatasetFact, DatasetKind, ExpectationFact, SourceError, SourceFacts
from prp_mcp.code.sql_text import Statement, Token, error_at, find_words, line_of, statements, unquoted

_FIRST = frozenset(
    {
        *("ADD", "ALTER", "ANALYZE", "APPLY", "AUTO", "BEGIN", "CACHE", "CALL", "CLEAR", "COMMENT", "COPY", "CREATE"),
        *("DECLARE", "DELETE", "DESC", "DESCRIBE", "DROP", "EXECUTE", "EXPLAIN", "FROM", "GRANT", "INSERT", "LIST"),
        *("MERGE", "MSCK", "OPTIMIZE", "REFRESH", "REPAIR", "REPLACE", "RESET", "REVOKE", "SELECT", "SET", "SHOW"),
        *("SYNC", "TABLE", "TRUNCATE", "UNCACHE", "UNDROP", "UPDATE", "USE", "VACUUM", "VALUES", "WITH", "("),
    }
)
_MODIFIERS = frozenset(
    {
        "OR",
        "REFRESH",
        "REPLACE",
        "PRIVATE",
        "TEMPORARY",
        "TEMP",
        "GLOBAL",
        "STREAMING",
        "INCREMENTAL",
        "MATERIALIZED",
        "LIVE",
    }
)
_OBJECTS = frozenset(
    {
        *("TABLE", "VIEW", "FLOW", "FUNCTION", "SCHEMA", "DATABASE", "CATALOG", "VOLUME", "EXTERNAL", "FOREIGN"),
        *("CONNECTION", "SHARE", "RECIPIENT", "PROCEDURE", "BLOOMFILTER", "SERVER", "STORAGE", "POLICY", "METRIC"),
        *("SINK", "INDEX", "MODEL", "CREDENTIAL", "SERVICE", "LOCATION", "PROVIDER", "AGGREGATE", "ROW", "TAG"),
    }
)
_QUERY = frozenset({"SELECT", "WITH", "FROM", "VALUES", "TABLE", "(", "MAP", "REDUCE"})
_MAX_QUERY = 100_000
_PARAMETER = re.compile(r"\$\{([^{}\n]*)\}")


@dataclass
class _Read:
    """What has been read of one file so far."""

    text: str
    datasets: list[DatasetFact] = field(default_factory=list)
    expectations: list[ExpectationFact] = field(default_factory=list)
    errors: list[SourceError] = field(default_factory=list)
    line: int | None = None

    def fail(self, token: Token, message: str) -> None:
        self.errors.append(error_at(self.text, token.start, message))

    def is_pipeline(self, token: Token) -> None:
        self.line = self.line or line_of(self.text, token.start)


def read_sql(path: str, text: str) -> SourceFacts:
    """Return the facts of a SQL file or notebook, in today's and in the old LIVE spelling.

    Errors are only those that are sure: quotes and brackets that do not match, statements of no known form,
    queries that do not parse. A query with `${parameters}` outside its strings is not judged.
    """
    read = _Read(text)
    found = statements(text)
    is_judged = not any(_is_beyond(statement.tokens) for statement in found)
    for statement in found:
        if statement.flaw and is_judged:
            read.errors.append(statement.flaw)
        # What has a flaw is read for its datasets, but not judged twice.
        _statement(read, statement, sure=is_judged and statement.flaw is None)
    return SourceFacts(
        path,
        "sql" if read.line else None,
        read.line or 1,
        tuple(read.datasets),
        tuple(read.expectations),
        tuple(_parameters(text)),
        tuple(sorted(read.errors, key=lambda error: (error.line, error.column))),
    )


def _parameters(text: str) -> Iterator[ConfigRead]:
    line = place = 0
    for found in _PARAMETER.finditer(text):
        line += text.count("\n", place, found.start())
        place = found.start()
        if found[1].strip():
            yield ConfigRead(found[1].strip(), line + 1)


def _is_beyond(tokens: Sequence[Token]) -> bool:
    """Return whether a statement belongs to a script (BEGIN ... END) or a Jinja template: not cut at `;`."""
    signs = "".join(token.text for token in tokens if token.kind == "sign")
    if "{{" in signs or "{%" in signs:
        return True
    words = {token.upper for token in tokens[:200]}
    return "BEGIN" in words and (tokens[0].upper == "BEGIN" or "PROCEDURE" in words or "FUNCTION" in words)


def _statement(read: _Read, statement: Statement, *, sure: bool) -> None:
    tokens = statement.tokens
    if not tokens:
        return
    first = tokens[0].upper
    if first == "CREATE":
        _create(read, tokens, sure=sure)
    elif first in ("APPLY", "AUTO"):
        read.is_pipeline(tokens[0])
        if sure:
            _changes(read, tokens, 0)
    elif first in _QUERY and sure:
        _query(read, tokens, 0)
    elif first not in _FIRST and "${" not in tokens[0].text and sure:
        read.fail(tokens[0], f"{tokens[0].text[:40]!r} does not begin a known statement")


def _create(read: _Read, tokens: Sequence[Token], *, sure: bool) -> None:
    index = 1
    while index < len(tokens) and tokens[index].upper in _MODIFIERS:
        index += 1
    words = {token.upper for token in tokens[1:index]}
    what = tokens[index].upper if index < len(tokens) else ""
    if what in ("TABLE", "VIEW"):
        if (
            words & {"STREAMING", "LIVE", "INCREMENTAL", "MATERIALIZED", "TEMPORARY", "TEMP", "PRIVATE"}
            or what == "VIEW"
        ):
            read.is_pipeline(tokens[0])
        _dataset(read, tokens, index, words, sure=sure)
    elif what == "FLOW":
        read.is_pipeline(tokens[0])
        if sure:
            _flow(read, tokens, index)
    elif sure and what not in _OBJECTS:
        place = tokens[min(index, len(tokens) - 1)]
        read.fail(place, f"CREATE {' '.join(t.text for t in tokens[1 : index + 1])[:60]} is not a known statement")


def _dataset(read: _Read, tokens: Sequence[Token], index: int, words: set[str], *, sure: bool) -> None:
    start = index + 1
    if [token.upper for token in tokens[start : start + 3]] == ["IF", "NOT", "EXISTS"]:
        start += 3
    name, after = _name(tokens, start)
    if after == start and sure:
        read.fail(tokens[min(start, len(tokens) - 1)], "a name is missing here")
        return
    kind = _kind(tokens[index].upper, words)
    body = find_words(tokens, "AS", after=after)
    head = tokens[after:body] if body is not None else tokens[after:]
    is_private = bool(words & {"TEMPORARY", "TEMP", "PRIVATE"}) or (kind == "view" and "LIVE" in words)
    comment = find_words(head, "COMMENT")
    has_comment = comment is not None and comment + 1 < len(head) and len(head[comment + 1].text) > 2
    line = line_of(read.text, tokens[0].start)
    rules = list(_expectations(read, head, name, sure=sure))
    form = f"CREATE LIVE {tokens[index].upper}" if "LIVE" in words else f"CREATE {kind.upper()}"
    properties = _properties(head)
    read.datasets.append(DatasetFact(name, kind, line, is_private, has_comment, bool(rules), form, properties))
    read.expectations += rules
    if not sure:
        return
    if body is not None:
        _query(read, tokens, body + 1)
    elif kind in ("materialized view", "view"):
        read.fail(tokens[0], f"this {kind} has no query: AS SELECT ... is missing")


def _kind(what: str, words: set[str]) -> DatasetKind:
    if what == "VIEW":
        return "materialized view" if "MATERIALIZED" in words else "view"
    if words & {"STREAMING", "INCREMENTAL"}:
        return "streaming table"
    return "materialized view" if "LIVE" in words else "table"


def _properties(head: Sequence[Token]) -> tuple[tuple[str, str], ...]:
    """Read `TBLPROPERTIES ("key" = "value", ...)`; keys may be dotted words, values words or strings."""
    start = find_words(head, "TBLPROPERTIES")
    if start is None or not _sign(head, start + 1, "("):
        return ()
    end = _closing(head, start + 1)
    if not _sign(head, end, ")"):
        return ()
    found: list[tuple[str, str]] = []
    key, value, is_value = "", "", False
    for token in [*head[start + 2 : end], None]:
        if token is None or token.text == ",":
            if key:
                found.append((key, value))
            key, value, is_value = "", "", False
        elif token.text == "=" and not is_value:
            is_value = True
        elif is_value:
            value += unquoted(token)
        else:
            key += unquoted(token)
    return tuple(found)


def _name(tokens: Sequence[Token], start: int) -> tuple[str | None, int]:
    """Read a name of one to three parts; return it (None when computed) and the index behind it."""
    if start < len(tokens) and tokens[start].upper == "IDENTIFIER" and _sign(tokens, start + 1, "("):
        return None, _closing(tokens, start + 1) + 1
    parts: list[str] = []
    index = start
    while index < len(tokens) and tokens[index].kind in ("word", "name"):
        if not parts and tokens[index].upper in ("AS", "COMMENT", "TBLPROPERTIES"):
            break
        parts.append(unquoted(tokens[index]))
        index += 1
        if not _sign(tokens, index, "."):
            break
        index += 1
    if len(parts) > 1 and parts[0].upper() == "LIVE":
        parts = parts[1:]
    name = ".".join(part if "." not in part else f"`{part}`" for part in parts)
    return (None if "${" in name or not name else name), index


def _expectations(read: _Read, head: Sequence[Token], dataset: str | None, *, sure: bool) -> Iterator[ExpectationFact]:
    for index, token in enumerate(head):
        if token.upper != "CONSTRAINT":
            continue
        expect = next((i for i in (index + 1, index + 2) if i < len(head) and head[i].upper == "EXPECT"), None)
        if expect is None:
            continue
        name = unquoted(head[index + 1]) if expect == index + 2 else None
        if not _sign(head, expect + 1, "("):
            if sure:
                read.fail(head[expect], "EXPECT needs a condition in brackets")
            continue
        closing = _closing(head, expect + 1)
        condition = read.text[head[expect + 1].end : head[closing].start].strip()
        name = None if name and "${" in name else name
        line = line_of(read.text, token.start)
        action = _action(read, head, closing + 1, sure=sure)
        yield ExpectationFact(dataset, name, action, condition, line, "constraint")


def _action(read: _Read, head: Sequence[Token], index: int, *, sure: bool) -> Action:
    words = [token.upper for token in head[index : index + 4]]
    if words[:2] != ["ON", "VIOLATION"]:
        return "warn"
    match words[2:]:
        case ["DROP", "ROW"]:
            return "drop"
        case ["FAIL", "UPDATE"]:
            return "fail"
    if sure:
        read.fail(head[index], "ON VIOLATION must be followed by DROP ROW or FAIL UPDATE")
    return "warn"


def _flow(read: _Read, tokens: Sequence[Token], index: int) -> None:
    _, after = _name(tokens, index + 1)
    body = find_words(tokens, "AS", after=after)
    if body is None or body + 1 >= len(tokens):
        read.fail(tokens[index], "the flow has no AS INSERT INTO ... or AS AUTO CDC INTO ...")
        return
    first = tokens[body + 1].upper
    if first in ("AUTO", "APPLY"):
        _changes(read, tokens, body + 1)
    elif first == "INSERT":
        start = next(
            (
                i
                for i in range(body + 2, len(tokens))
                if tokens[i].depth == 0 and tokens[i].upper in ("SELECT", "WITH", "FROM")
            ),
            None,
        )
        if start is not None:
            _query(read, tokens, start)
    else:
        read.fail(tokens[body + 1], "a flow must be AS INSERT INTO ... or AS AUTO CDC INTO ...")


def _changes(read: _Read, tokens: Sequence[Token], index: int) -> None:
    form = [token.upper for token in tokens[index : index + 2]]
    if form not in (["APPLY", "CHANGES"], ["AUTO", "CDC"]):
        read.fail(tokens[index], f"{' '.join(form)} does not begin a known statement")
        return
    for words in (("INTO",), ("FROM",), ("KEYS",), ("SEQUENCE", "BY")):
        if find_words(tokens, *words, after=index) is None:
            read.fail(tokens[index], f"{' '.join(form)} needs {' '.join(words)}")


def _query(read: _Read, tokens: Sequence[Token], start: int) -> None:
    if start >= len(tokens):
        read.fail(tokens[-1], "a query is missing after AS")
        return
    if tokens[start].upper not in _QUERY:
        if "${" not in tokens[start].text:
            read.fail(tokens[start], f"{tokens[start].text[:40]!r} does not begin a query")
        return
    body = tokens[start:]
    offset, end = body[0].start, body[-1].end
    if end - offset > _MAX_QUERY or any("${" in token.text for token in body if token.kind != "string"):
        return
    problem = _rejected(_rewritten(read.text, body))
    if problem:
        # Rewriting keeps every offset, so a place in the query is a place in the file.
        read.errors.append(error_at(read.text, offset + problem[0], problem[1]))


def _rewritten(text: str, body: Sequence[Token]) -> str:
    """Return the query without what sqlglot does not know (it knows STREAM), every other letter in its place."""
    letters = list(text[body[0].start : body[-1].end])
    offset = body[0].start
    for index, token in enumerate(body):
        if token.upper == "WATERMARK":
            last = _watermark_end(body, index)
            if last:
                start, end = token.start - offset, body[last].end - offset
                letters[start:end] = [letter if letter == "\n" else " " for letter in letters[start:end]]
        elif token.upper == "WINDOW" and _sign(body, index + 1, "("):
            # sqlglot takes the grouping function for the WINDOW clause.
            letters[token.start - offset] = "x"
    return "".join(letters)


def _watermark_end(body: Sequence[Token], index: int) -> int | None:
    delay = next((i for i in range(index + 1, min(index + 12, len(body))) if body[i].upper == "DELAY"), None)
    interval = next((i for i in range(index + 1, min(index + 16, len(body))) if body[i].upper == "INTERVAL"), None)
    if delay is None or interval is None or interval + 1 >= len(body):
        return None
    has_unit = interval + 2 < len(body) and re.fullmatch(
        r"(?:MICRO|MILLI)?SECONDS?|MINUTES?|HOURS?|DAYS?|WEEKS?|MONTHS?|YEARS?", body[interval + 2].upper
    )
    return interval + 2 if has_unit else interval + 1


def _rejected(query: str) -> tuple[int, str] | None:
    from sqlglot import parse
    from sqlglot.errors import SqlglotError

    try:
        parse(query, dialect="databricks")
    except SqlglotError as error:
        return _place(query, error)
    except RecursionError:
        # Deep nesting is no proof of an error.
        return None
    return None


def _place(query: str, error: Exception) -> tuple[int, str]:
    details = getattr(error, "errors", None) or [{}]
    detail = details[0]
    message = str(detail.get("description") or "the query does not parse")
    # The message names sqlglot's own token, with its positions in the rewritten query.
    message = re.sub(r"<Token token_type: .*?text: (.*?), line:.*?>", r"'\1'", message, flags=re.DOTALL)
    line, column = int(detail.get("line") or 1), int(detail.get("col") or 1)
    lines = query.split("\n")
    before = sum(len(each) + 1 for each in lines[: line - 1])
    found = str(detail.get("highlight") or "")
    offset = before + max(0, column - max(1, len(found)))
    return min(offset, max(0, len(query) - 1)), message.strip().rstrip(".")[:300]


def _sign(tokens: Sequence[Token], index: int, sign: str) -> bool:
    return index < len(tokens) and tokens[index].upper == sign


def _closing(tokens: Sequence[Token], opening: int) -> int:
    depth = tokens[opening].depth
    for index in range(opening + 1, len(tokens)):
        if tokens[index].depth == depth and tokens[index].upper in (")", "]"):
            return index
    return len(tokens) - 1

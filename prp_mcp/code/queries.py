"""Decide, purely, whether a SQL statement only reads."""

import re
from collections.abc import Sequence

from prp_mcp.code.sql_text import Token, statements, unquoted

READING = frozenset({"SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "TABLE", "FROM", "("})
"""What a reading statement begins with."""

_WRITING = """
    ALTER ANALYZE CACHE CALL CLONE COPY CREATE DELETE DENY DROP EXECUTE GRANT INSERT MERGE MSCK OPTIMIZE OVERWRITE
    REFRESH REPAIR RESTORE REVOKE TRUNCATE UNCACHE UNDROP UPDATE VACUUM
"""
WRITING = frozenset(_WRITING.split())
"""Words that change something wherever they stand as a word of their own."""

REACHING_OUT = re.compile(
    r"(?:AI|HTTP|READ|REMOTE|VECTOR_SEARCH)(?:_\w*)?|(?:\w*_)?SECRETS?|CLOUD_FILES|(?:TRY_)?REFLECT|\w*JAVA_METHOD"
    r"|PYTHON_EXEC"
)
"""Functions that call code, read files or secrets, or send data somewhere."""

FORMATS = frozenset(
    {
        "AVRO",
        "BINARYFILE",
        "CSV",
        "DELTA",
        "ICEBERG",
        "JDBC",
        "JSON",
        "KAFKA",
        "LIBSVM",
        "ORC",
        "PARQUET",
        "TEXT",
        "XML",
    }
)
"""What the first part of a name says when the second one is a path."""

_NAMES = frozenset({"word", "name"})
_BEFORE_TABLES = frozenset({"FROM", "JOIN", "TABLE", "STREAM", "DESCRIBE", "DESC", "EXTENDED", "FORMATTED"})


def why_not_reading(statement: str) -> str:
    """Return why a statement is not run as a check, or an empty string when it is one that only reads.

    Strings, quoted names and comments are told apart from words, so that 'drop' in a string is harmless.
    """
    found = statements(statement)
    if len(found) != 1:
        return f"it has {len(found)} statements, expected one"
    if found[0].flaw:
        return found[0].flaw.message
    tokens = found[0].tokens
    words = [token.upper for token in tokens]
    if words[0] not in READING:
        return f"it begins with {words[0][:40]!r}; only statements that read are run"
    for before, word in zip(["", *words], words, strict=False):
        # A column may be called `t.update`, and SHOW CREATE TABLE creates nothing.
        if word in WRITING and words[0] != "SHOW" and before != ".":
            return f"it contains {word}; only statements that read are run"
    return next((why for index in range(len(tokens)) if (why := _why_not(tokens, index))), "")


def _why_not(tokens: Sequence[Token], index: int) -> str:
    """Return why a statement with this token is not run: it calls code, or reads what is no table."""
    token = tokens[index]
    behind = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if token.upper == "USING" and index + 1 < len(tokens) and tokens[index + 1].kind == "string":
        return "it starts a program (`USING`)"
    if token.kind not in _NAMES:
        return ""
    is_qualified = index > 1 and tokens[index - 1].text == "." and tokens[index - 2].kind in _NAMES
    name = unquoted(token)
    if behind == "(":
        if REACHING_OUT.fullmatch(name.upper()):
            return f"it calls {name.lower()[:60]}, which reaches beyond the tables"
        if is_qualified:
            return f"it calls a user-defined function, {name[:60]!r}"
        if name.upper() == "IDENTIFIER":
            return "it builds a name when it runs (`IDENTIFIER`)"
    return _why_no_table(tokens, index) if is_qualified else ""


def _why_no_table(tokens: Sequence[Token], index: int) -> str:
    """Return why the name that ends here is a path, as in json.`/x`; it has a part before it."""
    name, first = unquoted(tokens[index]), unquoted(tokens[index - 2]).upper()
    before = tokens[index - 3].upper if index > 2 else ""
    is_longer = before == "." or (index + 1 < len(tokens) and tokens[index + 1].text == ".")
    is_file = first in FORMATS and not is_longer and (tokens[index].kind == "name" or before in _BEFORE_TABLES)
    if is_file or "/" in name or ":" in name:
        return f"it reads the files at {name[:60]!r}; only tables are read"
    return ""

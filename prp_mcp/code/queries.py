"""Decide, purely, whether a SQL statement only reads."""

from prp_mcp.code.sql_text import statements, unquoted

READING = frozenset({"SELECT", "WITH", "VALUES", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "TABLE", "FROM", "("})
"""What a reading statement begins with."""

_WRITING = """
    ALTER ANALYZE CACHE CALL CLONE COPY CREATE DELETE DENY DROP EXECUTE GRANT INSERT MERGE MSCK OPTIMIZE OVERWRITE
    REFRESH REPAIR RESTORE REVOKE TRUNCATE UNCACHE UNDROP UPDATE VACUUM
"""
WRITING = frozenset(_WRITING.split())
"""Words that change something wherever they stand as a word of their own."""

_REACHING_OUT = """
    AI_QUERY HTTP_REQUEST JAVA_METHOD READ_FILES REFLECT REMOTE_QUERY SECRET TRY_REFLECT TRY_SECRET
"""
REACHING_OUT = frozenset(_REACHING_OUT.split())
"""Functions that call code, read secrets or send data somewhere."""


def why_not_reading(statement: str) -> str:
    """Return why a statement is not run as a check, or an empty string when it is one that only reads.

    Strings, quoted names and comments are told apart from words, so that 'drop' in a string is harmless.
    """
    found = statements(statement)
    if len(found) != 1:
        return f"it is {len(found)} statements, expected one"
    if found[0].flaw:
        return found[0].flaw.message
    tokens = found[0].tokens
    words = [token.upper for token in tokens]
    if words[0] not in READING:
        return f"it begins with {words[0][:40]!r}; only reading statements are run"
    for index, token in enumerate(tokens):
        # A column may be called `t.update`, and SHOW CREATE TABLE creates nothing.
        is_name = words[0] == "SHOW" or (index > 0 and words[index - 1] == ".")
        if words[index] in WRITING and not is_name:
            return f"it holds {words[index]}; only reading statements are run"
        if unquoted(token).upper() in REACHING_OUT and token.kind != "string":
            return f"it calls {unquoted(token).lower()}, which reaches out of the tables"
    return ""

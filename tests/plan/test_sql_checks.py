import json

import pytest

from prp_mcp.commands.line import read_line
from prp_mcp.plan.sql_checks import MAX_JSON, pieces, sent_statement
from tests.plan.texts import line_of, plan, prp


def post(statement: str, **others: object) -> str:
    body = json.dumps({"statement": statement, "warehouse_id": "<warehouse_id>", **others})
    return f"databricks api post /api/2.0/sql/statements --json '{body}'"


def test_a_block_of_sql_is_cut_into_statements_and_comments_with_their_lines():
    text = "-- first\nSELECT 1, -- inside\n  ';' /* block */ AS x;\n\n/* second */ SELECT 2;;\n-- last"
    assert [(piece.text, piece.line, piece.is_comment) for piece in pieces(text)] == [
        ("first", 0, True),
        ("SELECT 1,\n';' AS x", 1, False),
        ("inside", 1, True),
        ("block", 2, True),
        ("second", 4, True),
        ("SELECT 2", 4, False),
        ("last", 5, True),
    ]


def test_every_statement_is_a_command_of_its_own():
    validation = "### Level 4\n\n```sql\nSELECT 1;\nSELECT 2\n```"
    found = plan(validation=validation).commands
    text = prp(validation=validation)
    assert [(command.id, command.kind, command.text, command.line) for command in found] == [
        ("L4.1", "sql", "SELECT 1", line_of(text, "SELECT 1")),
        ("L4.2", "sql", "SELECT 2", line_of(text, "SELECT 2")),
    ]


@pytest.mark.parametrize(
    "command",
    [
        post("SELECT 1"),
        post("SELECT 1;"),
        post("-- why\nSELECT /* x */ 1"),
        post("SELECT 1") + " | jq -r '.result.data_array[0][0]'",
        post("SELECT 1") + " | python -m json.tool",
        "cd app && " + post("SELECT 1"),
        post("SELECT 1").replace("databricks", "databricks --profile dev"),
        "databricks api post /api/2.0/sql/statements --json '{\n" + """ "statement": "SELECT\n 1",\n "x": 1\n}'""",
        """databricks api post /api/2.0/sql/statements/ --json="{\\"statement\\": \\"SELECT 1\\"}\"""",
    ],
)
def test_a_command_that_only_sends_sql_is_that_sql(command):
    sent = sent_statement(read_line(command))
    assert sent
    assert sent.flaw is None
    assert " ".join(sent.statement.split()) == "SELECT 1"


@pytest.mark.parametrize(
    ("command", "part"),
    [
        ("databricks api post /api/2.0/sql/statements --json '{bad}'", "JSON cannot be read"),
        ("databricks api post /api/2.0/sql/statements --json '[1]'", "no `statement`"),
        ("databricks api post /api/2.0/sql/statements --json @x.json", "'x.json'"),
        ("databricks api post /api/2.0/sql/statements --json '" + "[" * 5000 + "'", "JSON cannot be read"),
        (post("SELECT 1; SELECT 2"), "2 statements"),
        (post("-- nothing"), "0 statements"),
        (post("SELECT 1", parameters=[{"name": "a"}]), "parameters"),
        (post("SELECT * FROM t", schema="s"), "three-part"),
        (post("SELECT 1" + " " * MAX_JSON), "longer than"),
    ],
)
def test_sql_that_cannot_be_told_stays_a_shell_command_with_the_reason(command, part):
    sent = sent_statement(read_line(command))
    assert sent
    assert part in (sent.flaw or "")
    found = plan(validation=f"```bash\n{command}\n```").commands
    assert (found[0].kind, found[0].text) == ("shell", command)
    assert part in (found[0].blocked or "")


@pytest.mark.parametrize(
    "command",
    [
        post("SELECT 1") + " | jq -e '.x'",
        post("SELECT 1") + " | jq -re'.x'",
        post("SELECT 1") + """ | jq '.x' '-e'""",
        post("SELECT 1") + " | grep -q 0",
        post("SELECT 1") + " && pytest",
        post("SELECT 1") + " > out.json",
        "pytest && " + post("SELECT 1"),
        "databricks api get /api/2.0/sql/statements/1",
        post("SELECT 1").replace("databricks", "databricks fs rm dbfs:/x"),
        post("SELECT 1").replace("databricks", "databricks --profile dev secrets"),
        "databricks api post /api/2.1/jobs/run-now --json '{}'",
        "echo databricks api post /api/2.0/sql/statements --json '{}'",
    ],
)
def test_a_command_that_does_more_than_send_sql_stays_what_it_is(command):
    assert sent_statement(read_line(command)) is None


def test_names_of_three_parts_need_no_catalog_and_schema():
    sent = sent_statement(read_line(post("SELECT * FROM a.b.c JOIN a.b.`d` ON true", catalog="a", schema="b")))
    assert sent
    assert sent.flaw is None


def test_sent_sql_keeps_its_bindings_and_expectation_and_drops_the_warehouse():
    command = post("SELECT COUNT(*) FROM <catalog>.s.t")
    text = prp(validation=f"```bash\npytest\n{command}\n# Expected: 0\n```")
    found = plan(validation=f"```bash\npytest\n{command}\n# Expected: 0\n```")
    sql = found.commands[1]
    assert (sql.kind, sql.text, sql.expected) == ("sql", "SELECT COUNT(*) FROM <catalog>.s.t", "0")
    assert sql.line == line_of(text, "databricks api post")
    assert sql.bindings == ("catalog",)
    assert [binding.name for binding in found.bindings] == ["catalog"]


def test_a_string_that_never_ends_blocks_the_statement():
    found = plan(validation="```sql\nSELECT 1;\nSELECT 'open\n```").commands
    assert found[0].blocked is None
    assert "never closed" in (found[1].blocked or "")

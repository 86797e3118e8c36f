import pytest

from prp_mcp.commands.line import read_line
from prp_mcp.commands.outdated import OUTDATED_FORMS, outdated_form


@pytest.mark.parametrize(
    ("command", "part", "right"),
    [
        (
            "databricks pipelines get --pipeline-id a1 -o json",
            "flag --pipeline-id",
            "databricks pipelines get a1 -o json",
        ),
        ("databricks pipelines stop --pipeline-id=a1", "flag --pipeline-id", "databricks pipelines stop a1"),
        (
            "databricks pipelines start-update --full-refresh --pipeline-id a1",
            "flag",
            "databricks pipelines start-update a1 --full-refresh",
        ),
        (
            "databricks pipelines reset --pipeline-id a1",
            "no `pipelines reset`",
            "databricks pipelines start-update a1 --full-refresh",
        ),
        ("databricks pipelines events a1", "no `pipelines events`", "databricks pipelines list-pipeline-events a1"),
        (
            "databricks pipelines events --pipeline-id a1",
            "no `pipelines events`",
            "databricks pipelines list-pipeline-events a1",
        ),
        (
            "databricks pipelines get-update --update-id u --pipeline-id p",
            "flag",
            "databricks pipelines get-update p u",
        ),
        ("databricks jobs run-now --job-id 7", "flag --job-id", "databricks jobs run-now 7"),
        ("databricks schemas list --catalog-name main", "flag --catalog-name", "databricks schemas list main"),
        (
            "databricks tables list --schema-name s --catalog-name c",
            "flag --catalog-name",
            "databricks tables list c s",
        ),
        (
            "databricks tables list --catalog-name '<my catalog>' --schema-name $S",
            "flag",
            "databricks tables list '<my catalog>' $S",
        ),
        (
            "databricks bundle logs --target dev",
            "no `bundle logs`",
            "databricks pipelines list-pipeline-events <pipeline_id> --target dev",
        ),
        ("databricks workspace ls /Shared", "no `workspace ls`", "databricks workspace list /Shared"),
        (
            "databricks clusters spark-versions list",
            "no `clusters spark-versions list`",
            "databricks clusters spark-versions",
        ),
        (
            "databricks -p dev unity-catalog tables list --catalog-name c --schema-name s",
            "no `unity-catalog`",
            "databricks -p dev tables list c s",
        ),
        (
            "/usr/bin/databricks --profile dev runs get --run-id 3",
            "no `runs get`",
            "databricks --profile dev jobs get-run 3",
        ),
        (
            "databricks sql execute --statement 'SELECT 1' --warehouse-id w",
            "no `sql execute`",
            """databricks api post /api/2.0/sql/statements --json '{"statement": "SELECT 1", "warehouse_id": "w"}'""",
        ),
    ],
)
def test_an_outdated_command_is_answered_with_the_present_one(command, part, right):
    found = outdated_form(read_line(command))
    assert found
    assert part in found.why
    assert found.why.startswith("the current Databricks CLI has no ")
    assert found.right == right


@pytest.mark.parametrize(
    "command",
    [
        "databricks bundle deploy -t dev",
        "databricks bundle run --target dev orders",
        "databricks pipelines get a1",
        "databricks pipelines list-pipeline-events a1 --max-results 5",
        "databricks jobs get-run 7",
        "databricks jobs list-runs --job-id 7",
        "databricks jobs list --name x",
        "databricks fs cp dbfs:/a b",
        "databricks tables list main sales",
        "databricks clusters spark-versions",
        "echo databricks bundle logs",
        "databricks-connect test",
        "databricks",
        "",
    ],
)
def test_a_present_command_is_left_alone(command):
    assert outdated_form(read_line(command)) is None


def test_every_form_of_the_table_is_refused_and_its_answer_is_not():
    for form in OUTDATED_FORMS:
        flags = " ".join(f"{flag} x{index}" for index, flag in enumerate(form.positional))
        found = outdated_form(read_line(f"databricks {form.written} {flags}"))
        assert found, form
        assert outdated_form(read_line(found.right)) is None, form
        assert "--" not in found.right.replace("--full-refresh", ""), form

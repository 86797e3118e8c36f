import pytest

from prp_mcp.plan.bindings import bindings_in, filled, secrets_in, variables_set
from prp_mcp.plan.reading import is_sound, read_plan
from tests.plan.texts import line_of, plan, prp


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("databricks jobs get <run_id>", ["run_id"]),
        ("pytest --env {sdlc_env} --catalog {Catalog}", ["sdlc_env", "catalog"]),
        ("databricks tables list $CATALOG ${SCHEMA_NAME}", ["catalog", "schema_name"]),
        ('pytest "--catalog=$CATALOG" --x="<run-id>"', ["catalog", "run-id"]),
        ("pytest <id_a> <id_b> <id_a> $ID_A", ["id_a", "id_b"]),
        ("echo '<run_id>' '{catalog}'", ["run_id", "catalog"]),
        ("echo '$CATALOG'", []),
        ("echo \\$CATALOG $$ $? $1 $@ ${X:-default}", []),
        ("ls $HOME $PWD ${TMPDIR}", []),
        ("CATALOG=dev pytest $CATALOG", []),
        ("export CATALOG=dev SCHEMA=x && pytest $CATALOG.$SCHEMA", []),
        ("for day in a b; do pytest $day; done", []),
        ("cat x | while read -r line; do echo $line; done", []),
        ("pytest -d catalog=$catalog", ["catalog"]),
        ("awk '{print}' x | jq '{name}'", []),
        ("grep -r '{catalog}' src", []),
        ("python -c \"print(f'{catalog}')\"", []),
        ("python -c \"t = '<table>'; u = '<catalog>'\"", ["catalog"]),
        ("""curl --json '{"a": {"b": 1}}' x{1,2} %{http_code} HEAD@{1} {} +""", []),
        ("echo '{{ name }}' ${bundle.target} ${var.catalog}", []),
        ("curl -H $API_TOKEN $DATABRICKS_TOKEN ${DB_PASSWORD}", []),
        ("cat < in > out <b> </b> <your-x> <TODO>", []),
        ("grep '<b>' x.html", []),
        ("", []),
    ],
)
def test_the_run_time_values_of_a_shell_command_are_found(command, names):
    assert bindings_in(command) == names


@pytest.mark.parametrize(
    ("statement", "names"),
    [
        ("SELECT * FROM {catalog}.{schema}.t WHERE day = '${RUN_DATE}'", ["catalog", "schema", "run_date"]),
        ("SELECT CAST(x AS ARRAY<STRING>), Array<int> FROM <catalog>.t", ["catalog"]),
        ("SELECT a FROM t WHERE a < b AND c > d AND e <> f", []),
        ("SELECT '<day>'", ["day"]),
    ],
)
def test_the_run_time_values_of_a_statement_are_found(statement, names):
    assert bindings_in(statement, kind="sql") == names


def test_values_are_put_in_for_every_spelling_and_the_rest_stays():
    command = "run <a_id> {A_ID} $A_ID ${a_id} '$A_ID' <b_id> $a_idx"
    done = filled(command, {"A_ID": "7"})
    assert done == "run 7 7 7 7 '$A_ID' <b_id> $a_idx"
    assert bindings_in(done) == ["b_id", "a_idx"]
    assert filled(done, {"b_id": "8", "a_idx": "$C_ID"}) == "run 7 7 7 7 '$A_ID' 8 $C_ID"
    assert filled(command, {}) == command


def test_a_value_is_not_looked_into_again():
    assert filled("run <a_id> <b_id>", {"a_id": "<b_id>", "b_id": "2"}) == "run <b_id> 2"


def test_a_variable_that_the_command_sets_is_not_replaced():
    assert filled("X=1 pytest $X $Y", {"x": "9", "y": "8"}) == "X=1 pytest $X 8"


def test_a_statement_is_filled_also_inside_its_strings():
    assert filled("SELECT '$DAY'", {"day": "monday"}, kind="sql") == "SELECT 'monday'"
    assert filled("echo '$DAY'", {"day": "monday"}) == "echo '$DAY'"


def test_assignments_loops_and_reads_set_variables():
    text = "A=1\nexport B=2 C=3\nmake --D=4 x\nfor e in 1; do F=5 make; done\nread -r G; if true; then H=6; fi"
    assert variables_set(text) == {"A", "B", "C", "e", "F", "G", "H"}


def test_secrets_are_told_by_their_names():
    assert secrets_in("curl $DATABRICKS_TOKEN ${CLIENT_SECRET} '$API_KEY' $KEYSTORE $TOKENS") == [
        *("DATABRICKS_TOKEN", "CLIENT_SECRET"),
    ]


def test_a_variable_set_before_in_the_same_block_is_no_binding():
    found = plan(validation="```bash\npytest $A\nA=1\npytest $A $B\n```\n\n```bash\npytest $A\n```").commands
    assert [command.bindings for command in found] == [("a",), (), ("b",), ("a",)]


def test_each_binding_is_noted_once_where_it_stands_first():
    text = prp(
        validation="```bash\nmake a \\\n  <job_id>\nmake <job_id> {catalog}\n```\n\n"
        "```sql\nSELECT 1\nFROM <schema>.t\n```\n\n- [ ] `make $REGION` works"
    )
    found = read_plan(text, "x")
    notes = [finding for finding in found.findings if finding.rule == "command-binding"]
    places = [("job_id", "<job_id>"), ("catalog", "{catalog}"), ("schema", "<schema>"), ("region", "$REGION")]
    assert [(binding.name, binding.line) for binding in found.bindings] == [
        (name, line_of(text, part)) for name, part in places
    ]
    assert [(note.text, note.line, note.severity) for note in notes] == [
        (part, line_of(text, part), "note") for _, part in places
    ]
    assert notes[0].column == 3
    assert is_sound(found)


def test_a_command_that_needs_values_is_not_blocked_for_that():
    found = plan(validation="```bash\nmake <job_id>\nnpm run dev <port_id>\n```").commands
    assert [(command.bindings, bool(command.blocked)) for command in found] == [
        (("job_id",), False),
        (("port_id",), True),
    ]


def test_a_command_that_a_gate_proves_needs_no_values():
    start = "databricks pipelines start-update <pipeline_id>"
    found = plan(validation=f"```bash\n{start}\n```\n\n- [ ] `{start}` is done")
    assert found.commands[0].bindings == ()
    assert found.bindings == ()

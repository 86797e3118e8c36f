import pytest

from prp_mcp.commands.bindings import bindings_in, bindings_in_sql, filled, filled_sql, secrets_in, variables_set
from prp_mcp.commands.line import read_line


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
    assert bindings_in(read_line(command)) == names


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
    assert bindings_in_sql(statement) == names


def test_values_are_put_in_for_every_spelling_and_the_rest_stays():
    command = "run <a_id> {A_ID} $A_ID ${a_id} '$A_ID' <b_id> $a_idx"
    done = filled(read_line(command), {"A_ID": "7"}).text
    assert done == "run 7 7 7 7 '$A_ID' <b_id> $a_idx"
    assert bindings_in(read_line(done)) == ["b_id", "a_idx"]
    assert filled(read_line(done), {"b_id": "8", "a_idx": "$C_ID"}).text == "run 7 7 7 7 '$A_ID' 8 $C_ID"
    assert filled(read_line(command), {}).text == command


def test_a_value_is_not_looked_into_again():
    assert filled(read_line("run <a_id> <b_id>"), {"a_id": "<b_id>", "b_id": "2"}).text == "run <b_id> 2"


def test_a_variable_that_the_command_sets_is_not_replaced():
    assert filled(read_line("X=1 pytest $X $Y"), {"x": "9", "y": "8"}).text == "X=1 pytest $X 8"


def test_a_statement_is_filled_also_inside_its_strings():
    assert filled_sql("SELECT '$DAY'", {"day": "monday"}) == "SELECT 'monday'"
    assert filled(read_line("echo '$DAY'"), {"day": "monday"}).text == "echo '$DAY'"


def test_assignments_loops_and_reads_set_variables():
    text = "A=1\nexport B=2 C=3\nmake --D=4 x\nfor e in 1; do F=5 make; done\nread -r G; if true; then H=6; fi"
    assert variables_set(read_line(text)) == {"A", "B", "C", "e", "F", "G", "H"}


def test_secrets_are_told_by_their_names():
    assert secrets_in(read_line("curl $DATABRICKS_TOKEN ${CLIENT_SECRET} '$API_KEY' $KEYSTORE $TOKENS")) == [
        *("DATABRICKS_TOKEN", "CLIENT_SECRET"),
    ]

"""Which values the commands and checks of a PRP need, and where they stand first."""

from prp_mcp.plan.reading import is_sound, read_plan
from tests.plan.texts import line_of, plan, prp


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

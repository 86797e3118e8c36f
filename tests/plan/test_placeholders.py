import pytest

from prp_mcp.plan.reading import is_sound, read_plan
from tests.plan.texts import errors, line_of, plan, prp, rules


def placeholders(text: str) -> list[tuple[str, int, int]]:
    return [
        (finding.text, finding.line, finding.column)
        for finding in errors(read_plan(text, "x"))
        if finding.rule == "placeholder"
    ]


@pytest.mark.parametrize(
    ("line", "token", "column"),
    [
        ("TODO: name the source", "TODO", 1),
        ("- TODO decide on the key", "TODO", 3),
        ("* Owner: TBD", "TBD", 10),
        ("Retention is fine. FIXME(anna): check it", "FIXME", 20),
        ("**TODO**", "TODO", 3),
        ("[What the table holds]", "[What the table holds]", 1),
        ("- [List the sources here]", "[List the sources here]", 3),
        ("**Deliverable**: [Specific, measurable end state]", "[Specific, measurable end state]", 18),
        ("Reads {{ source_name }} daily", "{{ source_name }}", 7),
        ("From <your-catalog> to gold", "<your-catalog>", 6),
        ("- `<your-catalog>`", "<your-catalog>", 4),
        ("**<TODO: the source>**", "<TODO: the source>", 3),
        ("Confidence: __/10", "__/10", 13),
        ("| a | b |\n|---|---|\n| key | <your-key> |", "<your-key>", 9),
        ("<your-table>", "<your-table>", 1),
        ("> TODO: quote the source", "TODO", 3),
        ("Owner: <TBD>", "<TBD>", 8),
        ("Build $ARGUMENTS well", "$ARGUMENTS", 7),
    ],
)
def test_what_is_left_to_fill_in_is_found_with_its_place(line, token, column):
    text = prp(goal=line)
    last = line.split("\n")[-1]
    assert placeholders(text) == [(token, line_of(text, last), column)]


@pytest.mark.parametrize(
    "line",
    [
        "A column of type `Dict[str, Any]` and [value, setValue]",
        "See [the guide of the platform](https://example.com/TODO)",
        "- [ ] Load the orders",
        "- [x] Load the orders",
        "[value, setValue]",
        "- [the whole guide](docs/guide.md)",
        "- [the guide][1]\n\n[1]: https://example.com",
        "No TODO markers remain in the code",
        "Remove all TODO comments before the review",
        "TODO comments are forbidden here",
        "The linter greps for TODO and FIXME in sources",
        "The word `TODO` marks open work",
        "Reads {{secrets/scope/key}} and {{job.run_id}}",
        "Uses `{{ jinja }}` in its templates",
        "A value such as `<your-...>` is refused",
        "A mark such as `<TODO>` is refused",
        "Prices are in $, see `$ARGUMENTS`",
        "Filter on a < b and c > d",
        "<!-- TODO: for the author of the template -->",
        "The todo list of the app",
        "Search for TODO: and FIXME: in the sources",
        "Ratio 7/10 of the total_/10 columns",
        "[1]",
        "Call f(x)[first key]",
    ],
)
def test_prose_links_types_and_quoted_code_are_no_placeholders(line):
    assert placeholders(prp(goal=line)) == []


def test_code_is_an_example_unless_it_is_work_or_proof():
    example = "```python\n# TODO: x\ny = '<your-key>'  # {{ z }}\n```"
    assert placeholders(prp(context=f"Text\n\n{example}")) == []
    assert [token for token, _, _ in placeholders(prp(blueprint=f"### Task 1: a\n\n{example}"))] == ["<your-key>"]
    text = prp(validation="```bash\n# <your-...> is an example\npytest <your-test>\n```")
    assert placeholders(text) == [("<your-test>", line_of(text, "pytest"), 8)]


def test_a_path_to_fill_in_counts_in_a_task_and_not_in_prose():
    assert placeholders(prp(goal="Paths look like `src/<your-name>.py`")) == []
    assert len(placeholders(prp(blueprint="### Task 1: a\n\nCREATE `src/<your-name>.py`"))) == 1


def test_a_value_known_at_run_time_is_no_placeholder_but_a_binding():
    found = plan(validation="```bash\ndatabricks jobs get <run_id>\ncurl <catalog> <run_id>\n```")
    assert is_sound(found)
    first = line_of(prp(validation="```bash\nX"), "X")
    assert [(binding.name, binding.line) for binding in found.bindings] == [("run_id", first), ("catalog", first + 1)]


def test_a_score_given_after_the_work_is_a_note():
    found = plan(rest="## Implementation Quality Score: __/10")
    assert is_sound(found)
    assert "placeholder" in rules(found)


def test_each_line_is_reported_once():
    assert len(placeholders(prp(goal="TODO: ask <your-boss> for {{ x }}\nTBD"))) == 2

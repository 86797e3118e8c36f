import pytest

from prp_mcp.plan.reading import read_plan
from tests.plan.texts import line_of, plan, prp

CHECKS = """## Final Validation Checklist

- [ ] **Bundle** is valid: `databricks bundle validate --target dev` (no errors)
- [x] All tests pass: `pytest tests`
  - [X] also the slow ones
1. [ ] Uses `spark.sql` well
* [~] half done

```markdown
- [ ] not this
```

- [link] is no box
- []also none

## Notes

- [ ] Tell people
"""


def test_boxes_are_read_wherever_they_stand_outside_code():
    text = prp(rest=CHECKS)
    found = read_plan(text, "x").checklist
    assert [(check.id, check.ticked, check.command, check.gate, check.mandatory) for check in found] == [
        ("C1", False, "databricks bundle validate --target dev", "bundle", True),
        ("C2", True, "pytest tests", None, True),
        ("C3", True, None, None, True),
        ("C4", False, None, None, True),
        ("C5", False, None, None, True),
        ("C6", False, None, None, False),
    ]
    assert found[0].text == "Bundle is valid: databricks bundle validate --target dev (no errors)"
    assert found[2].line == line_of(text, "also the slow ones")


@pytest.mark.parametrize(
    "heading",
    ["### Success Criteria", "## ✅ Acceptance Criteria", "## 4. Definition of Done (all)", "## Completion Checklist"],
)
def test_the_heading_makes_boxes_mandatory_also_in_its_subsections(heading):
    found = plan(rest=f"{heading}\n\n- [ ] a\n\n#### Technical\n\n- [ ] b\n\n# After\n\n- [ ] c").checklist
    assert [check.mandatory for check in found] == [True, True, False]


def digest(text: str) -> str:
    return read_plan(text, "x").digest


def test_the_digest_does_not_depend_on_boxes_line_ends_or_trailing_blanks():
    text = prp(rest=CHECKS, blueprint="### `[ ]` Task 1: a")
    same = digest(text)
    ticked = (
        text.replace("- [ ] **Bundle**", "- [x] **Bundle**")
        .replace("1. [ ]", "1. [X]")
        .replace("`[ ]` Task", "`[wip]` Task")
    )
    assert ticked != text
    assert digest(ticked) == same
    assert digest(text.replace("\n", "\r\n")) == same
    assert digest(text.replace("## Notes", "## Notes   ") + "\n\n") == same


@pytest.mark.parametrize(
    ("before", "after"),
    [("valid", "fine"), ("- [ ] not this", "- [x] not this"), ("- [ ] Tell", "- Tell"), ("## Notes", "### Notes")],
)
def test_the_digest_depends_on_everything_else(before, after):
    text = prp(rest=CHECKS)
    assert before in text
    assert digest(text.replace(before, after)) != digest(text)


def test_an_outdated_command_in_a_check_is_noted_with_the_present_one():
    text = prp(
        rest="## Success Criteria\n\n- [ ] Seen: `databricks jobs get --job-id 7`\n- [ ] `databricks jobs get 7`"
    )
    notes = [finding for finding in read_plan(text, "x").findings if finding.rule == "command-outdated"]
    assert [(note.line, note.severity) for note in notes] == [(line_of(text, "Seen"), "note")]
    assert "databricks jobs get 7" in notes[0].fix


def test_bindings_of_checks_are_listed():
    found = plan(rest="## Success Criteria\n\n- [ ] Rows: `databricks api get <path_id>`")
    assert [binding.name for binding in found.bindings] == ["path_id"]


@pytest.mark.parametrize(
    "text",
    [
        "`databricks bundle validate` is not enough: look at the dashboard",
        "Not just `pytest`: the numbers are right",
        "Works without `databricks bundle deploy`",
        "Deployed by hand instead of `databricks bundle deploy`",
        "`databricks bundle deploy -t dev` is refused",
        "`pytest` and `databricks bundle validate` pass",
        "Nobody calls\n  `databricks bundle deploy` any more, unless told",
        "`databricks bundle deploy` don\u2019t run",
        "No basta `pytest tests`",
    ],
)
def test_a_command_in_an_item_that_says_something_else_does_not_prove_it(text):
    check = plan(rest=f"## Success Criteria\n\n- [ ] {text}").checklist[0]
    assert (check.command, check.gate) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "`databricks bundle validate` passes without errors",
        "`databricks bundle validate` (no errors), `src/a.py` is there",
        "No warnings: `databricks bundle validate`",
        "`databricks bundle validate` termina sin errores",
    ],
)
def test_a_command_in_an_item_that_says_that_it_succeeds_proves_it(text):
    check = plan(rest=f"## Success Criteria\n\n- [ ] {text}").checklist[0]
    assert (check.command, check.gate) == ("databricks bundle validate", "bundle")

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.plan.model import Role
from prp_mcp.plan.names import MAX_BYTES
from prp_mcp.plan.reading import is_sound, read_plan
from prp_mcp.plan.sections import bare_title
from tests.plan.texts import errors, line_of, plan, prp, rules


def test_a_complete_prp_is_sound_and_says_nothing():
    found = plan()
    assert is_sound(found)
    assert found.findings == ()
    assert (found.title, found.goal) == ("Returns", "Report returns per day.")
    assert {section.role: section.match for section in found.sections if section.role} == dict.fromkeys(Role, "exact")


@pytest.mark.parametrize(
    "heading",
    [
        "# Validation Loop",
        "#### validation loop",
        "## 3. Validation Loop",
        "## 4.2 Validation Loop",
        "## IV. Validation Loop",
        "## 🔍 Validation Loop",
        "## 5️⃣ Validation Loop",
        "## **Validation Loop**",
        "## __VALIDATION LOOP__ (must pass)",
        "## Validation Loop [v2]:",
        "## Section 7: Validation Loop ##",
        "Validation Loop\n---",
        "## `Validation Loop`",
        "## Validation  Loop",
    ],
)
def test_the_exact_name_is_known_however_it_is_dressed(heading):
    text = prp().replace("## Validation Loop", heading)
    found = read_plan(text, "x")
    matches = [section.match for section in found.sections if section.role is Role.VALIDATION]
    assert [match for match in matches if match] == ["exact"]
    assert "section-alias" not in rules(found)
    assert is_sound(found)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("All Needed Context", "Context"),
        ("All Needed Context", "📖 Context & References"),
        ("All Needed Context", "2. Research Findings"),
        ("Implementation Blueprint", "Implementation Steps"),
        ("Implementation Blueprint", "Rollout Plan"),
        ("Validation Loop", "Validation Gates"),
        ("Validation Loop", "Validation Loops"),
        ("Validation Loop", "Acceptance Criteria"),
        ("Validation Loop", "Validation: how to prove it"),
    ],
)
def test_another_name_for_a_section_is_taken_with_a_note(name, other):
    found = read_plan(prp().replace(f"## {name}", f"## {other}"), "x")
    notes = [finding for finding in found.findings if finding.rule == "section-alias"]
    assert len(notes) == 1
    assert notes[0].severity == "note"
    assert name in notes[0].fix
    assert is_sound(found)


def test_an_alias_beside_the_exact_section_is_not_worth_a_note():
    assert "section-alias" not in rules(plan(rest="## References\n\nMore."))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("All Needed Context", "All Neded Context"),
        ("Implementation Blueprint", "Implementation Bluprint"),
        ("Validation Loop", "Validaton Lop"),
    ],
)
def test_a_misspelt_section_is_an_error_that_says_what_was_meant(name, other):
    text = prp().replace(f"## {name}", f"## {other}")
    found = [finding for finding in errors(read_plan(text, "x")) if finding.rule == "section-name"]
    assert len(found) == 1
    assert "Did you mean" in found[0].fix
    assert name in found[0].fix
    assert found[0].line == line_of(text, other)


@pytest.mark.parametrize("name", ["All Needed Context", "Implementation Blueprint", "Validation Loop"])
def test_a_missing_section_is_an_error_that_says_what_to_add(name):
    found = errors(read_plan(prp().replace(f"## {name}", "## Something else"), "x"))
    assert [finding.rule for finding in found] == ["section-missing"]
    assert f"## {name}" in found[0].fix


def test_an_empty_section_is_an_error():
    assert [finding.rule for finding in errors(plan(context="<!-- later -->"))] == ["section-empty"]


def test_the_title_of_the_prp_plays_no_role():
    found = read_plan(prp().replace("# Returns", "# Implementation Plan: returns"), "x")
    assert found.sections[0].role is None


def test_a_section_ends_where_the_next_of_its_level_begins():
    text = prp()
    found = {section.title: section for section in read_plan(text, "x").sections}
    blueprint = found["Implementation Blueprint"]
    assert blueprint.end_line == line_of(text, "## Validation Loop") - 1
    assert found["Task 1: Create the bronze table"].end_line == blueprint.end_line
    assert found["Returns"].end_line == len(text.split("\n"))


def test_parts_that_stand_beside_their_section_belong_to_it():
    text = (
        prp(rest="## Why\n\n```bash\nmake x\n```")
        .replace("### Level 1", "## Level 1")
        .replace("### Task 1", "## Task 1")
    )
    found = read_plan(text, "x")
    assert is_sound(found)
    assert [task.title for task in found.tasks] == ["Create the bronze table"]
    assert [(command.id, command.text) for command in found.commands] == [("L1.1", "pytest tests")]


def test_a_heading_inside_code_is_no_section():
    text = prp().replace("## Validation Loop", "```markdown\n## Validation Loop\n```\n")
    assert "section-missing" in rules(read_plan(text, "x"))


def test_an_open_fence_that_swallows_headings_is_an_error_where_it_opens():
    text = prp(context="Look:\n\n```python\nx = 1\n")
    found = [finding for finding in errors(read_plan(text, "x")) if finding.rule == "fence-open"]
    assert [finding.line for finding in found] == [line_of(text, "```python")]


def test_an_open_fence_at_the_end_is_only_a_note():
    found = read_plan(prp(validation="```bash\npytest tests"), "x")
    assert is_sound(found)
    assert "fence-open" in rules(found)
    assert [command.text for command in found.commands] == ["pytest tests"]


def test_front_matter_is_tolerated_and_keeps_the_lines():
    found = read_plan("---\nprp_id: 7\n# no heading\n---\n" + prp(), "x")
    assert is_sound(found)
    assert found.title == "Returns"
    assert found.sections[0].line == 5


def test_windows_line_ends_and_a_byte_order_mark_change_nothing():
    plain = read_plan(prp(), "x")
    assert read_plan("\ufeff" + prp().replace("\n", "\r\n"), "x") == plain


def test_too_much_text_is_refused_before_it_is_read():
    for text in ("x" * (MAX_BYTES + 1), "é" * (MAX_BYTES // 2 + 1), "\n" * 20_000, "[" * 30_000, "|" * 70_000):
        with pytest.raises(UsageError) as refused:
            read_plan(text, "x")
        assert refused.value.remedy


def test_the_goal_is_cut_between_words():
    goal = plan(goal="word " * 300).goal
    assert len(goal) <= 600
    assert goal.endswith("word...")


def test_the_goal_holds_what_stands_under_it_until_the_next_heading():
    found = plan(goal="**Feature Goal**: See returns.\n\n**Deliverable**: one table\n\n### Detail\n\nnot this")
    assert found.goal == "Feature Goal: See returns. Deliverable: one table"


def test_a_number_alone_is_no_heading_text():
    assert bare_title("3. ") == "3"
    assert bare_title("🎯 TL;DR") == "tl;dr"
    assert bare_title("II. Why (short)") == "why"
    assert bare_title("Civil Works") == "civil works"

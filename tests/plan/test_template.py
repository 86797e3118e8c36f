import re
from pathlib import Path

from prp_mcp.plan.model import Role
from prp_mcp.plan.reading import is_sound, read_plan
from tests.plan.texts import errors

TEMPLATE = (Path(__file__).parents[2] / "PRPs" / "templates" / "databricks_pipeline.md").read_text("utf-8")


def filled() -> str:
    text = TEMPLATE.replace("<your-documentation-page>", "https://docs.example.com").replace(
        "<your-quality-rate>", "99.5"
    )
    text = re.sub(r"<your-[\w-]+>", "orders", text)
    return re.sub(r"(?m)\[[A-Z][^\[\]\n]+\](?!\()", "Something that is so.", text)


def test_the_template_as_it_is_fails_for_its_placeholders_alone():
    found = read_plan(TEMPLATE, "databricks_pipeline")
    assert {finding.rule for finding in errors(found)} == {"placeholder"}
    # Every placeholder is reported, not just the first.
    marked = {
        number for number, line in enumerate(TEMPLATE.split("\n"), 1) if re.search(r"<your-|^[^`<]*\[[A-Z]", line)
    }
    assert {finding.line for finding in errors(found)} == marked


def test_the_template_filled_in_is_a_sound_plan():
    found = read_plan(filled(), "orders")
    assert is_sound(found), errors(found)
    assert {section.role for section in found.sections if section.role} == set(Role)
    assert [task.id for task in found.tasks] == ["T1", "T2", "T3", "T4", "T5"]
    assert [command.level for command in found.commands] == [1, 1, 2, 3, 3, 4]
    assert [command.gate for command in found.commands] == ["bundle", "compile", None, "deployment", "execution", None]
    assert dict(found.thresholds) == {"*": 0.995, "orders.valid_id": 1.0}
    assert [command.kind for command in found.commands] == ["shell"] * 5 + ["sql"]
    assert found.bindings == ()
    assert all(check.mandatory for check in found.checklist)

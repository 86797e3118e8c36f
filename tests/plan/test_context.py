import pytest

from prp_mcp.plan.reading import read_plan
from tests.plan.texts import errors, line_of, plan, prp, rules

BLOCK = """```yaml
# must read
- file: CLAUDE.md
  why: "the patterns"
- url: https://docs.example.com/expectations  # current
  section: "drop"
- docfile: PRPs/ai_docs/dlt.md
  critical: read it all
- file: src/a.py
- what: nothing
```"""


def test_the_references_of_a_block_are_read_with_their_reasons():
    text = prp(context=BLOCK)
    assert [(item.kind, item.ref, item.why) for item in read_plan(text, "x").context] == [
        ("file", "CLAUDE.md", "the patterns"),
        ("url", "https://docs.example.com/expectations", "drop"),
        ("docs", "PRPs/ai_docs/dlt.md", "read it all"),
        ("file", "src/a.py", ""),
    ]
    assert read_plan(text, "x").context[0].line == line_of(text, "- file: CLAUDE.md")


def test_paths_and_links_in_lists_and_tables_are_read_once_each():
    context = (
        "- `src/a/b.py:10-20` - the loader, as in `Dict[str]` of `spark.sql`\n- [the guide](docs/guide.md#part)\n"
        "- **File**: databricks.yml\n- see https://example.com/x.\n- `src/a/b.py` again\n\n"
        "| File | Why |\n|---|---|\n| `tests/c.py` | cases |\n\nProse names `src/not/this.py`."
    )
    assert [(item.kind, item.ref) for item in plan(context=context).context] == [
        ("file", "src/a/b.py:10-20"),
        ("file", "docs/guide.md"),
        ("file", "databricks.yml"),
        ("url", "https://example.com/x"),
        ("file", "tests/c.py"),
    ]


@pytest.mark.parametrize(
    "ref",
    ["src/a.py:10", "src/a.py:10-40", "src/a.py#L10-L40", "src/a.py:L10-L40", "src/etl/", "src/**/*.py", "a.sql:3"],
)
def test_a_reference_keeps_its_lines_and_its_pattern(ref):
    for context in (f"- `{ref}` why", f"```yaml\n- file: {ref}\n```", f"- [why]({ref})"):
        assert [item.ref for item in plan(context=context).context] == [ref], context


def test_the_same_file_with_other_lines_is_another_reference():
    context = "- `a/b.py:1-2`\n- `a/b.py:3-4`\n- `a/b.py`\n- `a/b.py:1-2`"
    assert [item.ref for item in plan(context=context).context] == ["a/b.py:1-2", "a/b.py:3-4"]


def test_references_elsewhere_are_no_context():
    assert plan(context="None.", rest=f"## Other\n\n{BLOCK}").context == ()


def test_a_quality_stated_in_prose_is_the_overall_threshold():
    for prose in (
        "- [ ] **99.5% data quality score** over all",
        "Achieve 99.5%+ data quality",
        "Overall data quality of at least 99.5%",
        "The pass rate is >= 99.5 % everywhere",
        "quality score >= 0.995",
    ):
        assert dict(plan(goal=prose).thresholds) == {"*": 0.995}, prose


def test_other_rates_are_no_threshold():
    for prose in (
        "95% test coverage",
        "quality matters; 3% of orders are returned",
        "Average data_quality_score >= 0.95",
    ):
        assert dict(plan(goal=prose).thresholds) == {}, prose


def test_the_strictest_of_several_rates_counts_and_the_difference_is_noted():
    found = plan(goal="99% data quality\n\nThe data quality is at least 99.9%")
    assert dict(found.thresholds) == {"*": 0.999}
    assert rules(found) == {"threshold-differs"}
    assert errors(found) == []


def test_a_quality_block_gives_rates_by_dataset_and_expectation():
    block = (
        "```yaml\nquality:\n  overall: 99.5%\n  silver_orders:\n    valid_id: 1\n"
        "    valid_amount: '>= 98.5%'\n  gold.x: 0.9\n```"
    )
    assert dict(plan(rest=block).thresholds) == {
        "*": 0.995,
        "silver_orders.valid_id": 1.0,
        "silver_orders.valid_amount": 0.985,
        "gold.x": 0.9,
    }


def test_a_rate_with_a_sign_is_one_of_a_hundred_however_small():
    assert dict(plan(rest="```yaml\nquality:\n  a: {b: 0.5%, c: 0.5}\n```").thresholds) == {"a.b": 0.005, "a.c": 0.5}


def test_a_quality_block_that_cannot_be_read_is_an_error():
    for body, rule in (
        ("a: [", "threshold-block"),
        ("a: &x {b: 1}\n  c: *x", "threshold-block"),
        ("a: {b: high}", "threshold-rate"),
        ("a: {b: 101}", "threshold-rate"),
        ("a: {b: true}", "threshold-rate"),
        ("a: {b: 150%}", "threshold-rate"),
    ):
        found = plan(rest=f"```yaml\nquality:\n  {body}\n```")
        assert [finding.rule for finding in errors(found)] == [rule], body

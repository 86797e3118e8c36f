"""Whatever the text: no crash, and every place that is named lies inside it."""

import cProfile
from dataclasses import replace
from itertools import pairwise
from os.path import normpath
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prp_mcp.code.sources import read_source
from prp_mcp.commands.bindings import bindings_in, bindings_in_sql, filled, filled_sql
from prp_mcp.commands.line import read_line
from prp_mcp.errors import UsageError
from prp_mcp.plan.document import code_spans, masked, normal_lines, without_comments
from prp_mcp.plan.model import Plan
from prp_mcp.plan.names import FOLDER, parse_name
from prp_mcp.plan.reading import is_sound, read_plan
from prp_mcp.plan.scripts import split
from prp_mcp.plan.sql_checks import pieces
from prp_mcp.plan.todos import active_form, todos

PIECES = [
    *(
        "# ",
        "## All Needed Context",
        "## Implementation Blueprint",
        "## Validation Loop",
        "### Level 2",
        "## Context\n",
    ),
    *("- [ ] ", "- [x] `pytest a`", "* ", "1. ", "> ", "| Task | # |\n|---|---|\n", "| a | 1 |", "---", "    ", "\t"),
    *("```bash\n", "```\n", "```yaml\nTask 1: a\n", "~~~", "quality:\n  a: {b: 9}\n", "### Task 1: x", "**Task 2**: y"),
    *("depends on task 1", "Dependencies: 1-3", "after task 9", "TODO: ", "[some words here]", "{{ x }}", "<your-x>"),
    *("<id>", "__/10", "<!--", "-->", "`", "``", "'", '"', "\\", "(", ")", "$(", "<<EOF\n", "EOF", "&&", "|", "#"),
    *(
        "99.5% data quality",
        "data quality >= 99%",
        "[a](b/c.py)",
        "- file: a/b.py\n",
        "é",
        "🎯",
        "\r\n",
        "\r",
        "\0",
        "\x0c",
    ),
    *(
        "```sql\nSELECT 1;\n",
        "-- Expected: 0\n",
        "/*",
        ";",
        "${X}",
        "$A ",
        "A=1 ",
        "{catalog}",
        "ARRAY<STRING>",
        "|| true",
    ),
    *(
        'databricks api post /api/2.0/sql/statements --json \'{"statement": "SELECT 1',
        "\"}'",
        "databricks bundle logs\n",
    ),
    *(
        "databricks pipelines get --pipeline-id ",
        "├── a\n",
        "/cmd x\n",
        "mcp__a__b(",
        "Expected output:\n",
        "# ✅ ok\n",
    ),
    *(
        "# Should be 0\n",
        "READ a/b.py\n",
        "before task 1",
        "after the x exists",
        "Finally, ",
        "### 1. x\n",
        "### T3: x\n",
    ),
    *("## Validación\n", "### Tarea 1\uff1ax", "$ARGUMENTS", "````\n", "npm run dev &\n", "$ ls\n", "`make <id_x>`"),
    *("\u2028", "\n", "\n\n", "if ", "fi", "{", "}", "CREATE a/b.py", "T001 x", "[x]: y", "&amp;", "<b>", "===\n"),
]
PROSE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=40).map("".join)

CODE = [
    *(
        "import dlt\n",
        "@dlt.table",
        "@dlt.expect('a', ",
        "def f():\n",
        "    return 1\n",
        "spark.conf.get(",
        "name=",
        "'",
        '"',
    ),
    *(
        "(",
        ")",
        "{",
        "}",
        "[",
        "**x",
        ",",
        "\n",
        "\\",
        "\0",
        "#",
        ":",
        "f'{x}'",
        "CREATE ",
        "OR REFRESH ",
        "STREAMING ",
        "LIVE ",
    ),
    *(
        "TABLE ",
        "VIEW ",
        "FLOW ",
        "MATERIALIZED ",
        "a.b ",
        "AS ",
        "SELECT ",
        "* ",
        "FROM ",
        "STREAM",
        "CONSTRAINT c EXPECT ",
    ),
    *(
        "ON VIOLATION ",
        "DROP ROW",
        "AUTO CDC INTO ",
        "KEYS ",
        "SEQUENCE BY ",
        ";",
        "--",
        "/*",
        "*/",
        "`",
        "${x}",
        "WATERMARK ",
    ),
    *(
        "DELAY OF INTERVAL 1 DAY",
        "window(",
        "IDENTIFIER(",
        "-- COMMAND ----------\n",
        "é",
        "COMMENT 'x'",
        "IF NOT EXISTS ",
    ),
]
SOURCE = st.lists(st.one_of(st.sampled_from(CODE), st.text(max_size=8)), max_size=40).map("".join)


def places(found: Plan) -> list[int]:
    lists = (
        found.sections,
        found.tasks,
        found.commands,
        found.checklist,
        found.context,
        found.bindings,
        found.findings,
    )
    return [each.line for several in lists for each in several] + [section.end_line for section in found.sections]


@given(PROSE)
@settings(max_examples=250, deadline=None)
def test_any_text_is_read_and_every_line_named_is_in_it(text):
    found = read_plan(text, "x")
    count = len(normal_lines(text))
    assert all(1 <= line <= count for line in places(found))
    assert all(section.line <= section.end_line for section in found.sections)
    known = {task.id for task in found.tasks}
    assert len(known) == len(found.tasks) == len(todos(found))
    assert all(set(task.depends_on) <= known for task in found.tasks)
    assert all(finding.why and finding.fix and finding.column >= 1 for finding in found.findings)
    assert len({command.id for command in found.commands}) == len(found.commands)
    assert all(0 <= rate <= 1 for rate in found.thresholds.values())
    needed = {name for command in found.commands for name in command.bindings}
    assert needed <= {binding.name for binding in found.bindings}
    assert all(len(command.expected or "") <= 530 for command in found.commands)
    assert all(command.kind == "shell" or (command.gate is None and command.text) for command in found.commands)


@given(PROSE)
@settings(max_examples=100, deadline=None)
def test_a_plan_depends_on_its_text_alone(text):
    found = read_plan(text, "x")
    assert read_plan(text, "x") == found
    strict = read_plan(text, "x", strict=True)
    aliases = {finding.line for finding in found.findings if finding.rule == "section-alias"}
    assert {finding.line for finding in strict.findings if finding.rule == "section-alias"} == aliases
    assert replace(strict, findings=()) == replace(found, findings=())
    assert not (aliases and is_sound(strict))


@given(PROSE, st.sampled_from(["shell", "sql"]))
@settings(max_examples=100, deadline=None)
def test_after_filling_nothing_is_left_to_fill(text, kind):
    # "ARRAY<STRING>" names no value, but what is left when a value ends before it does.
    text = text.replace("ARRAY", "")
    find, fill = (bindings_in_sql, filled_sql) if kind == "sql" else (in_shell, filled_in_shell)
    names = find(text)
    # A value without letters joins nothing to a new name.
    assert find(fill(text, dict.fromkeys(names, ":"))) == []
    assert fill(text, {}) == text


def in_shell(text):
    return bindings_in(read_line(text))


def filled_in_shell(text, values):
    return filled(read_line(text), values).text


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["SELECT 1", ";", "--", "\n", "/*", "*/", "'", '"', "`", " x ", "("]), st.text(max_size=4)
        )
    )
)
@settings(max_examples=200, deadline=None)
def test_any_sql_is_cut_into_statements_on_its_own_lines(words):
    text = "".join(words)
    found = pieces(text)
    assert all(0 <= piece.line <= text.count("\n") for piece in found)
    assert all(piece.is_comment or piece.text for piece in found)


WALLS = (
    *(
        "# Task 1: a\n\n",
        "### Task {n}: a\ndepends on task 1\n\n",
        "- [ ] `make a`\n",
        "[a](b.py) ",
        "> - > ",
        "`a` ``b",
        "<!-- ",
    ),
    *(
        "```bash\nmake a\n# Expected: x\n```\n\n",
        "```sql\nSELECT 1; -- x\n```\n\n",
        "| a | b |\n",
        "**a ",
        "<a_id> $B {c_d} ",
        "'",
    ),
    *(
        "cat <<EOF\n",
        "READ a/b{n}.py\n",
        "after the a b exists. ",
        "TODO: a\n",
        "99% data quality. ",
        "├── a\n",
        "a && ",
        "{{ a }}",
    ),
)


@pytest.mark.parametrize("wall", WALLS)
@pytest.mark.parametrize("frame", ["{0}", "## Implementation Blueprint\n\n{0}", "## Validation Loop\n\n```bash\n{0}"])
def test_twice_the_text_is_at_most_twice_the_work(wall, frame):
    read_plan(frame.format(wall), "x")  # what is loaded or compiled once is no work on a text
    small, large = (
        work(frame.format("".join(wall.replace("{n}", str(n)) for n in range(size)))) for size in (100, 200)
    )
    assert large <= 2.3 * small + 100


def work(text: str) -> int:
    """Return how many calls reading takes: a count, which no other program on the machine changes."""
    with cProfile.Profile() as profile:
        read_plan(text, "x")
    return sum(entry.callcount for entry in profile.getstats())


@given(PROSE)
@settings(max_examples=100, deadline=None)
def test_the_digest_is_the_same_for_any_line_ends(text):
    plain = "\n".join(normal_lines(text))
    assert (
        read_plan(plain, "x").digest
        == read_plan(plain.replace("\n", "\r\n"), "x").digest
        == read_plan(text, "x").digest
    )


@given(PROSE)
@settings(max_examples=100, deadline=None)
def test_blanking_out_keeps_every_letter_in_its_place(text):
    for blanked in (masked(text), without_comments(text)):
        assert len(blanked) == len(text)
        assert all(a in (b, " ") for a, b in zip(blanked, text, strict=True))
    spans = code_spans(text)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@given(PROSE)
@settings(max_examples=100, deadline=None)
def test_any_script_is_cut_into_commands_on_its_own_lines(text):
    pieces = split(text)
    assert all(0 <= piece.line <= text.count("\n") for piece in pieces)
    assert all(piece.is_comment or piece.text for piece in pieces)
    assert all(part.text or part.sign == "&" for part in read_line(text).parts)


@given(SOURCE, st.sampled_from(["a.py", "a.sql", "a.ipynb", "a.txt"]))
@settings(max_examples=400, deadline=None)
def test_any_source_is_read_and_every_line_named_is_in_it(text, path):
    found = read_source(path, text)
    count = len(normal_lines(text))
    lines = [each.line for each in found.datasets] + [each.line for each in found.expectations]
    lines += [each.line for each in found.errors]
    assert all(1 <= line <= count for line in [*lines, found.api_line])
    assert all(error.column >= 1 and error.message for error in found.errors)


@given(st.text(max_size=120))
def test_a_name_stays_in_its_folder_or_is_refused(text):
    try:
        name = parse_name(text, Path("/project"))
    except UsageError:
        return
    path = Path(normpath(f"/project/{name.path}"))
    assert path.is_relative_to(f"/project/{FOLDER}")
    assert path.suffix == ".md"
    assert name.path.isprintable()


@given(st.text(max_size=40))
def test_any_title_has_an_active_form(text):
    assert active_form(text)

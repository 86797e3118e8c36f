import pytest

from prp_mcp.plan.reading import is_sound, read_plan
from tests.plan.texts import line_of, plan, prp, rules


def texts(script: str, language: str = "bash") -> list[str]:
    return [command.text for command in plan(validation=f"```{language}\n{script}\n```").commands]


def test_commands_are_numbered_by_level_and_know_their_line():
    text = prp(
        validation="```bash\nmake lint\n```\n\n### Level 2: Tests\n\n```bash\n# first\npytest a\n\npytest b\n```\n\n"
        "Some prose.\n\n```sh\npytest c\n```\n\n### Gate 4\n\n```shell\npytest d\n```"
    )
    found = read_plan(text, "x").commands
    assert [(command.id, command.level, command.text) for command in found] == [
        ("L1.1", 1, "make lint"),
        ("L2.1", 2, "pytest a"),
        ("L2.2", 2, "pytest b"),
        ("L2.3", 2, "pytest c"),
        ("L4.1", 4, "pytest d"),
    ]
    assert [command.line for command in found] == [line_of(text, command.text) for command in found]


def test_a_bold_line_can_name_a_level():
    found = plan(validation="**Level 3: Integration**\n\n```bash\nmake it\n```").commands
    assert [command.id for command in found] == ["L3.1"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("make a # why\n\n# only a comment\nmake b", ["make a", "make b"]),
        ("$ make a\n$ make b", ["make a", "make b"]),
        ("make a \\\n  b \\\n  c\nmake d", ["make a b c", "make d"]),
        ("cat a |\n  wc -l\nmake a &&\nmake b", ["cat a |\n  wc -l", "make a &&\nmake b"]),
        ("cat <<EOF > x\n# kept\nmake 'it\nEOF\nmake b", ["cat <<EOF > x\n# kept\nmake 'it\nEOF", "make b"]),
        ("cat <<-'END'\n\tx\n\tEND\nmake b", ["cat <<-'END'\n\tx\n\tEND", "make b"]),
        (
            "python -c \"\nimport x  # kept\n\nx.y('#')\n\"\nmake b",
            ["python -c \"\nimport x  # kept\n\nx.y('#')\n\"", "make b"],
        ),
        ("for f in *; do\n  make $f\ndone\nmake b", ["for f in *; do\n  make $f\ndone", "make b"]),
        (
            "if test -f x; then\n  make a\nelse\n  make c\nfi\nmake b",
            ["if test -f x; then\n  make a\nelse\n  make c\nfi", "make b"],
        ),
        ("check() {\n  make a\n}\ncheck", ["check() {\n  make a\n}", "check"]),
        ("X=$(\n  make a\n)\nmake b", ["X=$(\n  make a\n)", "make b"]),
        ("for f in a; do echo done; done\nmake b", ["for f in a; do echo done; done", "make b"]),
        ("echo ${#x} a#b\nmake b", ["echo ${#x} a#b", "make b"]),
        ("grep x <<< 'EOF'\nmake b", ["grep x <<< 'EOF'", "make b"]),
        ('curl x --json \'{\n  "a": "b"\n}\'\nmake b', ['curl x --json \'{\n  "a": "b"\n}\'', "make b"]),
    ],
    ids=[
        *("comments", "prompts", "continued", "glued", "heredoc", "tabbed heredoc", "quotation", "loop", "condition"),
        *("function", "substitution", "one-line loop", "no comment", "here-string", "json"),
    ],
)
def test_a_script_is_cut_where_a_shell_would_cut_it(script, expected):
    assert texts(script) == expected


@pytest.mark.parametrize(
    "script",
    ["/generate-prp orders", "mcp__server__tool(1)", "src/\n├── a.py\n└── b.py", "project/", "# only a comment"],
)
def test_what_is_no_command_is_left_out(script):
    assert texts(script) == []


def test_other_languages_are_no_commands_and_bare_blocks_only_with_a_known_program():
    assert texts("pytest a", "python") == []
    assert texts("pytest a", "") == ["pytest a"]
    assert texts("Then the tests pass", "") == []
    assert texts("$ pytest a\n3 passed", "console") == ["pytest a"]


def test_commands_outside_the_validation_are_no_proof():
    assert plan(validation="See above.", blueprint="```bash\nmake x\n```").commands == ()


def test_what_is_expected_belongs_to_the_command_before_it():
    script = (
        "# Expected: all clean\nmake a\nmake b  # Expected: no errors\n"
        "make c\n# Expected results:\n# - one\n# - two\nmake d"
    )
    found = plan(validation=f"```bash\n{script}\n```").commands
    assert [command.expected for command in found] == ["all clean", "no errors", "one; two", None]


def test_a_quotation_that_never_ends_blocks_the_command():
    found = plan(validation="```bash\nmake a\necho 'it\nmake b\n```").commands
    assert found[0].blocked is None
    assert "never closed" in (found[1].blocked or "")


@pytest.mark.parametrize(
    "command",
    [
        "pytest a || true",
        "pytest a || echo bad",
        "pytest a || :",
        "pytest a; true",
        "pytest a ; echo $?",
        "pytest a || (echo bad)",
        "pytest a && echo ok || echo bad",
        "pytest a || exit 0",
        "pytest a || printf x",
    ],
)
def test_a_command_that_cannot_fail_is_noted_once_and_blocked(command):
    found = plan(validation=f"```bash\n{command}\n```")
    assert is_sound(found)
    assert [finding.rule for finding in found.findings] == ["command-cannot-fail"]
    assert "proves nothing" in (found.commands[0].blocked or "")


def test_a_gate_stands_for_a_command_that_cannot_fail():
    found = plan(validation="```bash\npython -m py_compile a.py || true\n```")
    assert (found.commands[0].gate, found.commands[0].blocked) == ("compile", None)
    assert rules(found) == {"command-cannot-fail"}


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("/generate-prp orders", "slash command"),
        ("mcp__server__tool(1)", "MCP tool"),
        ("found = await mcp__server__tool({\n  'a': 1\n})", "MCP tool"),
        ("@agent look", "mention"),
        ("project/", "tree"),
        ("src/a.py", "tree"),
        ("├── a.py\n└── b.py", "tree"),
        ("|-- a.py\n`-- b.py", "tree"),
    ],
)
def test_what_is_no_command_is_told_once_with_its_line(line, what):
    text = prp(validation=f"```bash\npytest a\n{line}\n```")
    found = read_plan(text, "x")
    assert [command.text for command in found.commands] == ["pytest a"]
    notes = [finding for finding in found.findings if finding.rule == "command-none"]
    assert [(note.severity, note.line) for note in notes] == [("note", line_of(text, line.split("\n")[0]))]
    assert what in notes[0].why


def test_a_program_beside_a_tree_is_a_command():
    assert texts("tree src\nsrc\n├── a.py\nsome words\npytest src") == ["tree src", "pytest src"]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cd app\nmake a\n# why\nmake b", ["cd app && make a", "cd app && make b"]),
        ("cd app\nmake a\ncd ..\nmake b", ["cd app && make a", "make b"]),
        ("cd app/\ncd src\nmake a", ["cd app/src && make a"]),
        ("cd app && make a\nmake b", ["cd app && make a", "make b"]),
        ("cd /abs\nmake a", ["cd /abs", "make a"]),
        ("cd ../other\nmake a", ["cd ../other", "make a"]),
        ("cd $X\ncd -\nmake a", ["cd $X", "cd -", "make a"]),
        ("cd app", []),
    ],
    ids=["below", "and back", "deeper", "in one line", "absolute", "outside", "unknown", "nothing"],
)
def test_a_change_of_folder_holds_for_the_rest_of_its_block_alone(script, expected):
    assert texts(script) == expected
    both = plan(validation=f"```bash\n{script}\n```\n\n```bash\nmake z\n```").commands
    assert both[-1].text == "make z"


def test_inline_commands_count_where_no_block_holds_any():
    listed = "### Level 2\n\n- `pytest a` is green\n- [ ] `pytest b`\n- `src/a.py` is there\n\n```python\nx = 1\n```"
    found = plan(validation=listed).commands
    assert [(command.id, command.text) for command in found] == [("L2.1", "pytest a")]
    assert found[0].line == line_of(prp(validation=listed), "`pytest a`")
    fenced = plan(validation=f"{listed}\n\n```bash\nmake a\n```").commands
    assert [command.text for command in fenced] == ["make a"]


def test_a_path_that_is_run_is_a_command():
    assert texts("./run.sh\n/usr/bin/env python x.py\nscripts/check.sh a") == [
        *("./run.sh", "/usr/bin/env python x.py", "scripts/check.sh a"),
    ]


def test_a_variable_that_an_earlier_line_sets_takes_the_gate_away():
    script = "export DATABRICKS_BUNDLE_TARGET=prod\ndatabricks bundle deploy"
    found = plan(validation=f"```bash\n{script}\n```\n\n```bash\ndatabricks bundle deploy\n```").commands
    assert [command.gate for command in found] == [None, None, "deployment"]
    assert "sets DATABRICKS_BUNDLE_TARGET" in (found[1].blocked or "")


def test_an_outdated_command_is_noted_once_and_blocked_unless_a_gate_stands_for_it():
    found = plan(
        validation="```bash\ndatabricks pipelines start-update --pipeline-id a1\n"
        "databricks pipelines get --pipeline-id a1 | jq .state\n```"
    )
    assert is_sound(found)
    assert [(command.gate, bool(command.blocked)) for command in found.commands] == [("execution", False), (None, True)]
    assert [finding.rule for finding in found.findings] == ["command-outdated", "command-outdated"]
    assert "databricks pipelines start-update a1" in found.findings[0].fix

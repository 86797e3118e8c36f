import pytest

from prp_mcp.plan.commands import gate_of, is_command, stated_target, why_blocked
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


@pytest.mark.parametrize(
    ("command", "gate"),
    [
        ("databricks bundle validate --target dev", "bundle"),
        ("cd app && databricks bundle validate -t dev", "bundle"),
        ("databricks --profile x bundle validate", "bundle"),
        ("python -m py_compile src/**/*.py", "compile"),
        ("uv run python3 -m py_compile a.py", "compile"),
        ("databricks bundle deploy --target staging", "deployment"),
        ("databricks bundle validate && databricks bundle deploy", "deployment"),
        ("databricks bundle run orders", "execution"),
        ("databricks pipelines start-update abc", "execution"),
        ("pytest tests", None),
        ("databricks bundle validate && pytest", None),
        ("echo databricks bundle deploy", None),
        ("grep 'databricks bundle deploy' README.md", None),
        ("databricks bundle summary", None),
    ],
)
def test_a_command_that_a_gate_stands_for_is_known(command, gate):
    assert gate_of(command) == gate


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("databricks bundle destroy --auto-approve", "rollback"),
        ("make a && databricks bundle deploy", "next to the gates"),
        ("databricks jobs get <run_id>", "<run_id>"),
        ("npm run dev", "does not end"),
        ("uvicorn app:app", "does not end"),
        ("make serve &", "background"),
    ],
)
def test_a_command_that_cannot_be_run_says_why(command, why):
    assert why in (why_blocked(command) or "")


@pytest.mark.parametrize(
    "command",
    ["pytest a && pytest b", "make 2>&1", "grep '<b>' x.html | wc -l > /dev/null", "databricks bundle deploy"],
)
def test_a_command_that_can_be_run_is_not_blocked(command):
    assert why_blocked(command) is None


def test_a_quotation_that_never_ends_blocks_the_command():
    found = plan(validation="```bash\nmake a\necho 'it\nmake b\n```").commands
    assert found[0].blocked is None
    assert "never closed" in (found[1].blocked or "")


def test_a_command_that_cannot_fail_is_noted():
    found = plan(validation="```bash\npytest a || true\n```")
    assert is_sound(found)
    assert rules(found) == {"command-cannot-fail"}


def test_inline_code_is_a_command_only_when_it_runs_something():
    for code in ("pytest", "pytest -q", "databricks bundle validate", "./run.sh", "scripts/check.sh x", "python -m x"):
        assert is_command(code), code
    for code in (
        "spark.sql",
        "orders",
        "python",
        "find",
        "SELECT 1",
        "/Volumes/a b",
        "mcp__x y",
        "<run> x",
        "",
        "make_it b",
    ):
        assert not is_command(code), code


def test_the_target_a_command_names_is_read():
    assert stated_target("databricks bundle deploy --target staging") == "staging"
    assert stated_target("databricks bundle deploy -t dev") == "dev"
    assert stated_target("databricks bundle deploy") is None

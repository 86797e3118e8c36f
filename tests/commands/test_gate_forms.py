"""Which commands are a gate's work, and what they name."""

import pytest

from prp_mcp.commands.gate_forms import bundle_folders, compiled_paths, gate_of, pipeline_ids, run_keys
from prp_mcp.commands.line import read_line
from prp_mcp.commands.proof import why_blocked


@pytest.mark.parametrize(
    ("command", "gate"),
    [
        ("databricks bundle validate --target dev", "bundle"),
        ("cd app && databricks bundle validate -t dev", "bundle"),
        ("databricks --profile x bundle validate", None),
        ("/usr/local/bin/databricks -o json bundle -t dev validate --debug 2>&1", "bundle"),
        ("source .venv/bin/activate && databricks bundle validate", "bundle"),
        ("CI=1 databricks bundle validate > /dev/null", "bundle"),
        ('databricks "bundle" deploy -tdev --auto-approve', "deployment"),
        ("databricks bundle run orders --no-wait -t=dev", "execution"),
        ("databricks bundle run <pipeline_key> -t dev", "execution"),
        ("python -m compileall -q -j4 src", "compile"),
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
    assert gate_of(read_line(command)) == gate


@pytest.mark.parametrize(
    "command",
    [
        "databricks bundle validate --help",
        "databricks bundle validate -h",
        "databricks bundle validate --version",
        "databricks bundle validate --strict",
        "databricks bundle validate -p x",
        "databricks bundle validate -o yaml",
        "databricks bundle validate -t",
        "databricks bundle validate -- -t prod",
        "databricks bundle validate --var catalog=x",
        "databricks bundle validate > report.json",
        'databricks bundle validate -o json > "/tmp/x"',
        "databricks bundle validate --debug=false",
        "databricks bundle validate || databricks bundle validate",
        "databricks bundle validate &",
        "databricks bundle validate | cat",
        "databricks bundle validate | echo x",
        "echo y | databricks bundle validate",
        "databricks bundle validate & databricks bundle validate",
        "databricks bundle validate || cd app",
        'echo "$(make x)" && databricks bundle validate',
        "echo `make x` && databricks bundle validate",
        "python -m py_compile src/a.py > x.txt",
        "python -m py_compile src/a.py < x.txt",
        "databricks-connect test bundle validate",
        "databricks $X bundle validate",
        "databricks bundle $VERB validate",
        "databricks fs rm -r dbfs:/data -- bundle validate",
        "databricks secrets delete-scope ' bundle validate'",
        "npx databricks bundle validate",
        "DATABRICKS_HOST=https://x databricks bundle validate",
        "ALL=1 databricks bundle validate",
        "env DATABRICKS_CONFIG_PROFILE=x databricks bundle validate",
        "export DATABRICKS_HOST=https://x && databricks bundle validate",
        "source .env && databricks bundle validate",
        ". ./x.sh && databricks bundle validate",
        "printf x > y && databricks bundle validate",
        "echo $(make x) && databricks bundle validate",
        "cd $HOME && databricks bundle validate",
        "cd - && databricks bundle validate",
        "cd app || databricks bundle validate",
        "databricks bundle validate 'open",
        "python -m py_compile",
        'python -m py_compile "$(make x)"',
        "python -m py_compile $(find src -name '*.py')",
        "python -m py_compile - < list",
        "python -m py_compile @list",
        "python -m py_compile 'src/*.py'",
        "python -m py_compile src/a*'*'.py",
        "python -m py_compile src/a.py !!",
        "python -m py_compile src/a.py\u00a0b.py",
        "python -m py_compile src/a\u200b.py",
        "python -m compileall -x tests src",
        "python -c x -m py_compile src/a.py",
        "databricks bundle validate " + "-t dev " * 3000,
    ],
)
def test_a_command_that_does_anything_else_than_a_gate_is_not_the_gates(command):
    assert gate_of(read_line(command)) is None


@pytest.mark.parametrize(
    "command",
    [
        "databricks bundle deploy --help",
        "databricks bundle deploy --force",
        "databricks bundle deploy --force-lock",
        "databricks bundle deploy --dry-run",
        "databricks bundle deploy --profile PROD",
        "databricks --profile PROD bundle deploy",
        "databricks bundle --unknown value -x deploy",
        "DATABRICKS_BUNDLE_TARGET=prod databricks bundle deploy",
        "export DATABRICKS_BUNDLE_TARGET=prod && databricks bundle deploy",
        "sudo databricks bundle deploy",
        "databricks bundle deploy --unknown",
        "databricks bundle run",
        "databricks bundle run a b",
        "databricks bundle run orders --validate-only",
        "databricks bundle run orders --full-refresh-all",
        "databricks bundle run -- make x",
        "databricks pipelines start-update abc --full-refresh",
        "databricks pipelines deploy",
        "if databricks bundle deploy; then make x; fi",
        "(databricks bundle deploy)",
        'databricks "bundle" "deploy" --force',
        "databricks bundle deploy 'open",
    ],
)
def test_a_deployment_or_a_start_that_is_not_the_gates_is_blocked(command):
    assert gate_of(read_line(command)) is None
    assert "outside the gates" in (why_blocked(read_line(command)) or "")


@pytest.mark.parametrize("command", ['databricks "bundle" destroy', "databricks -t x bundle 'destroy'"])
def test_quotes_do_not_hide_what_a_command_destroys(command):
    assert "rollback" in (why_blocked(read_line(command)) or "")


def test_what_a_gates_command_names_is_told_for_the_engine_to_check():
    run = "databricks bundle run orders -t dev && databricks bundle run -t dev <other_key>"
    assert run_keys(read_line(run)) == ("orders", "<other_key>")
    assert run_keys(read_line("databricks bundle deploy && pytest")) == ()
    assert pipeline_ids(read_line("databricks pipelines start-update 12 && databricks bundle run x")) == ("12",)
    assert pipeline_ids(read_line("databricks pipelines start-update --pipeline-id <pipeline_id>")) == (
        "<pipeline_id>",
    )
    assert bundle_folders(read_line("databricks bundle validate && cd a/b && cd .. && databricks bundle deploy")) == (
        ".",
        "a",
    )


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("python -m py_compile src/a.py src/**/*.py", ("src/a.py", "src/**/*.py")),
        ("python -m py_compile tests/a.py ../b.py /c.py a/../../d.py", ("tests/a.py", "../b.py", "/c.py", "../d.py")),
        ("cd app && python -m py_compile a.py && cd .. && python -m compileall -q b", ("app/a.py", "b")),
        ("cd /x && python -m py_compile a.py", ("/x/a.py",)),
        ("python -m compileall /elsewhere", ("/elsewhere",)),
        ("databricks bundle validate", ()),
        ("python -m py_compile a.py && pytest", ()),
    ],
)
def test_the_paths_a_gates_command_compiles_are_told(command, paths):
    assert compiled_paths(read_line(command)) == paths

"""What tells a command from prose."""

from prp_mcp.commands.programs import is_command


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

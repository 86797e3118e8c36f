"""The sample project and its input as files."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from prp_mcp.errors import UsageError
from prp_mcp.plan.reading import read_plan
from prp_mcp.scaffold.generate import write_input
from prp_mcp.scaffold.project import write_project

REPOSITORY = Path(__file__).parents[2]


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path):
    facts = write_input(tmp_path / "a", orders=500)
    assert write_input(tmp_path / "b", orders=500) == facts
    write_input(tmp_path / "c", orders=500, seed=8)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") != _digest(tmp_path / "c")


def test_the_project_is_written_whole_and_never_over_anything(tmp_path: Path):
    written = write_project(tmp_path)
    names = {str(path.relative_to(tmp_path)) for path in written}
    assert {"databricks.yml", "README.md", ".gitignore", "PRPs/orders_medallion.md"} < names
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match="already has"):
        write_project(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine"


def test_its_unit_tests_pass_without_spark(tmp_path: Path):
    write_project(tmp_path)
    argv = [sys.executable, "-m", "pytest", "tests/unit", "-q", "-p", "no:cacheprovider"]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}  # the plugins of this very environment are slow to load
    ended = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout


def test_its_prp_is_that_of_the_repository_and_complete(tmp_path: Path):
    write_project(tmp_path)
    text = (tmp_path / "PRPs" / "orders_medallion.md").read_text()
    assert text == (REPOSITORY / "PRPs" / "orders_medallion.md").read_text()
    plan = read_plan(text, "orders_medallion")
    assert [finding for finding in plan.findings if finding.severity == "error"] == []
    assert len(plan.tasks) == 6
    assert {command.gate for command in plan.commands} == {"compile", "bundle", None, "deployment", "execution"}
    proven = {command.text for command in plan.commands}
    for check in plan.checklist:
        assert check.gate is not None or check.command in proven, check.text
    for task in plan.tasks:
        for file in task.files:
            assert (tmp_path / file).is_file(), file

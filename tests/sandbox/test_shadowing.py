"""The checker that is named is the one that runs, or none is."""

import pytest

from prp_mcp.commands.checkers import CHECKERS
from prp_mcp.sandbox.command import Limits, run_command
from prp_mcp.sandbox.shadowing import missing, safely, shadowed
from tests.project import write


def test_the_projects_own_module_of_a_checkers_name_is_found_for_every_checker(tmp_path):
    for name in sorted(CHECKERS):
        argv = ("python", "-m", name, "src")
        assert shadowed(argv, {}, tmp_path, tmp_path) == ""
        (tmp_path / f"{name}.py").write_text("")
        assert shadowed(argv, {}, tmp_path, tmp_path) == name


@pytest.mark.parametrize("file", ["pytest.py", "pytest.pyc", "pytest/__init__.py", "pytest/__main__.py"])
@pytest.mark.parametrize("place", [".", "sub"])
def test_it_is_found_where_the_command_runs_and_at_the_projects_root(tmp_path, file, place):
    write(tmp_path, {f"{place}/{file}": "", "sub/x": "", "other/x": ""})
    assert shadowed(("python", "-m", "pytest"), {}, tmp_path / "sub", tmp_path) == "pytest"
    elsewhere = shadowed(("python3.11", "-m", "pytest"), {}, tmp_path / "other", tmp_path)
    assert elsewhere == ("pytest" if place == "." else "")


@pytest.mark.parametrize("path", ["src", "a:src", "./src:", "sub/../src"])
def test_it_is_found_where_a_command_says_that_modules_are(tmp_path, path):
    write(tmp_path, {"src/pytest.py": "", "sub/x": ""})
    for argv in (("pytest",), ("python", "-m", "pytest")):
        assert shadowed(argv, {"PYTHONPATH": path}, tmp_path, tmp_path) == "pytest"
        assert shadowed(argv, {"PYTHONPATH": "a"}, tmp_path, tmp_path) == ""
    assert shadowed(("pytest",), {"PYTHONPATH": "src:"}, tmp_path / "src", tmp_path / "src") == "pytest"


def test_what_is_installed_outside_the_project_shadows_nothing(tmp_path):
    write(tmp_path, {"site/pytest.py": "", "project/x": ""})
    environment = {"PYTHONPATH": str(tmp_path / "site")}
    assert shadowed(("python", "-m", "pytest"), environment, tmp_path / "project", tmp_path / "project") == ""


def test_a_folder_of_tests_or_a_module_of_another_name_shadows_nothing(tmp_path):
    write(tmp_path, {"unittest/test_a.py": "", "pytest.ini": "", "mypkg/check.py": "", "ruff.toml": ""})
    for argv in (
        ("python", "-m", "unittest"),
        ("python", "-m", "pytest"),
        ("python", "-m", "mypkg.check"),
        ("pytest",),
    ):
        assert shadowed(argv, {}, tmp_path, tmp_path) == ""


def test_only_what_reads_the_project_is_kept_from_importing_it():
    assert safely(("python", "-m", "mypy", "src")) == ["python", "-P", "-m", "mypy", "src"]
    for argv in (("python", "-m", "pytest"), ("mypy", "src"), ("python", "-m", "mypkg"), ("python3.10", "-m", "mypy")):
        assert safely(argv) == list(argv)


ABSENT = ("python", "-m", "sqlfluff", "lint")


def test_a_checker_that_is_not_installed_is_told_from_one_that_fails(monkeypatch):
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("sys.path_importer_cache", {})
    assert missing(ABSENT, 1, "/bin/python: No module named sqlfluff\n") == "sqlfluff"
    assert missing(ABSENT, 2, "/bin/python: No module named sqlfluff\n") == ""
    assert missing(ABSENT, 1, "x\n/bin/python: No module named sqlfluff\n") == ""
    assert missing(("python", "-m", "mypkg"), 1, "/bin/python: No module named mypkg\n") == ""


def test_a_project_cannot_pretend_that_a_checker_is_not_installed():
    assert missing(("python", "-m", "pytest"), 1, "/bin/python: No module named pytest\n") == ""


def ran(copy, argv, environment=None):
    return run_command(argv, copy, environment or {}, Limits(60.0), copy=copy)


@pytest.mark.process
@pytest.mark.parametrize("name", ["pytest", "mypy", "unittest"])
def test_a_module_of_the_project_is_not_run_in_place_of_a_checker(tmp_path, name):
    write(tmp_path, {f"project/{name}.py": "open('ran', 'w')", "project/x.py": ""})
    done = ran(tmp_path / "project", ("python", "-m", name, "x.py"))
    assert done.exit is None
    assert done.tail == f"the project has a module `{name}` that would run instead"
    assert not (tmp_path / "project/ran").exists()


@pytest.mark.process
def test_a_module_of_the_project_is_not_made_a_part_of_a_checker(tmp_path):
    write(tmp_path, {"project/sysconfig.py": "print('mine')", "project/bad.py": "import os\n"})
    done = ran(tmp_path / "project", ("python", "-m", "ruff", "check", "--isolated", "--select", "F401", "bad.py"))
    assert done.exit == 1
    assert "mine" not in done.tail


@pytest.mark.process
def test_a_checker_that_only_another_python_has_is_not_started(tmp_path):
    (tmp_path / "project").mkdir()
    absent = next(name for name in sorted(CHECKERS) if missing(("python", "-m", name), 1, f"p: No module named {name}"))
    done = ran(tmp_path / "project", ("python", "-m", absent, "."))
    assert (done.exit, done.tail) == (None, f"{absent} is not installed")

"""Reports of test runners and linters are read as data, and only what they really say counts."""

import json
from pathlib import Path

import pytest

from prp_mcp.repo import reports
from prp_mcp.repo.reports import counts, instrumented
from prp_mcp.repo.sandbox import Limits, private_folder, run_command
from tests.project import write

REPORT = Path("/private/r.xml")


@pytest.mark.parametrize(
    ("argv", "added"),
    [
        (("pytest", "-q"), ("pytest", "-q", "--junitxml=/private/r.xml")),
        (("python", "-m", "pytest"), ("python", "-m", "pytest", "--junitxml=/private/r.xml")),
        (("pytest", "--", "a"), ("pytest", "--junitxml=/private/r.xml", "--", "a")),
        (("pytest", "--junitxml=x.xml"), ("pytest", "--junitxml=x.xml")),
        (("pytest", "--junit-xml", "x"), ("pytest", "--junit-xml", "x")),
        (("ruff", "check", "."), ("ruff", "check", ".", "--output-format=json")),
        (("python3", "-m", "ruff", "check"), ("python3", "-m", "ruff", "check", "--output-format=json")),
        (("ruff", "check", "--output-format", "github"), ("ruff", "check", "--output-format", "github")),
        (("ruff", "format", "--check"), ("ruff", "format", "--check")),
        (("mypy", "src"), ("mypy", "src")),
        (("python", "-m"), ("python", "-m")),
        (("python",), ("python",)),
    ],
)
def test_only_what_can_report_is_asked_to(argv, added):
    assert instrumented(argv, REPORT) == added


def read(folder, text, argv=("pytest",)):
    report = folder / "r.xml"
    report.write_text(text)
    return counts(instrumented(argv, report), report, "")


def test_the_suites_of_a_report_are_added_up(tmp_path):
    text = (
        '<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/>'
        '<testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>'
    )
    assert read(tmp_path, text) == {"passed": 5, "failed": 1, "errors": 1, "skipped": 1}


@pytest.mark.parametrize(
    "text",
    [
        "", "<", "<testsuites/>", "<other/>", '<!DOCTYPE x><testsuite tests="1"/>',
        '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>',
        "\0", '<?xml version="1.0" encoding="utf-7"?><testsuite/>', '<?xml version="1.0" encoding="none"?><testsuite/>',
    ],
)  # fmt: skip
def test_what_is_no_report_counts_for_nothing(tmp_path, text):
    assert read(tmp_path, text) == {}


def test_numbers_that_are_none_count_as_zero(tmp_path):
    text = '<testsuite tests="-3" failures="x" errors="99999999999999" skipped="\u0663"/>'
    assert read(tmp_path, text) == {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}


def test_a_report_that_is_missing_linked_or_too_large_counts_for_nothing(tmp_path, monkeypatch):
    good = '<testsuite tests="1" failures="0" errors="0" skipped="0"/>'
    (tmp_path / "other.xml").write_text(good)
    (tmp_path / "link.xml").symlink_to(tmp_path / "other.xml")
    for name in ("missing.xml", "link.xml"):
        assert counts(instrumented(("pytest",), tmp_path / name), tmp_path / name, "") == {}
    monkeypatch.setattr(reports, "MAX_REPORT", 10)
    assert read(tmp_path, good) == {}


def test_a_report_the_command_put_elsewhere_is_not_believed(tmp_path):
    assert read(tmp_path, '<testsuite tests="1"/>', ("pytest", "--junitxml=mine.xml")) == {}


def test_violations_are_counted_amid_warnings():
    found = json.dumps([{"code": "E501"}, {"code": "F401"}], indent=2)
    argv = instrumented(("ruff", "check", "."), REPORT)
    assert counts(argv, REPORT, f"warning: old option\n{found}\nFound 2 errors.\n") == {"violations": 2}
    assert counts(argv, REPORT, "[]\n") == {"violations": 0}


@pytest.mark.parametrize("output", ["", "All checks passed!", "[1, 2]", '[{"code": ', "[" * 100_000, "x [1]"])
def test_output_that_is_no_list_of_violations_counts_for_nothing(output):
    assert counts(("ruff", "check", "--output-format=json"), REPORT, output) == {}


def test_other_programs_have_no_counts(tmp_path):
    assert counts(("mypy", "src"), tmp_path / "r.xml", "[]") == {}
    assert counts((), tmp_path / "r.xml", "[]") == {}


@pytest.mark.process
def test_real_programs_are_counted_through_the_sandbox(tmp_path):
    copy = tmp_path / "project"
    copy.mkdir()
    write(
        copy,
        {
            "test_x.py": "import os, pytest\ndef test_a(): pass\ndef test_b(): assert 0\n"
            "@pytest.mark.skip\ndef test_c(): pass\ndef test_d(missing): pass\n"
        },
    )
    report = private_folder(copy) / "r.xml"
    found = []
    for argv in (("python", "-m", "pytest"), ("python", "-m", "ruff", "check", "--isolated", ".")):
        asked = instrumented(argv, report)
        done = run_command(asked, copy, {}, Limits(120.0), copy=copy)
        found.append((done.exit, counts(asked, report, done.head + done.tail)))
    assert found == [(1, {"passed": 1, "failed": 1, "errors": 1, "skipped": 1}), (1, {"violations": 2})]

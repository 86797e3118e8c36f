"""Reports of test runners and linters are read as data, and only what they really say counts."""

import json
from pathlib import Path

import pytest

from prp_mcp.sandbox import reports
from prp_mcp.sandbox.command import Limits, private_folder, run_command
from prp_mcp.sandbox.reports import counts, instrumented, nothing_checked
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


def ended(text):
    return f"......\n{'-' * 70}\n{text}\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ran 3 tests in 0.001s\n\nOK", (3, 0, 0, 0)),
        ("Ran 1 test in 0.001s\n\nOK", (1, 0, 0, 0)),
        ("Ran 0 tests in 0.000s\n\nOK", (0, 0, 0, 0)),
        ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", (0, 0, 0, 0)),
        ("Ran 2 tests in 0.000s\n\nOK (skipped=2)", (0, 0, 0, 2)),
        ("Ran 9 tests in 1.5s\n\nFAILED (failures=1, errors=2, skipped=3, expected failures=1, unexpected successes=1)",
         (1, 2, 2, 4)),
        ("Ran 0 tests in 0.1s\n\nFAILED (errors=1)", (0, 0, 1, 0)),
        ("Ran 5 tests in 0.1s\n\nOK\nlate words of a program", (5, 0, 0, 0)),
        ("Ran 9 tests in 0.1s\n\nOK\nRan 0 tests in 0.1s\n\nOK", (0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_the_last_words_of_unittest_are_counted(text, found):
    kinds = ("passed", "failed", "errors", "skipped")
    assert counts(("python", "-m", "unittest"), REPORT, ended(text)) == dict(zip(kinds, found, strict=True))


@pytest.mark.parametrize("text", ["", "Ran 3 tests", "I said: Ran 3 tests in 1s\n\nOK", "Ran 3 tests in 0.1s\n\nOKAY"])
def test_other_words_of_unittest_count_for_nothing(text):
    assert counts(("python", "-m", "unittest"), REPORT, ended(text)) == {}
    assert counts(("mypy",), REPORT, ended("Ran 3 tests in 0.1s\n\nOK")) == {}


def test_a_checker_that_found_nothing_to_check_says_so():
    warning = "warning: No Python files found under the given path(s)\n[]\n"
    assert nothing_checked(("python", "-m", "ruff", "check"), warning) == "ruff found no files to check"
    assert nothing_checked(("ruff", "format", "--check"), warning) == "ruff found no files to check"
    assert nothing_checked(("black", "--check"), "No Python files are present to be formatted. Nothing to do") != ""
    assert nothing_checked(("ruff", "check"), "All checks passed!") == ""
    assert nothing_checked(("mypy",), warning) == ""


@pytest.mark.process
def test_a_real_run_of_no_tests_is_none(tmp_path):
    copy = tmp_path / "project"
    write(
        copy,
        {
            "tests/x.py": "",
            "some/test_a.py": "import unittest\nclass A(unittest.TestCase):\n    def test(self): pass\n",
        },
    )
    found = []
    for folder in ("tests", "some"):
        argv = ("python", "-m", "unittest", "discover", "-s", folder)
        done = run_command(argv, copy, {}, Limits(60.0), copy=copy)
        found.append(counts(argv, REPORT, done.head + done.tail)["passed"])
    assert found == [0, 1]
    ruff = ("python", "-m", "ruff", "check", "--isolated", "--exclude", "[*]", ".")
    done = run_command(ruff, copy, {}, Limits(60.0), copy=copy)
    assert nothing_checked(ruff, done.head + done.tail)

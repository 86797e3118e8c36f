"""Validation commands are argv, never shell text."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prp_mcp.commands.allowed import why_not_allowed
from prp_mcp.commands.invocations import Blocked, Invocation, approval_of, invocations, is_databricks
from prp_mcp.commands.line import read_line
from prp_mcp.commands.options import why_outside
from prp_mcp.commands.patterns import is_pattern, plain
from tests.commands.injections import INJECTIONS

HOSTILE = [
    f"{start}{attack}"
    for start in ("pytest", "python -m pytest tests", "ruff check .", "mypy src", "python -m py_compile a.py")
    for attack in (
        "; touch /tmp/x", " && touch x", " || touch x", " | sh", " & touch x", " > /etc/passwd", " < /etc/passwd",
        " $(touch x)", " `touch x`", " ${HOME}", " $HOME", "\ntouch x", " <(touch x)", " >> x", " 2>&1 | sh",
        ";touch x",
        " &", " |& cat", " << EOF", " ~/x", " ' ", ' "', "&&curl x", " ;; x", " () { :; }",
    )
]  # fmt: skip


def understood(command):
    planned = invocations(read_line(command))
    assert not isinstance(planned, Blocked), planned
    return planned


@pytest.mark.guarantee("no-shell")
@pytest.mark.parametrize("command", HOSTILE)
def test_shell_syntax_is_blocked_or_every_part_must_be_allowed_by_itself(command):
    planned = invocations(read_line(command))
    assert isinstance(planned, Blocked) or any(why_not_allowed(item, ()) for item in planned)


@pytest.mark.parametrize(
    "command", ["rm -rf /", "sh -c true", "python -c 'x'", "python x.py", "env pytest", "/bin/pytest"]
)
def test_what_is_not_on_the_list_needs_a_persons_word(command):
    assert any(why_not_allowed(item, ()) for item in understood(command))


@pytest.mark.parametrize(
    "command", ["cd .. && pytest", "cd /etc && pytest", "cd a/../.. && pytest", "PATH=. pytest", "cd"]
)
def test_leaving_the_project_or_changing_the_search_path_is_blocked(command):
    assert isinstance(invocations(read_line(command)), Blocked)


def test_a_folder_assignments_and_a_chain_are_understood():
    first, second = understood("cd src && A=1 python -m pytest 'a b' && mypy .")
    assert (first.argv, first.folder, first.environment) == (("python", "-m", "pytest", "a b"), "./src", (("A", "1"),))
    assert second.argv == ("mypy", ".")
    assert why_not_allowed(first, ()) == ""
    assert why_not_allowed(understood("make lint")[0], ("make lint",)) == ""


def allowed(command, extra=()):
    planned = invocations(read_line(command))
    return not isinstance(planned, Blocked) and not any(why_not_allowed(item, extra) for item in planned)


@pytest.mark.guarantee("no-shell")
def test_no_injection_is_allowed_to_run():
    assert len(set(INJECTIONS)) >= 500
    assert [command[:200] for command in INJECTIONS if allowed(command)] == []


@pytest.mark.parametrize(
    "command",
    [
        "pytest", "pytest -vv -x --tb=short tests/unit", "pytest -p no:cacheprovider -rp",
        "python3 -m pytest tests/test_a.py::T::test_x[1-2]",
        "python -m pytest --cov=src --cov-report=term-missing", "python -m py_compile src/**/*.py",
        "ruff format --check .", "ruff format src --check", "ruff check --select E,F .",
        "ruff check . --isolated --exclude migrations", "ruff check --config pyproject.toml src",
        "yamllint -d relaxed .",
        "yamllint --config-data=default .", "yamllint --no-warnings .", "sqlfluff lint --templater jinja src",
        "sqlfluff lint -t raw src", "black --check src tests", "black src --check --line-length 120",
        "black -q --check .",
        "isort --check-only src", "isort src --check --profile black", "flake8 src --max-line-length 120",
        "pylint src --fail-under=8", "python -m black --check .", "PYTHONPATH=src pytest tests",
        "PYTHONPATH=.:src python -m unittest", "cd tests && PYTHONPATH=../src pytest", "pytest --cov=src -k a",
 "mypy --strict --python-version 3.11 -p pkg", "yamllint resources/*.yml",
        "pyright src",
        "sqlfluff lint src/**/*.sql --dialect databricks", "databricks bundle validate -t dev",
        "databricks bundle plan --target=dev -o json",
        "databricks bundle summary --var catalog=dev", "cd src && pytest ../tests", "CI=1 pytest",
        "time uv run --frozen pytest 2>&1",
        "ruff check src && mypy src # both", "pytest -k 'a or (b and not c); $x'", "pytest a\\;b",
        "env A=1 B=2 mypy .", "pytest  \t tests ",
    ],
)  # fmt: skip
def test_an_honest_check_is_allowed(command):
    assert allowed(command)


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        ("| sh", "a pipe"), ("> x", "redirects output"), ("< x", "redirects input"), ("; x", "a list"),
        ("|| x", "alternatives"),
        ("& x", "background"), ("$x", "expansion"), ("`x`", "substitution"), ("~/x", "home directory"),
        ("{a,b}", "braces"),
        ("<(x)", "process substitution"), ("<<E", "here-document"), ("\nx", "several lines"), ("!x", "history"),
        ("\0", r"U\+0000"),
        ("\uff1b", r"look-alike .*U\+FF1B"), ("\u00a0", r"U\+00A0"), ("\r", "carriage return"),
        ("a" * 5000, "longer than 4096"),
        ("'x", "not closed"), ("&& cd ..", "outside the project"), (" && mypy" * 64, "more than 64 programs"),
        ("x\\", "backslash"),
        ("2>&1# x", "redirects output"),
        (f"&& cd {'a' * 3000} && cd {'b' * 3000}", "path is too long"), ("a " * 4097, "more than 4096 words"),
    ],
)  # fmt: skip
def test_what_needs_a_shell_is_blocked_with_the_precise_reason(attack, reason):
    planned = invocations(read_line(f"pytest {attack}"))
    assert isinstance(planned, Blocked)
    assert re.search(reason, planned.why), planned.why


def test_wrappers_are_taken_off_and_named():
    (plain,) = understood("time uv run --frozen env A=1 pytest -q 2>&1")
    assert plain == Invocation(("pytest", "-q"), ".", (("A", "1"),), "time uv run env")


def test_a_quoted_wildcard_stays_literal():
    (found,) = understood("pytest '*.py' a* b\\?")
    assert found.argv == ("pytest", "[*].py", "a*", "b[?]")
    assert approval_of([found]) == "pytest '*.py' a* 'b?'"


def test_an_approval_says_exactly_what_would_run_and_where():
    planned = understood("A='x y' make lint && cd 'a b' && ./check.sh 'it''s' && pytest")
    assert approval_of(planned) == "A='x y' make lint && (cd './a b' && ./check.sh its) && (cd './a b' && pytest)"


def test_commands_that_differ_have_different_approvals():
    commands = [
        "pytest", "pytest ''", "pytest a b", "pytest 'a b'", "cd a && pytest", "A=1 pytest", "A=2 pytest",
        "'A=1' pytest", "pytest '*'",
        "pytest *", "pytest '&&' mypy", "pytest && mypy", "cd a && pytest && cd b && mypy", "cd a && pytest && mypy",
        "pytest '(cd' a",
    ]  # fmt: skip
    assert len({approval_of(understood(command)) for command in commands}) == len(commands)


def test_a_policys_prefix_does_not_open_dangerous_options_or_paths():
    assert allowed("make lint", ("make lint",))
    assert not allowed("make -C / lint", ("make",))
    assert not allowed("pytest -p evil", ("pytest -p evil",))
    assert not allowed("./check.sh", ("./check.sh",))
    assert not allowed("make lint", ("", "'"))
    assert not any(allowed("make lint", (prefix,)) for prefix in ("make # lint", "make 2>&1", "make && make lint"))
    assert not allowed("make '$X'", ("make $X",))
    assert not allowed("make a*", ("make 'a*'",))


def test_only_the_databricks_cli_is_told_apart():
    assert [is_databricks(item) for item in understood("databricks bundle plan && pytest databricks")] == [True, False]


@given(st.text(max_size=200))
def test_any_text_is_read_or_blocked(command):
    planned = invocations(read_line(f"pytest {command}"))
    if not isinstance(planned, Blocked):
        assert all(word for item in planned for word in item.argv[:1])
        assert isinstance(approval_of(planned), str)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=20), min_size=1, max_size=5
    )
)
def test_a_quoted_word_arrives_as_it_was(words):
    (found,) = understood(f"pytest {shlex.join(words)}")
    assert [plain(word) for word in found.argv[1:]] == words
    assert not any(map(is_pattern, found.argv[1:]))


@pytest.mark.parametrize(
    "prefix",
    [
        "databricks", "databricks bundle", "databricks bundle run", "sh", "bash -c", "zsh", "fish", "ksh",
        "dash x.sh", "env", "env A=1", "sudo", "sudo make", "xargs", "timeout 60", "uv", "uv run", "poetry run",
        "python", "python3", "python -c", "python -", "python -m", "python -m pdb", "python -m runpy", "python -i",
        "python -W ignore", "python3.11", "python3.11 -c", "node", "node -e", "perl", "perl -e", "ruby -e", "ruby",
        "python script", "python *.py",
    ],
)  # fmt: skip
def test_a_policy_cannot_allow_what_starts_anything_or_has_credentials(prefix):
    words = tuple("python" if word == "python3" else word for word in shlex.split(prefix))
    why = why_not_allowed(Invocation((*words, "auth", "token"), ".", ()), (prefix,))
    assert why == f"prp-mcp.toml may not allow `{words[0]}`; a person has to approve it"


@pytest.mark.parametrize(
    "command",
    [
        "make lint", "python -m mypkg.check --all", "python scripts/check.py", "python3 check.py a",
        "node tools/lint.js",
        "perl checks/a.pl", "dbt parse", "poetry check", "python3.11 -m mypkg",
    ],
)  # fmt: skip
def test_a_policy_can_allow_a_program_a_module_or_a_script(command):
    assert not allowed(command)
    assert allowed(command, (" ".join(command.split()[:3]),))
    assert not allowed(f"{command} /etc", (command,))


def test_a_policy_that_may_not_allow_one_thing_still_allows_another():
    assert allowed("make lint", ("bash", "make"))
    assert allowed("databricks bundle validate", ("databricks",))


def test_variables_for_the_databricks_cli_are_refused_since_it_is_given_none():
    planned = invocations(read_line("X=1 databricks bundle validate"))
    assert isinstance(planned, Blocked)
    assert "is given no variables" in planned.why
    given = Invocation(("databricks", "bundle", "validate"), ".", (("X", "1"),))
    assert "is given no variables" in why_not_allowed(given, ())


@pytest.mark.parametrize("command", ["pytest --co", "ruff check --exit-zero", "flake8 -h", "yamllint -v ."])
def test_what_would_check_nothing_is_told_so(command):
    assert "checks nothing" in why_not_allowed(understood(command)[0], ())


@pytest.mark.parametrize("command", ["ENV=test pytest", "env=test pytest", "Env=test mypy ."])
def test_a_variable_that_may_matter_waits_for_a_person_and_is_not_blocked(command):
    (found,) = understood(command)
    assert "it sets" in why_not_allowed(found, ())


class Counted(str):
    """A folder that counts how often it is taken apart."""

    splits = 0

    def split(self, *given):
        Counted.splits += 1
        return super().split(*given)


def test_a_deep_folder_is_taken_apart_once_whatever_the_number_of_words():
    folder = Counted("a/" * 1900)
    assert why_outside([",=" * 1900] * 20, folder) == ""
    assert why_outside(["../" * 1901], folder).endswith("leaves the project")
    assert why_outside(["../" * 1900], folder) == ""
    assert Counted.splits == 3


@given(st.lists(st.sampled_from(["..", ".", "a", ""]), max_size=8), st.lists(st.sampled_from(["..", "a"]), max_size=8))
def test_a_word_is_judged_from_where_it_is_run(folder, word):
    depths, depth = [], 0
    for part in (*folder, *word):
        depth += {"..": -1, "a": 1}.get(part, 0)
        depths.append(depth)
    if min(depths[: len(folder)], default=0) < 0:
        return
    outside = min(depths, default=0) < 0
    assert bool(why_outside(["/".join(word)], "/".join(folder))) == outside


@pytest.mark.parametrize("command", ["ruff check src --fix", "python -m ruff check --fix src"])
def test_ruff_only_checks_where_it_was_to_fix_and_says_so(command):
    (planned,) = understood(command)
    assert "--fix" not in planned.argv
    assert planned.dropped == "--fix"
    assert why_not_allowed(planned, ()) == ""

"""Validation commands are argv, never shell text."""

import pytest

from prp_mcp.gates.commands import Blocked, invocations, why_not_allowed

HOSTILE = [
    f"{start}{attack}"
    for start in ("pytest", "python -m pytest tests", "ruff check .", "mypy src", "python -m py_compile a.py")
    for attack in (
        "; touch /tmp/x", " && touch x", " || touch x", " | sh", " & touch x", " > /etc/passwd", " < /etc/passwd",
        " $(touch x)", " `touch x`", " ${HOME}", " $HOME", "\ntouch x", " <(touch x)", " >> x", " 2>&1", ";touch x",
        " &", " |& cat", " << EOF", " ~/x", " ' ", ' "', "&&curl x", " ;; x", " () { :; }",
    )
]  # fmt: skip


def understood(command):
    planned = invocations(command)
    assert not isinstance(planned, Blocked), planned
    return planned


@pytest.mark.guarantee("no-shell")
@pytest.mark.parametrize("command", HOSTILE)
def test_shell_syntax_is_blocked_or_every_part_must_be_allowed_by_itself(command):
    planned = invocations(command)
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
    assert isinstance(invocations(command), Blocked)


def test_a_folder_assignments_and_a_chain_are_understood():
    first, second = understood("cd src && A=1 python -m pytest 'a b' && mypy .")
    assert (first.argv, first.folder, first.environment) == (("python", "-m", "pytest", "a b"), "./src", (("A", "1"),))
    assert second.argv == ("mypy", ".")
    assert why_not_allowed(first, ()) == ""
    assert why_not_allowed(understood("make lint")[0], ("make lint",)) == ""
